"""Calls of what nobody knows, and the signals that they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import modules
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import DictValue, ListValue, Many, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_unknown(
    tracer: Tracer, function: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place
) -> Value:
    """A call of something unknown: it may write to what it is given, and gives something unknown."""
    given = [*arguments, *keywords.values()]
    for value in given:
        modules.disturb(tracer, value, place)
    signals = [signal for value in given for signal in signals_in(value)]
    reason = function.reason if isinstance(function, Unknown) else "a call of something unknown"
    if signals:
        tracer.unknown(reason, place)
        return tracer.add_layer("unknown", "call", place, signals, reason=reason)
    return Unknown(reason, place)


def signals_in(value: Value) -> list[Signal]:
    """The signals in a value, also in a tuple, list or dict."""
    if isinstance(value, Signal):
        return [value]
    if isinstance(value, (tuple, Many)):
        inside: Sequence[Value] = value if isinstance(value, tuple) else value.items
        return [signal for item in inside for signal in signals_in(item)]
    if isinstance(value, ListValue):
        return [signal for item in value.items for signal in signals_in(item)]
    if isinstance(value, NamespaceValue):
        return [signal for item in value.attributes.values() for signal in signals_in(item)]
    if isinstance(value, DictValue):
        return [signal for item in value.items.values() for signal in signals_in(item)]
    return []
