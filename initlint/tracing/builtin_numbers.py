"""Python's builtins that compute with numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.signal.size import Size
from initlint.tracing import iteration
from initlint.tracing.arithmetic import binary
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import Arguments, Builtin, Keywords, ListValue, Many, Scope, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def number(kind: type[int] | type[float]) -> Builtin:
    def convert(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        value = arguments[0] if arguments else 0
        if isinstance(value, Size):
            return value
        if isinstance(value, (int, float, str)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                pass
        return Unknown("a number that is not known", place)

    return convert


def of_numbers(function: Callable[..., object]) -> Builtin:
    """A function of plain numbers, or of one sequence of them."""

    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        given = [list(value) if isinstance(value, tuple) else value for value in arguments]
        given = [value.items if isinstance(value, ListValue) and not value.is_open else value for value in given]
        flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
        if flat and all(isinstance(item, (int, float)) for item in flat):
            try:
                return function(*given)
            except (TypeError, ValueError, OverflowError, ZeroDivisionError):
                pass
        return _same(flat) if function in (max, min) else Unknown("a number that is not known", place)

    return compute


def _same(values: Sequence[Value]) -> Value:
    if values and all(isinstance(value, Size) and value == values[0] for value in values):
        return values[0]
    return Unknown("the largest or smallest of values that are not known")


def call_sum(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    if found is not None and any(isinstance(item, Many) for item in found) and (signals := signals_in(tuple(found))):
        return tracer.add_layer("function", "sum", place, signals)
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a sum of something unknown", place)
    total: Value = arguments[1] if len(arguments) > 1 else 0
    for item in found:
        total = item if total == 0 and isinstance(item, Signal) else binary(tracer, "+", total, item, place, scope)
    return total


def call_pow(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) < 2:
        return Unknown("pow", place)
    return binary(tracer, "**", arguments[0], arguments[1], place, scope)
