"""Entries of one unit at places near each other: pools whose windows overlap make neighbours alike, and only these.

A convolution with independent weights takes what two places have in common to the same two places divided by its stride:
each tap is multiplied by itself alone (Garriga-Alonso et al. 2019, arXiv:1808.05587, eq. 7).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from initlint.signal.moments import Moments
from initlint.signal.size import Value, combine

Lag: TypeAlias = tuple[int, ...]
"""Distance of two places along each axis, never negative."""
FARTHEST = 3
"""Places along an axis beyond which neighbours count as any other two."""


def at(moments: Moments, lag: Sequence[int]) -> Value:
    """E[x x'] of one unit at two places so far from each other."""
    return moments.near.get(tuple(map(abs, lag)), moments.apart) if any(lag) else moments.second


def between(moments: Moments, kernel: Sequence[int], offset: Sequence[int]) -> Value:
    """E[x x'] for an entry under a window and one under another window, moved by `offset`, on average."""
    total, left = _scaled(moments.apart, 0.0), 1.0
    for lag in product(*(range(-reach, reach + 1) for reach in _reach(moments, len(kernel)))):
        sides = zip(kernel, lag, offset, strict=True)
        share = math.prod(max(size - abs(step - moved), 0) / size**2 for size, step, moved in sides)
        if share:
            total, left = combine(lambda a, b: a + b, total, _scaled(at(moments, lag), share)), left - share
    return combine(lambda a, b: a + b, total, _scaled(moments.apart, left))


def _scaled(value: Value, share: float) -> Value:
    return combine(lambda number: number * share, value)


def _reach(moments: Moments, axes: int) -> list[int]:
    lags = [lag for lag in moments.near if len(lag) == axes]
    return [max((lag[axis] for lag in lags), default=0) for axis in range(axes)]


def within(moments: Moments, kernel: Sequence[int]) -> Value:
    """E[x x'] of two different entries under one window."""
    count = math.prod(kernel)
    if count < 2:
        return moments.apart
    whole = between(moments, kernel, [0] * len(kernel))
    return combine(lambda all_, q: (all_ * count - q) / (count - 1), whole, moments.second)


def pooled(moments: Moments, kernel: Sequence[int], stride: Sequence[int]) -> Iterator[tuple[Lag, Lag]]:
    """Of what a pool leaves, the distances at which two windows have neighbours in common: in windows and in places."""
    ends = [
        min((reach + size - 1) // step, FARTHEST)
        for reach, size, step in zip(_reach(moments, len(kernel)), kernel, stride, strict=True)
    ]
    for lag in product(*(range(end + 1) for end in ends)):
        if any(lag):
            yield lag, tuple(step * moved for step, moved in zip(stride, lag, strict=True))


def averaged(moments: Moments, kernel: Sequence[int], stride: Sequence[int]) -> dict[Lag, Value]:
    """E[x x'] behind an average over windows."""
    return {lag: between(moments, kernel, offset) for lag, offset in pooled(moments, kernel, stride)}


def strided(near: Mapping[Lag, Value], stride: Sequence[int]) -> dict[Lag, Value]:
    """What is left of neighbours behind a convolution that moves by `stride`."""
    found = {}
    for lag, value in near.items():
        if len(lag) == len(stride) and not any(moved % step for moved, step in zip(lag, stride, strict=True)):
            found[tuple(moved // step for moved, step in zip(lag, stride, strict=True))] = value
    return found


# ------------------------------------------------------------------------------------------------------- largest of many

STEPS = tuple(step / 2 for step in range(-10, 11))
"""Nodes of the trapezoidal rule for one Gaussian: exact to 1e-9 for what is smooth at the scale of 1."""
WEIGHTS = tuple(math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / 2 for z in STEPS)
GRID = tuple(step / 8 for step in range(-72, 73))
"""Nodes for the largest of independent N(0, 1)."""


@lru_cache(maxsize=64)
def density(count: int) -> tuple[float, ...]:
    """Of the largest of `count` at the nodes of `GRID`, summing to 1 (David and Nagaraja 2003)."""
    raw = [math.exp(-z * z / 2) * (0.5 * math.erfc(-z / math.sqrt(2))) ** (count - 1) for z in GRID]
    return tuple(value / sum(raw) for value in raw)


def overlapping(
    value: Callable[[float], float], mean: float, width: float, own: float, count: int, shared: int
) -> float:
    """E[f(A) f(B)] of the largest under two windows of `count` entries of which they have `shared` in common.

    All entries have a common part of std `width`, and each one of its own.
    """
    total, ours, others = 0.0, density(shared), density(count - shared)
    for z, weight in zip(STEPS, WEIGHTS, strict=True):
        values = [value(mean + width * z + own * most) for most in GRID]
        above, below = sum(map(_times, values, others)), 0.0
        for result, mine, other in zip(values, ours, others, strict=True):
            above, below = above - result * other, below + other
            total += weight * mine * (result * below + above) ** 2
    return total


def _times(left: float, right: float) -> float:
    return left * right
