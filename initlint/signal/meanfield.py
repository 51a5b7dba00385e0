"""Infinitely wide, infinitely deep: fixed points of variance and correlation, and how fast signals forget.

Weights have variance ``weight / fan_in`` and biases variance ``bias``. Poole et al. 2016 (arXiv:1606.05340) give the
maps, Schoenholz et al. 2017 (arXiv:1611.01232) the depth scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from initlint.signal.nonlinearity import Activation
from initlint.signal.quadrature import expectation
from initlint.signal.size import as_float

TRAINABLE_SCALES = 6.0
"""Networks were trained up to about so many correlation depth scales (Schoenholz et al. 2017, figure 5)."""
SMALLEST, BIGGEST = 1e-12, 1e12
"""A variance that leaves these bounds is said to vanish, or to diverge."""
TOLERANCE = 1e-12


@dataclass(frozen=True)
class DepthScales:
    """Number of layers over which a perturbation changes by a factor e; infinite at a critical point."""

    variance: float
    correlation: float
    gradient: float

    @property
    def trainable_depth(self) -> float:
        """Six correlation depth scales."""
        return TRAINABLE_SCALES * self.correlation


@dataclass(frozen=True)
class CriticalPoint:
    """Where chi is 1 at the fixed point: neither signal nor gradient vanish or explode exponentially."""

    variance: float
    """Fixed point of the pre-activation's variance."""
    weight: float
    bias: float


def variance_map(phi: Activation, variance: float, weight: float, bias: float) -> float:
    """``q' = weight E[phi(sqrt(q) z)²] + bias`` (Poole et al. 2016, eq. 3)."""
    return weight * _plain(phi.forward(0.0, variance).second) + bias


def variance_fixed_point(phi: Activation, weight: float, bias: float, start: float = 1.0) -> float | None:
    """Where `variance_map` leads from `start`: 0 if the signal dies, ``None`` if it grows without end."""

    def excess(variance: float) -> float:
        return variance_map(phi, variance, weight, bias) / variance - 1

    step = excess(start)
    if abs(step) < TOLERANCE:
        return start
    factor, other = (4.0 if step > 0 else 0.25), start
    while SMALLEST < other < BIGGEST:
        before, other = other, other * factor
        if excess(other) * step <= 0:
            return _root(excess, before, other)
    return None if step > 0 else 0.0


def chi(phi: Activation, variance: float, weight: float) -> float:
    """``weight E[phi'(sqrt(q) z)²]``: a gradient's second moment, layer by layer (Schoenholz et al. 2017)."""
    return weight * _plain(phi.backward(0.0, variance))


def variance_rate(phi: Activation, variance: float, weight: float) -> float:
    """Slope of `variance_map`, ``chi + weight E[phi'' phi]``, by Stein's lemma as ``E[phi² (z² - 1)] / 2q``."""
    if variance == 0 or phi.is_homogeneous:
        return chi(phi, variance, weight)

    def integrand(x: float) -> float:
        return phi.value(x) ** 2 * (x * x / variance - 1)

    return weight * expectation(integrand, 0.0, math.sqrt(variance), phi.edges) / (2 * variance)


def correlation_map(phi: Activation, correlation: float, variance: float, weight: float, bias: float) -> float:
    """``c' = (weight E[phi(u) phi(v)] + bias) / q*`` at the fixed point of the variance (Poole et al. 2016, eq. 5)."""
    return (weight * phi.kernel(correlation, variance) + bias) / variance


def correlation_rate(phi: Activation, correlation: float, variance: float, weight: float) -> float:
    """Slope of `correlation_map`, ``weight E[phi'(u) phi'(v)]``; at correlation 1 it is `chi`."""
    return weight * phi.derivative_kernel(correlation, variance)


def correlation_fixed_point(phi: Activation, variance: float, weight: float, bias: float) -> float:
    """The correlation that any two inputs end up with: 1 in the ordered phase (chi <= 1), less in the chaotic one.

    The map is convex in c >= 0, so Newton's method from 0 climbs to its lowest fixed point.
    """
    if chi(phi, variance, weight) <= 1 + TOLERANCE:
        return 1.0
    correlation = 0.0
    for _ in range(50):
        excess = correlation_map(phi, correlation, variance, weight, bias) - correlation
        if excess < TOLERANCE:
            break
        correlation += excess / (1 - correlation_rate(phi, correlation, variance, weight))
    return correlation


def depth_scales(phi: Activation, weight: float, bias: float) -> DepthScales | None:
    """``1 / |ln rate|`` of variance, correlation and gradient at the fixed point (Schoenholz et al. 2017).

    ``None`` if the variance has no fixed point.
    """
    variance = variance_fixed_point(phi, weight, bias)
    if variance is None:
        return None
    rate = variance_rate(phi, variance, weight)
    slope = chi(phi, variance, weight)
    correlation = correlation_fixed_point(phi, variance, weight, bias) if variance > 0 else 1.0
    meeting = slope if correlation == 1 else correlation_rate(phi, correlation, variance, weight)
    return DepthScales(_scale(rate), _scale(meeting), _scale(slope))


def critical_point(phi: Activation, bias: float) -> CriticalPoint | None:
    """The weight variance at which chi is 1 at the fixed point, for a bias variance; ``None`` if there is none.

    Along the variance q of the fixed point, ``weight = 1 / E[phi'²]`` and ``bias = q - weight E[phi²]``: solved for q.
    """
    if bias == 0 and phi.value(0.0) == 0:
        steepness = _plain(phi.backward(0.0, 0.0))
        return CriticalPoint(0.0, 1 / steepness, 0.0) if steepness > 0 else None

    def excess(variance: float) -> float:
        return _critical(phi, variance).bias - bias

    variance = _first_root(excess)
    return None if variance is None else _critical(phi, variance)


def half_stable_point(phi: Activation) -> CriticalPoint | None:
    """Where the variance's rate and chi are both 1: ``E[phi phi''] = 0``.

    Roberts, Yaida and Hanin 2022, The Principles of Deep Learning Theory, section 5.3.4; ``None`` if there is none.
    """
    variance = _first_root(lambda q: variance_rate(phi, q, 1.0) - chi(phi, q, 1.0))
    return None if variance is None else _critical(phi, variance)


def _critical(phi: Activation, variance: float) -> CriticalPoint:
    weight = 1 / chi(phi, variance, 1.0)
    return CriticalPoint(variance, weight, variance - variance_map(phi, variance, weight, 0.0))


def _first_root(function: Callable[[float], float]) -> float | None:
    """The smallest root between 1e-6 and 1e6 at which the sign changes from one half-decade to the next."""
    grid = [10 ** (k / 2) for k in range(-12, 13)]
    values = [function(x) for x in grid]
    for k in range(1, len(grid)):
        if values[k - 1] * values[k] < 0:
            return _root(function, grid[k - 1], grid[k])
    return None


def _root(function: Callable[[float], float], left: float, right: float) -> float:
    """The root between two points of different sign, by bisection of the logarithm."""
    is_rising = function(left) < 0
    while abs(right / left - 1) > TOLERANCE:
        middle = math.sqrt(left * right)
        if (function(middle) < 0) == is_rising:
            left = middle
        else:
            right = middle
        if middle in (left, right) and left == right:
            break
    return math.sqrt(left * right)


def _scale(rate: float) -> float:
    if rate <= 0:
        return 0.0
    distance = abs(math.log(rate))
    return math.inf if distance < TOLERANCE else 1 / distance


def _plain(value: object) -> float:
    number = as_float(value)
    return math.nan if number is None else number
