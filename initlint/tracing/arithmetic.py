"""Operators: on numbers, strings and lists as Python does, on tensors and signals as the framework does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.signal.distribution import Distribution
from initlint.signal.size import Size, as_float
from initlint.tracing import computed_tensors, idioms, iteration, overwriting, rows, subscripts, tensors
from initlint.tracing.collection_operators import combine_collections
from initlint.tracing.matrices import apply_matrix
from initlint.tracing.values import (
    ContainerValue,
    DictValue,
    ListValue,
    Scope,
    Signal,
    TensorValue,
    Turn,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

OPERATORS: dict[str, Callable[[object, object], object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
LARGEST = 10**15
"""Results beyond it are left unknown, so that no program makes the tracer build huge numbers or strings."""


def binary(tracer: Tracer, symbol: str, left: Value, right: Value, place: Place, scope: Scope) -> Value:
    """``left symbol right``."""
    if isinstance(left, Signal) or isinstance(right, Signal):
        return _of_signals(tracer, symbol, left, right, place)
    if isinstance(left, TensorValue) or isinstance(right, TensorValue):
        return rows.binary(symbol, left, right) or _of_tensors(symbol, left, right)
    if symbol == "%" and isinstance(left, str):
        return _formatted(left, right)
    if isinstance(left, (ListValue, tuple, DictValue, ContainerValue)) or isinstance(right, (ListValue, tuple)):
        return combine_collections(tracer, symbol, left, right, place)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown("computed from something unknown", place)
    return _of_numbers(symbol, left, right)


def augment(tracer: Tracer, symbol: str, old: Value, value: Value, place: Place, scope: Scope) -> bool:
    """``old symbol= value`` on a value that changes in place; False if it is none."""
    if symbol == "+" and isinstance(old, ListValue):
        more = iteration.items(tracer, value)
        tracer.heap.set_field(old, "items", [*old.items, *(more or [])])
        if more is None:
            tracer.heap.set_field(old, "is_open", True)
        return True
    if symbol == "+" and isinstance(old, ContainerValue) and old.kind == "list":
        subscripts.extend_container(tracer, old, iteration.items(tracer, value))
        return True
    return _augment_tensor(tracer, symbol, old, value, place, scope)


def _of_numbers(symbol: str, left: Value, right: Value) -> Value:
    function = OPERATORS.get(symbol)
    if function is None or not _is_small(symbol, left, right):
        return Unknown(f"{symbol} is not followed here")
    try:
        return function(left, right)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
        return Unknown(f"{symbol} of values that are not known")


def _formatted(template: str, values: Value) -> Value:
    given = values if isinstance(values, tuple) else (values,)
    if all(isinstance(value, (str, int, float)) for value in given):
        try:
            return template % given
        except (TypeError, ValueError):
            pass
    return Unknown("a string with an unknown part")


def _is_small(symbol: str, left: Value, right: Value) -> bool:
    if symbol in ("**", "<<") and isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(right) <= 64 and abs(left) <= LARGEST
    if isinstance(left, str) or isinstance(right, str):
        return symbol == "+" or (symbol == "*" and all(not isinstance(v, int) or v < 200 for v in (left, right)))
    return True


# -------------------------------------------------------------------------------------------------------------- tensors


def _of_tensors(symbol: str, left: Value, right: Value) -> Value:
    tensor, other = (left, right) if isinstance(left, TensorValue) else (right, left)
    assert isinstance(tensor, TensorValue)
    found = tensors.law_of(tensor)
    if isinstance(tensor, Turn) and other == 1 and (symbol == "*" or (symbol == "/" and tensor is left)):
        return tensor
    if isinstance(other, (int, float, Size)) and not isinstance(other, bool):
        return TensorValue(tensor.shape, scaled_law(symbol, found, other, tensor is left))
    if isinstance(other, TensorValue):
        if symbol == "@":
            return TensorValue(None)
        return TensorValue(tensor.shape if tensor.shape is not None else other.shape)
    return TensorValue(tensor.shape)


def scaled_law(
    symbol: str, found: Distribution | None, number: int | float | Size, is_left: bool
) -> Distribution | None:
    """The law of ``tensor symbol number`` (or the other way round)."""
    if found is None:
        return None
    if symbol == "*":
        return found.scaled(number)
    if symbol == "/" and is_left and number != 0:
        return found.scaled(1 / number)
    if symbol == "+":
        return found.shifted(number)
    if symbol == "-":
        return found.shifted(-number) if is_left else found.scaled(-1).shifted(number)
    return None


def _augment_tensor(tracer: Tracer, symbol: str, old: Value, value: Value, place: Place, scope: Scope) -> bool:
    """``parameter symbol= value``, which writes to the parameter; False if `old` is none."""
    if not isinstance(old, TensorValue) or old.parameter is None:
        return False
    if isinstance(value, Signal) and overwriting.is_free(old):
        return False
    result = _of_tensors(symbol, old, value)
    law = result.distribution if isinstance(result, TensorValue) else None
    tensors.write(tracer, old, f"{symbol}=", law, place, scope)
    return True


# -------------------------------------------------------------------------------------------------------------- signals


BITWISE = frozenset({"&", "|", "^", "<<", ">>"})
"""Operators on whole numbers and masks: what they give has no gradient."""
OPS = {"+": "add", "-": "add", "*": "multiply", "/": "multiply"}
"""Operators on two signals -> the operation."""


def _of_signals(tracer: Tracer, symbol: str, left: Value, right: Value, place: Place) -> Value:
    signals = [value for value in (left, right) if isinstance(value, Signal)]
    other = right if isinstance(left, Signal) else left
    if symbol == "@":
        return _matrix_product(tracer, left, right, place)
    if symbol in BITWISE:
        return TensorValue(None, place=place)
    if len(signals) == 2 and (found := idioms.combine(tracer, symbol, signals[0], signals[1], place)) is not None:
        return found
    if len(signals) == 2:
        op = OPS.get(symbol, "function" if symbol in LAWLESS else "unknown")
        return tracer.add_layer(op, symbol, place, signals, reason="" if op != "unknown" else f"operator {symbol}")
    if isinstance(other, Turn) and symbol == "*":
        return idioms.turned(tracer, signals[0], other, place)
    if isinstance(other, TensorValue):
        return _with_tensor(tracer, symbol, signals[0], other, isinstance(left, Signal), place)
    return _with_number(tracer, symbol, signals[0], other, isinstance(left, Signal), place)


def _with_number(tracer: Tracer, symbol: str, signal: Signal, other: Value, is_left: bool, place: Place) -> Value:
    factor = as_float(other) if isinstance(other, (int, float, Size)) else None
    reason = f"{symbol} with something unknown: {other.reason}" if isinstance(other, Unknown) else ""
    if symbol in ("+", "-"):
        if factor == 0:
            return signal
        sign, turned = (-1.0 if symbol == "-" else 1.0), symbol == "-" and not is_left
        offset = None if factor is None else factor if turned else sign * factor
        options: dict[str, object] = {"factor": sign if turned else 1.0, "offset": offset}
        return tracer.add_layer("scale", symbol, place, (signal,), options=options, reason=reason)
    if symbol == "*" or (symbol == "/" and is_left):
        if factor is not None and symbol == "/":
            factor = 1 / factor if factor else None
        if factor == 1:
            return signal
        return tracer.add_layer("scale", symbol, place, (signal,), options={"factor": factor}, reason=reason)
    if symbol == "**" and is_left and factor == 1:
        return signal
    named = framework.POWERS.get(factor) if symbol == "**" and is_left and factor is not None else None
    if named is not None:
        return tracer.add_layer("activation", named, place, (signal,), activation=named)
    if symbol == "**" and is_left and _is_power(other):
        options = {"exponent": float(other)}  # type: ignore[arg-type]
        return tracer.add_layer("activation", "power", place, (signal,), activation="power", options=options)
    known, reason = LAWLESS.get(symbol, ""), reason or f"operator {symbol} with {other!r}"
    op = "activation" if known else "unknown"
    return tracer.add_layer(op, known or symbol, place, (signal,), activation=known, reason=reason)


LAWLESS = {"/": "reciprocal", "//": "floor_divide", "%": "remainder", "**": "pow"}
"""Operators on each entry and a number, where the theory has no law -> the framework's function."""


