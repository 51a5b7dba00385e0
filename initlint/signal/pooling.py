"""What average and max pooling do to independent entries, or to ones with a correlation."""

from __future__ import annotations

import math
from functools import lru_cache

from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.quadrature import expectation
from initlint.signal.size import Number, Value, combine

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


def average_pool(moments: Moments, count: Value, correlation: Value = 0) -> Moments:
    """The mean of `count` entries: variance ``(1 + (count - 1) c) / count`` of what it was, c their correlation."""
    variance = combine(lambda v, n, c: v * (1 + (n - 1) * c) / n, moments.variance, count, correlation)
    return Moments(moments.mean, combine(lambda v, m: v + m**2, variance, moments.mean))


def average_pool_backward(count: Value, stride: Value | None = None) -> Value:
    """Each gradient is shared among `count` inputs: ``1 / count²``, times the windows that overlap (count / stride)."""
    return combine(lambda n, s: 1 / (n * s), count, count if stride is None else stride)


def max_pool(moments: Moments, count: int, is_rectified: bool = False) -> Moments:
    """The largest of `count` independent Gaussian entries, by their order statistics.

    `is_rectified`: the entries are ReLUs of N(0, 2 E[x²]), as after He initialisation.
    """
    if count > MAX_COUNT:
        return UNKNOWN
    first, second = largest_of(count, is_rectified)
    if is_rectified:
        mean = combine(lambda q: (2 * q) ** 0.5 * first, moments.second)
        return Moments(mean, combine(lambda q: 2 * q * second, moments.second))
    mean = combine(lambda m, v: m + v**0.5 * first, moments.mean, moments.variance)
    return Moments(mean, combine(lambda m, v: _shifted_second(m, v, first, second), moments.mean, moments.variance))


def _shifted_second(mean: Number, variance: Number, first: float, second: float) -> Number:
    return mean**2 + 2 * mean * variance**0.5 * first + variance * second


def max_pool_backward(count: Value, stride: Value | None = None) -> Value:
    """One of `count` inputs gets the gradient: ``1 / stride``, as windows for each input (default: count)."""
    return combine(lambda n: 1 / n, count if stride is None else stride)
