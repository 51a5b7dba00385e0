"""Einstein sums: linear maps by a parameter, products of signals, and what merely moves axes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from initlint.finding import Place
from initlint.network import Number, Shape, layout
from initlint.signal.size import combine
from initlint.tracing import iteration, matrices
from initlint.tracing.values import Signal, TensorValue, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

Axes: TypeAlias = tuple[str, ...]
"""Names of the axes of an operand, in order; ``"..."`` stands for any number of them."""
LETTER = re.compile(r"\.\.\.|[A-Za-z]")


@dataclass(frozen=True)
class Equation:
    """What an Einstein sum does: the axes of each operand, and those of the result."""

    operands: tuple[Axes, ...]
    result: Axes


def equation(text: str, *, has_words: bool) -> Equation | None:
    """``"bhqd,bhkd->bhqk"``, or with words for axes: ``"batch in, in out -> batch out"``; `None` if it is neither."""
    left, arrow, right = text.partition("->")
    operands = tuple(_axes(side, has_words) for side in left.split(","))
    if arrow:
        return Equation(operands, _axes(right, has_words))
    counts = Counter(axis for operand in operands for axis in operand)
    implied = tuple(sorted(axis for axis, count in counts.items() if count == 1 or axis == "..."))
    return None if has_words else Equation(operands, implied)


def _axes(side: str, has_words: bool) -> Axes:
    return tuple(side.split()) if has_words else tuple(LETTER.findall(side))


def contract(tracer: Tracer, text: Value, operands: Sequence[Value], place: Place, *, has_words: bool = False) -> Value:
    """An Einstein sum of which at least one operand is a signal."""
    given = (iteration.items(tracer, operands[0]) if len(operands) == 1 else None) or operands
    found = equation(text, has_words=has_words) if isinstance(text, str) else None
    if found is not None and len(found.operands) == len(given):
        kinds = [Signal if isinstance(value, Signal) else TensorValue for value in given]
        if kinds in ([Signal, TensorValue], [TensorValue, Signal]):
            return _by_tensor(tracer, found, given, place)
        if kinds == [Signal, Signal]:
            return _of_signals(tracer, found, given, place)
    return _lawless(tracer, given, place)


def _lawless(tracer: Tracer, operands: Sequence[Value], place: Place) -> Value:
    """A sum of products, of which no more is said; unknown where it is not known of what."""
    signals = [value for value in operands if isinstance(value, Signal)]
    tensors = [value for value in operands if isinstance(value, TensorValue)]
    owned = tuple(tensor.parameter for tensor in tensors if tensor.parameter is not None)
    is_known = len(signals) + len(tensors) == len(operands)
    reason = "" if is_known else "an operand of einsum is not known"
    return tracer.add_layer(
        "function" if is_known else "unknown", "einsum", place, signals, parameters=owned, reason=reason
    )


def _by_tensor(tracer: Tracer, found: Equation, operands: Sequence[Value], place: Place) -> Value:
    """One signal and one tensor: summed over what they share, it is a linear map."""
    at = next(index for index, value in enumerate(operands) if isinstance(value, Signal))
    signal, tensor = operands[at], operands[1 - at]
    assert isinstance(signal, Signal)
    if not isinstance(tensor, TensorValue):
        return _lawless(tracer, operands, place)
    inner, outer = found.operands[at], found.operands[1 - at]
    kept = set(found.result)
    if {*inner, *outer} - kept != (set(inner) & set(outer)) - kept:
        return _lawless(tracer, operands, place)
    if set(outer) <= kept:
        owned = () if tensor.parameter is None else (tensor.parameter,)
        op = "multiply" if set(outer) <= set(inner) else "function"
        return tracer.add_layer(op, "einsum", place, (signal,), parameters=owned)
    fans = (
        _count(outer, tensor.shape, set(outer) - kept),
        _count(outer, tensor.shape, (set(outer) & kept) - set(inner)),
    )
    sizes = dict(zip(outer, tensor.shape or (), strict=False))
    return matrices.apply_weight(
        tracer, signal, tensor, fans, place=place, kind="einsum", layout=_layout(found.result, inner, sizes)
    )


def _layout(result: Axes, inner: Axes, sizes: Mapping[str, Number | None]) -> layout.Axes:
    """Where the axes of a linear map come from: the signal, or the weight."""
    entries = [
        (inner.index(axis) - len(inner), 1) if axis in inner else size if isinstance(size, int) else None
        for axis, size in ((axis, sizes.get(axis)) for axis in result)
    ]
    first = max((at + 1 for at, axis in enumerate(result) if axis == "..."), default=0)
    return layout.Axes(tuple(entries[first:]), is_whole="..." not in result)


def _count(axes: Axes, shape: Shape | None, wanted: Collection[str]) -> Number | None:
    """The product of the sizes of some axes."""
    if shape is None or len(shape) != len(axes) or "..." in axes:
        return None
    total: Number | None = 1
    for axis, size in zip(axes, shape, strict=True):
        total = combine(lambda a, b: a * b, total, size) if axis in wanted else total
    return total


def _of_signals(tracer: Tracer, found: Equation, operands: Sequence[Value], place: Place) -> Value:
    """Two signals: a product of matrices, or of entries where nothing is summed."""
    left, right = found.operands
    is_sum = bool((set(left) & set(right)) - set(found.result))
    signals = [value for value in operands if isinstance(value, Signal)]
    options = {"summed": _summed(found)}
    return tracer.add_layer("matmul" if is_sum else "multiply", "einsum", place, signals, options=options)


def _summed(found: Equation) -> tuple[int, int] | None:
    """The axis that a product of two signals sums over, from the right in each; `None` if there are several."""
    left, right = found.operands
    axes = (set(left) & set(right)) - set(found.result)
    if len(axes) != 1 or "..." in axes:
        return None
    (axis,) = axes
    at = [operand.index(axis) - len(operand) for operand in (left, right)]
    is_clear = all("..." not in operand[start:] for operand, start in zip((left, right), at, strict=True))
    return (at[0], at[1]) if is_clear else None
