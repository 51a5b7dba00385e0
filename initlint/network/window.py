"""How a kernel or a pool moves over a signal's places, and how much of it lies beside the border."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Of a convolution or a pool: whole numbers, one for each axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    """On both sides of each axis."""
    dilation: tuple[int, ...]
    is_rounded_up: bool = False
    """A pool with ``ceil_mode``."""
    counts_border: bool = True
    """Whether an average divides by the places beside the border, too: ``count_include_pad``."""

    @property
    def count(self) -> int:
        """Places under the window."""
        return math.prod(self.kernel)

    def outputs(self, sides: Sequence[int]) -> tuple[int, ...]:
        """Sides of the output."""
        return tuple(len(taps) for taps in self._taps(sides))

    def inside(self, sides: Sequence[int]) -> tuple[float, float, float]:
        """Of the places under a window: how many lie inside the input on average, the mean of its square, and how many
        do for two windows at once."""
        first = second = both = 1.0
        for taps in self._taps(sides):
            counts = [len(inside) for inside in taps]
            shares = [sum(tap in inside for inside in taps) / len(taps) for tap in range(max(map(max, taps)) + 1)]
            first *= sum(counts) / len(counts)
            second *= sum(count**2 for count in counts) / len(counts)
            both *= sum(share**2 for share in shares)
        return first, second, both

    def part(self, sides: Sequence[int]) -> float:
        """The share that one place has in the average of those that lie inside, on average."""
        return math.prod(sum(1 / len(row) for row in rows) / len(rows) for rows in self._taps(sides))

    def behind(self, first: Window) -> Window:
        """What this window covers of the places in front of another one."""
        sides = zip(self.kernel, self.stride, self.padding, first.kernel, first.stride, first.padding, strict=True)
        kernel, stride, padding = zip(
            *((k + (size - 1) * step, step * move, p + pad * step) for size, move, pad, k, step, p in sides),
            strict=True,
        )
        return Window(kernel, stride, padding, (1,) * len(kernel), self.is_rounded_up)

    def _taps(self, sides: Sequence[int]) -> list[list[tuple[int, ...]]]:
        """For each axis and each output: the taps that lie inside; no output without one."""
        found = []
        for axis, side in enumerate(sides):
            step, pad, gap = self.stride[axis], self.padding[axis], self.dilation[axis]
            room = side + 2 * pad - gap * (self.kernel[axis] - 1) - 1
            steps = range((math.ceil(room / step) if self.is_rounded_up else room // step) + 1)
            rows = [
                tuple(tap for tap in range(self.kernel[axis]) if 0 <= start * step - pad + tap * gap < side)
                for start in steps
            ]
            found.append([row for row in rows if row])
        return found
