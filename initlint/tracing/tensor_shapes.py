"""Shapes of tensors, and what methods that move their axes make of them."""

from __future__ import annotations

from collections.abc import Sequence

from initlint.network import Shape
from initlint.tracing.values import Unknown, Value


def shape_value(shape: Shape) -> Value:
    """A shape as the program sees it."""
    return tuple(Unknown("a size that is not known") if size is None else size for size in shape)


def moved(shape: Shape | None, name: str, axes: Sequence[Value]) -> Shape | None:
    """The shape behind ``permute(axes)``, or behind a swap of two axes; without axes, all of them turned round."""
    given = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple) else axes
    whole = [axis for axis in given if isinstance(axis, int)]
    if shape is None or len(whole) != len(given) or any(not -len(shape) <= axis < len(shape) for axis in whole):
        return None
    if not whole:
        return tuple(reversed(shape))
    if name == "permute":
        return tuple(shape[axis] for axis in whole) if len(whole) == len(shape) else None
    if len(whole) != 2:
        return None
    sizes = list(shape)
    sizes[whole[0]], sizes[whole[1]] = sizes[whole[1]], sizes[whole[0]]
    return tuple(sizes)


def squeezed(shape: Shape | None, name: str, axes: Sequence[Value]) -> Shape | None:
    """The shape behind ``squeeze(axis)`` or ``unsqueeze(axis)``."""
    axis = axes[0] if len(axes) == 1 else None
    if shape is None or not isinstance(axis, int):
        return None
    length = len(shape) + (name == "unsqueeze")
    if not -length <= axis < length:
        return None
    at = axis % length
    if name == "unsqueeze":
        return (*shape[:at], 1, *shape[at:])
    if not isinstance(shape[at], int):
        return None
    return (*shape[:at], *shape[at + 1 :]) if shape[at] == 1 else shape


def expanded(shape: Shape | None, sizes: Sequence[Value]) -> Shape | None:
    """The shape behind ``expand(sizes)``, of which -1 leaves an axis as it is."""
    given = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple) else sizes
    if shape is None or len(given) < len(shape):
        return None
    before = (None,) * (len(given) - len(shape)) + tuple(shape)
    return tuple(
        old if size == -1 else size if isinstance(size, int) else None for old, size in zip(before, given, strict=True)
    )
