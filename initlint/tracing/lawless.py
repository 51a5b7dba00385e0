"""Functions of the framework on signals of which the theory has no law: what they give is known in kind alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network.layout import Same
from initlint.tracing import arithmetic
from initlint.tracing.values import Keywords, Scope, Signal, TensorValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

QUOTIENTS = frozenset({"div", "divide", "true_divide"})
CLAMPS = frozenset({"clamp", "clip", "clamp_min", "clamp_max"})
HIDDEN = -100.0
"""Logit from which on exp() is zero beside any other."""


def call(
    tracer: Tracer,
    function: str,
    arguments: Sequence[Value],
    keywords: Keywords,
    signals: Sequence[Signal],
    place: Place,
) -> Value:
    """What such a function gives; `None` if it is none."""
    nowhere = Scope(None)  # type: ignore[arg-type]
    if function in framework.NUMBERS_OF_TENSORS:
        return Unknown(f"the {function} of a signal", place)
    if function in framework.WITHOUT_GRADIENT:
        return TensorValue(None, place=place)
    if function in QUOTIENTS and len(arguments) == 2 and not keywords:
        return arithmetic.binary(tracer, "/", arguments[0], arguments[1], place, nowhere)
    if function in QUOTIENTS:
        return tracer.add_layer("function", function, place, signals)
    if function in ("neg", "negative"):
        return arithmetic.unary(tracer, "-", signals[0], place, nowhere)
    if function in ("masked_fill", "where") and _hides(function, arguments, keywords):
        return tracer.add_layer("reshape", function, place, signals[:1], options={"layout": Same()})
    if function == "where" and len(signals) == 2 and len(arguments) == 3 and not isinstance(arguments[0], Signal):
        return tracer.add_layer("join", function, place, signals, reason="where which of two is taken is not known")
    if function in CLAMPS:
        return _clamp(tracer, function, arguments, keywords, signals[0], place)
    if function in framework.ELEMENTWISE_WITHOUT_LAW:
        return tracer.add_layer("activation", function, place, signals[:1], activation=function)
    is_of_two = function == "max" and len(arguments) > 1 and isinstance(arguments[1], (Signal, TensorValue))
    if function not in framework.WITHOUT_LAW and not is_of_two:
        return None
    made = tracer.add_layer("function", function, place, signals)
    if function not in framework.PAIRS:
        return made
    places = Unknown(f"places that {function} gives", place)
    return made, places if function in framework.WITH_PLACES else tracer.add_layer("function", function, place, signals)


def _hides(function: str, arguments: Sequence[Value], keywords: Keywords) -> bool:
    """Whether what a mask fills in takes the entry out of the softmax behind: the others stay what they are."""
    filled = arguments[1:] if function == "where" else [*arguments[2:], keywords.get("value")]
    return any(isinstance(value, (int, float)) and value <= HIDDEN for value in filled)


def _clamp(
    tracer: Tracer, function: str, arguments: Sequence[Value], keywords: Keywords, signal: Signal, place: Place
) -> Value:
    """Above 0 a rectifier; between two bounds it may as well keep what is rounded in its range, and no law is said."""
    low, high = (*arguments[1:], None, None)[:2] if function != "clamp_max" else (None, (*arguments[1:], None)[0])
    low, high = keywords.get("min", low), keywords.get("max", high)
    is_rectifier = low == 0 and not isinstance(low, bool) and high is None
    return tracer.add_layer("activation", function, place, (signal,), activation="relu" if is_rectifier else "clamp")
