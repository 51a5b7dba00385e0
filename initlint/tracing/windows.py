"""Windows of convolutions and pools, as the program gives their sides."""

from __future__ import annotations

from collections.abc import Mapping

from initlint.network.window import Window
from initlint.tracing import construction
from initlint.tracing.values import Value


def window_of(given: Mapping[str, Value], axes: int) -> Window | None:
    """The window that the arguments of a convolution or a pool describe; `None` if one of its sides is not known."""
    size, step = given.get("kernel_size"), given.get("stride")
    values = (size, size if step is None else step, given.get("padding", 0), given.get("dilation", 1))
    sides = [whole_sides(value, axes) for value in values]
    if given.get("padding") == "same" and sides[0] is not None and sides[3] is not None:
        sides[2] = tuple((side - 1) * gap // 2 for side, gap in zip(sides[0], sides[3], strict=True))
    known = [each for each in sides if each is not None]
    if len(known) < len(values):
        return None
    kernel, stride, padding, dilation = known
    counts_border = given.get("count_include_pad") is not False
    return Window(kernel, stride, padding, dilation, given.get("ceil_mode") is True, counts_border)


def whole_sides(value: Value, axes: int) -> tuple[int, ...] | None:
    sides = tuple(side for side in construction.kernel_sides(value, axes) if isinstance(side, int))
    return sides if len(sides) == axes else None


def window(value: Value, axes: int) -> int | None:
    total = 1
    for side in construction.kernel_sides(value, axes):
        if not isinstance(side, int):
            return None
        total *= side
    return total
