"""Moments of the signal at one point of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from initlint.signal.size import Value, as_float, combine, is_known


@dataclass(frozen=True)
class Moments:
    """Over entries, samples and draws of the weights; ``None`` is unknown."""

    mean: Value
    second: Value
    """E[x²]."""
    apart: Value = None
    """E[x x'] of one unit at two places of one sample: pixels, tokens."""
    across: Value = None
    """E[x x'] of one unit in two samples."""
    skewness: float = field(default=0.0, kw_only=True)
    """Third cumulant over variance^1.5; 0 where it is not followed."""
    near: Mapping[tuple[int, ...], Value] = field(default_factory=dict, kw_only=True, compare=False)
    """E[x x'] of one unit at two places close to each other, by their distance along each axis; others are `apart`."""

    @property
    def variance(self) -> Value:
        """``E[x²] - E[x]²``, never negative."""
        variance = combine(lambda second, mean: second - mean**2, self.second, self.mean)
        return max(variance, 0) if is_known(variance) else variance

    @property
    def cube(self) -> Value:
        """E[x³]."""
        return combine(
            lambda m, q, v: m * (3 * q - 2 * m**2) + self.skewness * v**1.5, self.mean, self.second, self.variance
        )


class Shared(Moments):
    """The mean of two entries and, as `second`, their product: its excess over the square of the mean may be negative."""

    @property
    def variance(self) -> Value:
        """Their covariance."""
        return combine(lambda second, mean: second - mean**2, self.second, self.mean)


def skewness_of(mean: Value, second: Value, cube: Value) -> float:
    """Of E[x], E[x²] and E[x³]; 0 where one is not known or nothing varies."""
    m, q, c = (as_float(value) for value in (mean, second, cube))
    if m is None or q is None or c is None or not 0 < q < math.inf:
        return 0.0
    m, c = m / math.sqrt(q), c / q / math.sqrt(q)
    left = 1 - m * m
    return (c - m * (3 - 2 * m * m)) / left**1.5 if left > RESOLVED else 0.0


RESOLVED = 1e-9
"""Share of the second moment below which a variance, and what is divided by it, is rounding."""


UNKNOWN = Moments(None, None)
STANDARD = Moments(0, 1)
"""What a normalised input has."""
NOISE = Moments(0, 1, 0, 0)
"""What an input has whose entries are drawn from N(0, 1)."""
