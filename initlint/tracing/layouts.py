"""What the arguments of a function that keeps the entries say of the axes of its result."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.network.layout import Axes, Cut, Drop, Insert, Layers, Layout, Same, Swap, rank, width
from initlint.tracing.values import ListValue, Many, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def layout_of(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Layout | None:
    """Of a function or method by its name, with the arguments after the signal; `None` if they are not known."""
    kind = framework.LAYOUTS.get(name)
    return READERS[kind]([*arguments, *keywords.values()]) if kind is not None else None


def _sizes(given: Sequence[Value]) -> Layout | None:
    """``view(batch, -1, heads, width)``: a width that is not given is what is left of the last axis of the input."""
    sizes = _flat(given)
    if len(given) == 1 and not isinstance(given[0], (int, tuple, ListValue)):
        return None
    behind = next((index for index, size in enumerate(reversed(sizes)) if isinstance(size, Many)), len(sizes))
    known = [size if isinstance(size, int) and size > 0 else None for size in sizes[len(sizes) - behind :]]
    first = next((index for index, size in enumerate(known) if size is not None), len(known))
    rest = known[first:]
    entries: list[int | tuple[int, int] | None] = list(known)
    if rest.count(None) == 1:
        entries[first + rest.index(None)] = (-1, math.prod(size for size in rest if size is not None))
    return Axes(tuple(entries), is_whole=behind == len(sizes))


def _split(given: Sequence[Value]) -> Layout | None:
    """``unflatten(-1, (heads, width))``."""
    if len(given) != 2 or given[0] != -1:
        return None
    inner = _sizes(given[1:])
    return Axes(inner.entries, is_whole=False) if isinstance(inner, Axes) else None


def _flat(given: Sequence[Value]) -> list[Value]:
    """The sizes, given one by one or in a tuple or list."""
    only = given[0] if len(given) == 1 else None
    if isinstance(only, ListValue):
        return [*only.items, *([Many((Unknown("a size"),))] if only.is_open else [])]
    return list(only) if isinstance(only, tuple) else list(given)


def _whole(values: Sequence[Value]) -> list[int] | None:
    found = [value for value in values if isinstance(value, int)]
    return found if len(found) == len(values) else None


def _order(given: Sequence[Value]) -> Layout | None:
    axes = _whole(_flat(given))
    return None if axes is None else Axes(tuple((axis if axis < 0 else axis - len(axes), 1) for axis in axes))


def _swap(given: Sequence[Value]) -> Layout | None:
    axes = _whole(given)
    return Swap(*axes) if axes is not None and len(axes) == 2 else None


def _drop(given: Sequence[Value]) -> Layout | None:
    axis = given[0] if given else 0
    return Drop((axis,)) if isinstance(axis, int) else None


def _insert(given: Sequence[Value]) -> Layout | None:
    axis = given[0] if given else None
    return Insert(axis) if isinstance(axis, int) else None


READERS: Mapping[str, Callable[[Sequence[Value]], Layout | None]] = {
    "sizes": _sizes,
    "split": _split,
    "order": _order,
    "swap": _swap,
    "swap_last": lambda given: Swap(-1, -2),
    "drop": _drop,
    "insert": _insert,
    "same": lambda given: Same(),
}


def size_along(tracer: Tracer, signal: Signal, axis: int) -> Value:
    """How wide an axis of a signal is."""
    size = measured(tracer.record.layers, signal.node, axis)
    tracer.repeats.note_measure(signal, axis, size)
    return size


def measured(layers: Layers, node: int, axis: int) -> Value:
    """How wide an axis of what a layer gives is."""
    count = rank(layers, layers[node]) if axis >= 0 else 0
    found = None if count is None else width(layers, layers[node], axis - count)
    return Unknown("the size of a signal") if found is None else found


def sizes(tracer: Tracer, signal: Signal, count: int) -> list[Value]:
    """All axes of a signal that is said to have so many."""
    return [size_along(tracer, signal, axis - count) for axis in range(count)]


def mapped_from_left(units: Value) -> Layout:
    """Of ``weight @ signal``, which maps the axis before the last."""
    return Axes((units if isinstance(units, int) else None, (-1, 1)), is_whole=False)


def picked(index: Value, *, is_piece: bool) -> Layout | None:
    """``signal[index]``, where the signal may stand for the pieces that it was cut into."""
    if is_piece and isinstance(index, int):
        return Same()
    parts = index if isinstance(index, tuple) else (index,)
    is_plain = all(isinstance(part, int) or part == slice(None) for part in parts)
    if any(isinstance(part, bool) for part in parts) or not is_plain:
        return None
    axes = tuple(at for at, part in enumerate(parts) if isinstance(part, int))
    return Drop(axes) if axes else Same()


def part_of_units(index: Value) -> slice | None:
    """``signal[:, start:stop]``: which entries of axis 1 are left; `None` where that is not what it is."""
    if not isinstance(index, tuple) or len(index) < 2 or any(each != slice(None) for each in (index[0], *index[2:])):
        return None
    part = index[1]
    ends = (part.start, part.stop) if isinstance(part, slice) and part.step is None else ()
    is_known = all(end is None or (isinstance(end, int) and not isinstance(end, bool)) for end in ends)
    return part if ends and is_known and part != slice(None) else None


def cut(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Layout | None:
    """Of one of the pieces that `name` cuts a signal into, where they are equal."""
    if name == "unbind":
        return _drop([*arguments, *keywords.values()])
    first = arguments[0] if arguments else next(iter(keywords.values()), None)
    axis = arguments[1] if len(arguments) > 1 else keywords.get("dim", 0)
    if not isinstance(axis, int) or not isinstance(first, int) or first < 1:
        return None
    return Cut(axis, pieces=first) if name in ("chunk", "tensor_split") else Cut(axis, width=first)
