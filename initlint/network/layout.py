"""How wide an axis of a signal is, worked out from what moved it there; axes count from the right: -1 is the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from initlint.frameworks import torch as framework
from initlint.network.network import Layer


@dataclass(frozen=True)
class Axes:
    """New axes in order, the first of which may be missing.

    Each is a width, or an axis of the input and a number that its width is divided by, or not known.
    """

    entries: tuple[int | tuple[int, int] | None, ...]
    is_whole: bool = True
    """Whether there are no more axes in front."""


@dataclass(frozen=True)
class Swap:
    """Two axes change places."""

    first: int
    second: int


@dataclass(frozen=True)
class Cut:
    """A part of an axis: one of so many equal pieces, or of that width."""

    axis: int
    pieces: int | None = None
    width: int | None = None


@dataclass(frozen=True)
class Drop:
    """One entry along each of these axes, which are gone."""

    axes: tuple[int, ...]


@dataclass(frozen=True)
class Insert:
    """A new axis of width 1, at its place among those behind."""

    axis: int


@dataclass(frozen=True)
class Same:
    """All axes stay."""


Layout: TypeAlias = Axes | Swap | Cut | Drop | Insert | Same


class Layers(Protocol):
    """All of a network, by id."""

    def __getitem__(self, at: int, /) -> Layer: ...


KEPT = frozenset({"activation", "dropout", "norm", "scale", "softmax", "add"})
"""Operations behind which each axis is as wide as before."""
MAPPED = frozenset({"linear"})
"""Operations that give the last axis a width of its own."""


@dataclass(frozen=True)
class _Step:
    """An axis in front of an operation, and what its width is divided by on the way."""

    axis: int
    divisor: int = 1


def width(layers: Layers, layer: Layer, axis: int) -> int | None:
    """Entries along an axis of what a layer gives; `None` if that cannot be told."""
    divisor = 1
    while True:
        step = _back(layers, layer, axis)
        if isinstance(step, int):
            return step // divisor if step % divisor == 0 else None
        if step is None or not layer.inputs:
            return None
        layer, axis, divisor = layers[layer.inputs[0]], step.axis, divisor * step.divisor


def _back(layers: Layers, layer: Layer, axis: int) -> int | _Step | None:
    """The width of an axis, or where it comes from."""
    if axis >= 0:
        return None
    layout = layer.options.get("layout")
    if isinstance(layout, Axes):
        return _entry(layout, axis)
    if isinstance(layout, (Swap, Cut, Drop, Insert)):
        return _moved(layers, layer, layout, axis)
    if layer.op in MAPPED and axis == -1:
        return layer.fan_out if isinstance(layer.fan_out, int) else None
    if layer.op in ("conv", "pool", "embedding"):
        return _weighted(layer, axis)
    if axis == -1 and layer.kind in framework.NORMS_OF_LAST_AXIS and (found := _normed(layer)) is not None:
        return found
    return _Step(axis) if layer.op in KEPT | MAPPED or isinstance(layout, Same) else None


def _weighted(layer: Layer, axis: int) -> int | _Step | None:
    """The units of a convolution, or of a pool over places as many as before it; those of a row that is looked up."""
    shape = layer.weight.shape if layer.weight is not None else None
    if layer.op == "embedding":
        found = shape[-1] if shape and axis == -1 else None
    elif layer.window is None or axis != -len(layer.window.kernel) - 1:
        return None
    elif layer.op == "pool":
        return _Step(axis)
    else:
        found = shape[0] if shape else None
    return found if isinstance(found, int) else None


def _normed(layer: Layer) -> int | None:
    """The width that the weight of a norm over the last axis has."""
    shape = layer.weight.shape if layer.weight is not None else None
    return shape[-1] if shape and isinstance(shape[-1], int) else None


def _entry(layout: Axes, axis: int) -> int | _Step | None:
    found = layout.entries[axis] if -axis <= len(layout.entries) else None
    return _Step(*found) if isinstance(found, tuple) else found


def _moved(layers: Layers, layer: Layer, layout: Swap | Cut | Drop | Insert, axis: int) -> int | _Step | None:
    before = rank(layers, layers[layer.inputs[0]])
    if isinstance(layout, Swap):
        sides = _from_right(layout.first, before), _from_right(layout.second, before)
        if None in sides:
            return None
        return _Step({sides[0]: sides[1], sides[1]: sides[0]}.get(axis) or axis)
    if isinstance(layout, Cut):
        cut = _from_right(layout.axis, before)
        if cut is None:
            return _Step(axis) if layout.axis in (0, 1) and axis == -1 and before is None else None
        if cut != axis:
            return _Step(axis)
        return layout.width if layout.width is not None else _Step(axis, layout.pieces) if layout.pieces else None
    if isinstance(layout, Insert):
        new = _from_right(layout.axis, None if before is None else before + 1)
        return None if new is None else 1 if new == axis else _Step(axis + 1 if axis < new else axis)
    return _in_front_of_drop(layout, before, axis)


def _in_front_of_drop(layout: Drop, before: int | None, axis: int) -> _Step | None:
    gone = [_from_right(each, before) for each in layout.axes]
    if None in gone:
        return _Step(axis) if layout.axes == (0,) else None
    for each in sorted((each for each in gone if each is not None), reverse=True):
        axis = axis - 1 if axis <= each else axis
    return _Step(axis)


def _from_right(axis: int, count: int | None) -> int | None:
    """An axis that may count from the left, counted from the right."""
    if axis < 0:
        return axis
    return None if count is None or axis >= count else axis - count


def rank(layers: Layers, layer: Layer) -> int | None:
    """Number of axes of what a layer gives; `None` if that cannot be told."""
    more = 0
    while True:
        layout = layer.options.get("layout")
        if isinstance(layout, Axes) and layout.is_whole:
            return len(layout.entries) + more
        if layer.op in ("conv", "pool") and layer.window is not None:
            return len(layer.window.kernel) + 2 + more
        is_followed = layer.op in KEPT | MAPPED if layout is None else not isinstance(layout, Axes)
        if not layer.inputs or not is_followed:
            return None
        more += isinstance(layout, Insert) - (len(layout.axes) if isinstance(layout, Drop) else 0)
        layer = layers[layer.inputs[0]]