HIGHEST_POWER = 8
"""Exponents beyond it are left unknown: moments of a power of Gaussians say little about what is seen."""


def _is_power(value: Value) -> bool:
    """Whether it is an exponent that has a value for any number."""
    return isinstance(value, (int, float)) and value == int(value) and 2 < value <= HIGHEST_POWER


def _with_tensor(
    tracer: Tracer, symbol: str, signal: Signal, tensor: TensorValue, is_left: bool, place: Place
) -> Value:
    """A bias is added, a gain (layer scale, gate, mask) multiplies; a constant tensor is as good as its number."""
    number = None if tensor.is_trained else computed_tensors.number_in(tensor)
    if number is not None and symbol in ("+", "-", "*", "/"):
        return _with_number(tracer, symbol, signal, number, is_left, place)
    owned = () if tensor.parameter is None else (tensor.parameter,)
    if symbol in ("+", "-"):
        before = tracer.record.layers[signal.node]
        if before.op == "linear" and before.bias is None and tensor.parameter is not None:
            before.bias, before.parameters = tensor.parameter, (*before.parameters, tensor.parameter)
            return signal
        options: dict[str, object] = {} if owned else {"added": tensors.law_of(tensor)}
        reason = "" if owned else f"{symbol} with a tensor, and what that holds is not known"
        return tracer.add_layer("add", "bias", place, (signal,), parameters=owned, options=options, reason=reason)
    reason = "" if owned else f"{symbol} with a tensor, and what that holds is not known"
    return tracer.add_layer("multiply", symbol, place, (signal,), parameters=owned, reason=reason)


def _matrix_product(tracer: Tracer, left: Value, right: Value, place: Place) -> Value:
    if isinstance(left, Signal) and isinstance(right, TensorValue):
        return apply_matrix(tracer, left, right, is_transposed=False, place=place)
    if isinstance(left, TensorValue) and isinstance(right, Signal):
        return apply_matrix(tracer, right, left, is_transposed=True, place=place)
    signals = [value for value in (left, right) if isinstance(value, Signal)]
    return tracer.add_layer("matmul", "@", place, signals)


def unary(tracer: Tracer, symbol: str, value: Value, place: Place, scope: Scope) -> Value:
    """``-value``, ``+value``, ``~value``."""
    if isinstance(value, Signal):
        return value if symbol == "+" else tracer.add_layer("scale", symbol, place, (value,), options={"factor": -1.0})
    if isinstance(value, TensorValue):
        law = value.distribution.scaled(-1) if symbol == "-" and value.distribution is not None else None
        return TensorValue(value.shape, law)
    if isinstance(value, (int, float, Size)) and symbol in ("-", "+"):
        return -value if symbol == "-" else value
    if isinstance(value, int) and symbol == "~":
        return ~value
    return Unknown(f"{symbol} of something unknown", place)
