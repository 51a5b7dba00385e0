"""Quantities along the depth, drawn in characters on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_DECADES = 4.0
"""Powers of ten that a scale spans at least, about what plain SGD trains: what changes harmlessly is drawn nearly flat."""
MOST_DECADES = 40.0
"""And at most, from the top: single precision ends 45 decades below 1."""
WIDEST_STEP = 4
"""Columns of a sparkline that one value takes at most."""
ROUNDING = 1e-6
"""Levels: equal values that differ in their last digits are drawn equal."""


@dataclass(frozen=True)
class Glyphs:
    """The characters to draw with."""

    levels: str
    """Of a sparkline, from low to high."""
    eighths: str
    """Parts of a bar's last cell, from thin to full; the last is the full cell."""
    nothing: str
    """A value of exactly 0."""
    broken: str
    """A value that is not finite."""
    cut: str
    """What was left out."""
    arrow: str
    times: str


UNICODE = Glyphs("▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█", "_", "x", "…", "→", "\N{MULTIPLICATION SIGN}")
ASCII = Glyphs("_.-~=+*#", "-=#", "0", "x", "..", "->", "x")


def decades(value: float | None) -> float | None:
    """log10 of a value; minus infinity for 0, NaN for what is not finite, `None` for what was not observed."""
    if value is None:
        return None
    if not math.isfinite(value) or value < 0:
        return math.nan
    return math.log10(value) if value > 0 else -math.inf


@dataclass(frozen=True)
class Scale:
    """A stretch of powers of ten."""

    low: float
    high: float

    @classmethod
    def spanning(cls, values: Iterable[float | None]) -> Scale:
        """The range of the finite ones among `values`, widened to `LEAST_DECADES` and cut to `MOST_DECADES`."""
        finite = [value for value in values if value is not None and math.isfinite(value)]
        if not finite:
            return cls(-LEAST_DECADES / 2, LEAST_DECADES / 2)
        high = max(finite)
        low = max(min(finite), high - MOST_DECADES)
        missing = max(0.0, LEAST_DECADES - (high - low)) / 2
        return cls(low - missing, high + missing)

    def rooted(self) -> Scale:
        """The scale of the square roots of what this is the scale of."""
        return Scale(self.low / 2, self.high / 2)

    def share(self, value: float) -> float:
        """Where a value stands, from 0 (lowest) to 1."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def draw_sparkline(points: Iterable[float | None], scale: Scale, width: int, glyphs: Glyphs) -> str:
    """Values, given in decades, from left to right in at most `width` columns; what was not observed is left out."""
    values = [point for point in points if point is not None]
    if not values:
        return ""
    if len(values) > width:
        return "".join(_level(_worst(group), scale, glyphs) for group in _groups(values, width))
    repeat = max(1, min(WIDEST_STEP, width // len(values)))
    return "".join(_level(value, scale, glyphs) * repeat for value in values)


def draw_bar(value: float | None, scale: Scale, width: int, glyphs: Glyphs) -> str:
    """One value, given in decades, as a bar of `width` columns with spaces behind it."""
    if value is None:
        return " " * width
    if math.isnan(value):
        return glyphs.broken.ljust(width)
    if math.isinf(value):
        return glyphs.nothing.ljust(width)
    parts = len(glyphs.eighths)
    filled = max(1, round(scale.share(value) * width * parts))
    whole, rest = divmod(filled, parts)
    return (glyphs.eighths[-1] * whole + (glyphs.eighths[rest - 1] if rest else "")).ljust(width)


def _level(value: float, scale: Scale, glyphs: Glyphs) -> str:
    if math.isnan(value):
        return glyphs.broken
    if math.isinf(value):
        return glyphs.nothing
    level = int(scale.share(value) * len(glyphs.levels) + ROUNDING)
    return glyphs.levels[min(len(glyphs.levels) - 1, level)]


def _groups(values: Sequence[float], count: int) -> list[Sequence[float]]:
    """`count` neighbouring groups of about equal size."""
    bounds = [round(number * len(values) / count) for number in range(count + 1)]
    return [values[begin:end] for begin, end in pairwise(bounds)]


def _worst(values: Sequence[float]) -> float:
    """Of a group: what is not finite, else 0, else the mean."""
    if any(math.isnan(value) for value in values):
        return math.nan
    return -math.inf if -math.inf in values else sum(values) / len(values)
