"""Sums and means over units rather than places: of branches that are stacked, of groups of channels.

Not of all units of a signal: a norm in front makes their sum what it is, whatever the weights.
"""

from __future__ import annotations

from initlint.frameworks import torch as framework
from initlint.network.extent import Extent
from initlint.network.layout import Axes, Layers
from initlint.network.network import Layer

ENTRYWISE = frozenset({"activation", "dropout", "scale", "multiply", "add", "norm"})
"""Operations that leave every axis in its place."""


def summands(layers: Layers, pool: Layer, before: Extent) -> int | None:
    """How many units a sum or mean is taken of, along an axis that a ``stack`` made, or that channels were parted along by
    ``view(b, groups, c, h, w)``; `None` where it may go over places, or over axes that are not known."""
    axes = pool.options.get("axes")
    if not isinstance(axes, tuple) or len(axes) != 1 or not pool.inputs:
        return None
    source, axis = layers[pool.inputs[0]], axes[0]
    while source.op in ENTRYWISE and source.inputs:
        source = layers[source.inputs[0]]
    if source.op == "concat" and source.kind in framework.STACKS:
        is_same = source.options.get("axis") == axis and len(set(source.inputs)) == len(source.inputs)
        return len(source.inputs) if is_same else None
    layout = source.options.get("layout")
    if not isinstance(layout, Axes) or not layout.is_whole or axis != 1 or before.is_last or before.sides is None:
        return None
    entry = layout.entries[axis] if len(layout.entries) == len(before.sides) + 3 else None
    return entry if isinstance(entry, int) else None
