"""Expectations of a function of one or two Gaussians, by composite Gauss-Legendre quadrature.

The panels end where the Gaussian bends, at the function's kinks, and at growing distances from the place where it is
curved, so that each panel is smooth at its own scale for any variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise

Function = Callable[[float], float]

ORDER = 12
"""Nodes a panel: error below 1e-10 where the nearest pole is half a panel away."""
REACH = 9.0
"""In standard deviations: 2e-19 of the mass lies beyond."""
BENDS = (-REACH, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, REACH)
DISTANCES = (2.0, 4.0, 8.0, *(8.0 * 4.0**k for k in range(1, 21)))
"""In units of the function's own scale. At the last, 1e13, any activation is a straight line to 1e-12."""


def expectation(function: Function, mean: float, std: float, edges: Iterable[float] = ()) -> float:
    """E[f(x)], x ~ N(mean, std²); `edges` are the places in x at which a panel must end."""
    if std == 0:
        return function(mean)
    total = 0.0
    for z, weight in _nodes(_panels(mean, std, edges)):
        total += weight * function(mean + std * z)
    return total


def first_moments(
    function: Function, mean: float, std: float, edges: Iterable[float] = (), skewness: float = 0.0
) -> tuple[float, float, float]:
    """E[f(x)], E[f(x)²] and E[f(x)³] in one pass; arguments as of `expectation`.

    A skewed x has the density of a Gram-Charlier series of type A (Kendall and Stuart, The Advanced Theory of
    Statistics, vol. 1, section 6.17): the Gaussian times ``1 + skewness / 6 (z³ - 3 z)``.
    """
    if std == 0:
        value = function(mean)
        return value, value**2, value**3
    first = second = third = 0.0
    for z, weight in _nodes(_panels(mean, std, edges)):
        value = function(mean + std * z)
        share = weight * (1 + skewness / 6 * z * (z * z - 3)) * value
        first += share
        second += share * value
        third += share * value * value
    return first, second, third


def pair_expectation(
    function: Function, std: float, correlation: float, kinks: tuple[float, ...] = (), scale: float | None = None
) -> float:
    """E[f(u) f(v)], both N(0, std²) with the given correlation (-1 to 1); kinks and scale as in `edges_of`."""
    edges = [edge for edge in edges_of(kinks, scale) if abs(edge) < REACH * std]
    sides = [*edges, *(-edge for edge in edges)]
    if abs(correlation) == 1:
        return expectation(lambda x: function(x) * function(correlation * x), 0.0, std, sides)
    spread = std * math.sqrt(1 - correlation**2)
    rounded = [side * kink + spread * step for kink in kinks for side in (-1, 1) for step in ROUNDING]

    def given(x: float) -> float:
        return function(x) * expectation(function, correlation * x, spread, edges)

    return expectation(given, 0.0, std, [*sides, *rounded])


ROUNDING = (-4.0, -1.0, 1.0, 4.0)
"""The conditional mean of a function with a kink is smooth, but bends within so many conditional spreads of it."""


def edges_of(kinks: tuple[float, ...], scale: float | None) -> tuple[float, ...]:
    """Where panels end for a function with these kinks that is curved around 0 at `scale` (None: nowhere)."""
    if scale is None:
        return kinks
    return (*dict.fromkeys((*kinks, 0.0)), *(side * scale * d for d in DISTANCES for side in (-1, 1)))


def _panels(mean: float, std: float, edges: Iterable[float]) -> list[float]:
    inner = {(edge - mean) / std for edge in edges}
    return sorted({*BENDS, *(z for z in inner if -REACH < z < REACH)})


def _nodes(panels: list[float]) -> Iterable[tuple[float, float]]:
    """Places z and weights of the standard Gaussian measure."""
    rule = legendre_rule(ORDER)
    for left, right in pairwise(panels):
        half, middle = (right - left) / 2, (right + left) / 2
        scale = half / math.sqrt(2 * math.pi)
        for node, weight in rule:
            z = middle + half * node
            yield z, scale * weight * math.exp(-z * z / 2)


@lru_cache
def legendre_rule(order: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1], by Newton's method on the Legendre polynomial."""
    rule = []
    for k in range(order):
        x = math.cos(math.pi * (k + 0.75) / (order + 0.5))
        for _ in range(10):
            value, slope = _legendre(order, x)
            x -= value / slope
        rule.append((x, 2 / ((1 - x * x) * _legendre(order, x)[1] ** 2)))
    return tuple(rule)


def _legendre(order: int, x: float) -> tuple[float, float]:
    before, value = 1.0, x
    for n in range(2, order + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    return value, order * (x * value - before) / (x * x - 1)
