"""The largest of several Gaussians: what max pooling does."""

from __future__ import annotations

import math
from functools import lru_cache

from initlint.signal.quadrature import expectation

MAX_COUNT = 1_000_000
"""Beyond this many inputs the quadrature's panels no longer resolve the maximum's density."""


@lru_cache(maxsize=256)
def largest_of(count: int, is_rectified: bool) -> tuple[float, float]:
    """E[M] and E[M²] for M the largest of `count` independent N(0, 1), or of 0 and these.

    Order statistics (David and Nagaraja 2003): the density of M is ``count * pdf(z) * cdf(z)^(count - 1)``.
    """
    centre = math.sqrt(2 * math.log(count)) if count > 1 else 0.0
    edges = (0.0, *(centre + step / 2 for step in range(-8, 9)))

    def density_ratio(z: float) -> float:
        return count * math.exp((count - 1) * math.log(0.5 * math.erfc(-z / math.sqrt(2)))) if z > -8.9 else 0.0

    def clipped(z: float) -> float:
        return max(z, 0.0) if is_rectified else z

    first = expectation(lambda z: clipped(z) * density_ratio(z), 0.0, 1.0, edges)
    return first, expectation(lambda z: clipped(z) ** 2 * density_ratio(z), 0.0, 1.0, edges)
