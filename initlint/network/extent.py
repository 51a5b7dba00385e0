"""How far a signal reaches: over which places, and how many units it has. Known only if the input's shape is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from initlint.frameworks import torch as framework
from initlint.network.layout import Drop
from initlint.network.network import Layer


@dataclass(frozen=True)
class Extent:
    """Of a signal at one point of a network; `None` is unknown."""

    sides: tuple[int, ...] | None = None
    """Places along each axis: of an image its height and width; empty for one vector a sample."""
    width: int | None = None
    """Units at each place."""
    is_last: bool = False
    """Whether the units lie on the last axis, as behind a linear map."""

    @property
    def places(self) -> int | None:
        """How many."""
        return None if self.sides is None else math.prod(self.sides)


UNKNOWN_EXTENT = Extent()


def of_input(shape: Sequence[int]) -> Extent:
    """Of (samples, units, places...) with two or more axes of places, or (samples, places, units)."""
    if len(shape) == 3:
        return Extent((shape[1],), shape[2], is_last=True)
    return Extent(tuple(shape[2:]), shape[1]) if len(shape) > 1 else UNKNOWN_EXTENT


def behind(layer: Layer, inputs: Sequence[Extent], summands: int | None = None) -> Extent:
    """Of what the layer gives; `summands`: units that a pool takes together instead of places."""
    before = inputs[0] if inputs and not layer.options.get("regroups") else UNKNOWN_EXTENT
    if layer.op in ("conv", "conv_transpose"):
        return Extent(_moved(layer, channels_first(layer, before)), _units(layer))
    if layer.op == "linear":
        return Extent(_mapped(layer, before), _units(layer), is_last=True)
    if layer.op == "embedding":
        return Extent(_looked_up(before), _entries(layer), is_last=True)
    if layer.op == "pool" and summands is not None:
        return replace(before, width=None if before.width is None else max(before.width // summands, 1))
    if layer.op == "pool":
        return replace(before, sides=pooled(layer, before))
    if layer.op == "reshape":
        return _part_of(layer, before)
    if layer.op == "function":
        return UNKNOWN_EXTENT
    if layer.op == "matmul" and len(inputs) > 1:
        return replace(before, width=None)
    if layer.op == "concat" and joins_places(layer, inputs):
        return _longer(inputs)
    if layer.op == "concat":
        widths = [each.width for each in inputs if each.width is not None]
        return replace(before, width=sum(widths) if len(widths) == len(inputs) else None)
    if layer.op == "multiply" and layer.kind.lower() in framework.GATES:
        return replace(before, width=None if before.width is None else before.width // 2)
    if layer.op in ("add", "multiply") and inputs:
        return max(inputs, key=lambda each: (each.places or 0, each.is_last))
    return before


def channels_first(layer: Layer, before: Extent) -> Extent:
    """What comes into a convolution: a sequence is (samples, units, places) there, whatever it was taken for."""
    shape = layer.weight.shape if layer.weight is not None else None
    groups, sides = layer.options.get("groups"), before.sides
    if layer.op != "conv" or not shape or len(shape) != 3 or not before.is_last or sides is None or len(sides) != 1:
        return before
    channels = shape[1] * groups if isinstance(shape[1], int) and isinstance(groups, int) else None
    if before.width is None or sides[0] != channels or before.width == channels:
        return before
    return Extent((before.width,), channels)


def _part_of(layer: Layer, before: Extent) -> Extent:
    """What is left of units, or of places in front of them, where some are picked: ``[:, :4]``, ``[:, 0]``."""
    part, layout = layer.options.get("part"), layer.options.get("layout")
    if not before.sides:
        return before
    if before.is_last and isinstance(layout, Drop) and layout.axes == (1,):
        return replace(before, sides=())
    if not isinstance(part, slice):
        return before
    if before.is_last:
        return replace(before, sides=(len(range(before.places or 0)[part]),))
    return replace(before, width=None if before.width is None else len(range(before.width)[part]))


def picks_place(layer: Layer, before: Extent) -> bool:
    """Whether the first of several places is picked, or the first few: ``[:, 0]``, ``[:, :1]``."""
    part, layout = layer.options.get("part"), layer.options.get("layout")
    if not before.sides or not before.is_last:
        return False
    is_first = isinstance(part, slice) and not part.start and part.stop is not None
    return is_first or (isinstance(layout, Drop) and layout.axes == (1,))


def joins_places(layer: Layer, inputs: Sequence[Extent]) -> bool:
    """Whether a concatenation puts more places behind each other, as a class token before the others."""
    return layer.options.get("axis") in (1, -2) and any(each.sides and each.is_last for each in inputs)


def _longer(inputs: Sequence[Extent]) -> Extent:
    """As many places as the parts have; one part beside constant ones counts alone."""
    longest = max(inputs, key=lambda each: each.places or 0)
    counts = [each.places for each in inputs if each.places is not None]
    if len(inputs) == 1:
        return longest
    return replace(longest, sides=(sum(counts),) if len(counts) == len(inputs) else None)


def _units(layer: Layer) -> int | None:
    shape = layer.weight.shape if layer.weight is not None else None
    units = shape[1 if layer.op == "conv_transpose" else 0] if shape else None
    return units if isinstance(units, int) else None


def _looked_up(before: Extent) -> tuple[int, ...] | None:
    """The places of numbers that are looked up: each has a vector of its own."""
    if before.sides == () and before.width is not None and not before.is_last:
        return (before.width,)
    return before.sides or None


def _entries(layer: Layer) -> int | None:
    """Of a vector that is looked up."""
    shape = layer.weight.shape if layer.weight is not None else None
    return shape[1] if shape and len(shape) > 1 and isinstance(shape[1], int) else None


def _moved(layer: Layer, before: Extent) -> tuple[int, ...] | None:
    if layer.op != "conv" or layer.window is None or not before.sides:
        return before.sides if before.sides == () else None
    return layer.window.outputs(before.sides) if len(before.sides) == len(layer.window.kernel) else None


def _mapped(layer: Layer, before: Extent) -> tuple[int, ...] | None:
    """All places stay, unless the map takes the units of all of them at once; a part of the units may be cut out."""
    fan = layer.fan_in
    if before.sides is None or before.width is None or fan == before.width:
        return before.sides
    if before.is_last and isinstance(fan, int) and fan > 0 and before.width % fan == 0:
        return before.sides
    if layer.fan_in == before.width * (before.places or 0):
        return ()
    return _merged(before.sides, fan // before.width) if isinstance(fan, int) and fan % before.width == 0 else None


def _merged(sides: tuple[int, ...], count: int) -> tuple[int, ...] | None:
    """What is left of places of which `count` neighbours were put into one: as many along each axis, if that can be."""
    side = round(count ** (1 / len(sides))) if sides else 0
    if sides and side ** len(sides) == count and not any(each % side for each in sides):
        return tuple(each // side for each in sides)
    total = math.prod(sides)
    return (total // count,) if sides and total % count == 0 else None


def pooled(layer: Layer, before: Extent) -> tuple[int, ...] | None:
    """The places that a pool leaves."""
    sides, output = before.sides, layer.options.get("output")
    if sides is None:
        return None
    if isinstance(output, tuple):
        return output if len(output) == len(sides) and math.prod(output) > 1 else ()
    if layer.window is not None:
        return layer.window.outputs(sides) if len(layer.window.kernel) == len(sides) else None
    return () if _is_over_places(layer, before) else None


def _is_over_places(layer: Layer, before: Extent) -> bool:
    """Whether the axes of a mean are all those on which places lie."""
    axes = layer.options.get("axes")
    if not isinstance(axes, tuple) or not axes:
        return False
    if before.is_last:
        return set(axes) <= {1, 2, 3} and -1 not in axes
    return len(axes) > 1 and set(axes) <= {2, 3, 4, -1, -2, -3}
