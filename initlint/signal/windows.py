"""Pools: the mean, or the largest, of the places under a window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from initlint.signal import neighbours
from initlint.signal.moments import Moments
from initlint.signal.neighbours import STEPS, WEIGHTS
from initlint.signal.nonlinearity import Activation
from initlint.signal.pooling import average_pool, max_pool
from initlint.signal.size import Value, as_float, combine


@dataclass(frozen=True)
class Pool:
    """Windows over the places of a signal."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    inside: float | None = None
    """Places under a window that lie inside the input, on average; `None`: all."""
    square: float | None = None
    """The mean of that number's square."""
    part: float | None = None
    """What one place has in the mean of those inside, where it is taken of these alone."""

    @property
    def count(self) -> int:
        """Places under a window."""
        return math.prod(self.kernel)

    @property
    def filled(self) -> int:
        """Those of them that lie inside, to the nearest whole number."""
        return self.count if self.inside is None else max(round(self.inside), 1)

    def shared(self, offset: Sequence[int]) -> int:
        """Places that two windows have in common which are so far from each other."""
        return math.prod(max(size - moved, 0) for size, moved in zip(self.kernel, offset, strict=True))


def over(count: int) -> Pool:
    """Windows of so many places that nothing else is known of."""
    return Pool((count,), (count,))


def average(before: Moments, pool: Pool) -> Moments:
    """The mean over each window; what lies beside the border counts as 0, or is left out."""
    count = pool.count
    if before.apart is None:
        return average_pool(before, count)
    share, own, others = _weights(pool)
    together = neighbours.within(before, pool.kernel)
    second = combine(lambda q, a: own * q + others * a, before.second, together)

    def shared(value: Value) -> Value:
        return combine(lambda a: a * share**2, value)

    near = {lag: shared(value) for lag, value in neighbours.averaged(before, pool.kernel, pool.stride).items()}
    mean = combine(lambda m: m * share, before.mean)
    spread = combine(lambda q, m: q - m**2, second, mean)
    left = as_float(combine(lambda after, v: after / v, spread, before.variance))
    skewness = before.skewness * math.sqrt(max(left or 0.0, 0.0))
    return Moments(mean, second, shared(before.apart), shared(before.across), skewness=skewness, near=near)


def with_average(before: Moments, averaged: Moments, pool: Pool, sign: int) -> Moments:
    """A signal plus or minus the average around each of its places: both hold the place itself (Yu et al. 2022,
    arXiv:2111.11418, eq. 4)."""
    share, own, _ = _weights(pool)
    shared = combine(lambda q, a: own * q + (share - own) * a, before.second, neighbours.within(before, pool.kernel))

    def total(left: Value, right: Value, product: Value) -> Value:
        return combine(lambda x, y, both: x + y + 2 * sign * both, left, right, product)

    apart, across = (
        total(one, other, combine(lambda value: share * value, one))
        for one, other in ((before.apart, averaged.apart), (before.across, averaged.across))
    )
    mean = combine(lambda m, a: m + sign * a, before.mean, averaged.mean)
    return Moments(mean, total(before.second, averaged.second, shared), apart, across)


def _weights(pool: Pool) -> tuple[float, float, float]:
    """Of a window's mean: the sum of the weights, of their squares, and of the products of different ones."""
    if pool.part is not None:
        return 1.0, pool.part, 1 - pool.part
    count = pool.count
    first = count if pool.inside is None else pool.inside
    pairs = count * count if pool.square is None else pool.square
    return first / count, first / count**2, (pairs - first) / count**2


def largest(before: Moments, pool: Pool, shape: Activation | None = None) -> Moments:
    """The largest of the places under each window of a Gaussian, then an activation that never falls.

    The common part moves all of them, so that of alike places the largest is as any other.
    """
    mean, second, together = map(as_float, (before.mean, before.second, neighbours.within(before, pool.kernel)))
    if mean is None or second is None or together is None:
        return max_pool(before, pool.count)
    common = min(max(together - mean**2, 0.0), second - mean**2)
    value, count = shape.value if shape is not None else _same, pool.filled
    drawn = (value, mean, math.sqrt(common), math.sqrt(max(second - mean**2 - common, 0.0)), count)
    first, square, both = _largest(*drawn)

    def alike(product: Value) -> float:
        """The product of the largest under two windows of which two entries have this one."""
        share = as_float(combine(lambda a: (a - mean**2) / common if common > 0 else 0.0, product)) or 0.0
        return first**2 + (both - first**2) * min(max(share, 0.0), 1.0)

    def moved(offset: Sequence[int]) -> float:
        shared = min(round(pool.shared(offset) * count / pool.count), count - 1)
        apart = neighbours.between(before, pool.kernel, offset)
        return neighbours.overlapping(*drawn, shared) if shared else alike(apart)

    near = {lag: moved(offset) for lag, offset in neighbours.pooled(before, pool.kernel, pool.stride)}
    return Moments(first, square, alike(before.apart), alike(before.across), near=near)


def _same(x: float) -> float:
    return x


def _largest(
    value: Callable[[float], float], mean: float, width: float, own: float, count: int
) -> tuple[float, float, float]:
    """E[f], E[f²], and the product at two windows whose entries have all of `width` in common."""
    first = second = both = 0.0
    for z, weight in zip(STEPS, WEIGHTS, strict=True):
        values = [value(mean + width * z + own * most) for most in neighbours.GRID]
        inner = sum(density * each for each, density in zip(values, neighbours.density(count), strict=True))
        first += weight * inner
        both += weight * inner**2
        second += weight * sum(
            density * each**2 for each, density in zip(values, neighbours.density(count), strict=True)
        )
    return first, second, both
