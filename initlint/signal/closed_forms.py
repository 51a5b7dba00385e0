"""Activations whose Gaussian expectations are formulas.

Moments are taken for x ~ N(mean, variance), or a skewed x as in `initlint.signal.quadrature.first_moments`; kernels for
a pair of N(0, variance) with a correlation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from initlint.signal.moments import UNKNOWN, Moments, skewness_of
from initlint.signal.normal import mass_below, normal_density
from initlint.signal.quadrature import REACH
from initlint.signal.size import Number, Value, as_float


@dataclass(frozen=True)
class ClosedForm:
    """Moments by (mean, variance, skewness), E[f'²] by (mean, variance), and the two-point kernels of f and f' by
    (correlation, variance)."""

    moments: Callable[[Number, Number, float], Moments]
    slope: Callable[[Number, Number], Value]
    kernel: Callable[[float, float], float]
    slope_kernel: Callable[[float, float], float]


def two_slopes(negative: float, positive: float, negative_square: float | None = None) -> ClosedForm:
    """``positive * x`` above 0 and ``negative * x`` below: ReLU, leaky ReLU, absolute value, identity.

    One-sided Gaussian moments; at mean 0, ``E[f²] = variance (negative² + positive²) / 2`` (He et al. 2015,
    arXiv:1502.01852, eq. 8 and 13). `negative_square` is E[slope²] of a random negative slope (RReLU). Kernels: the
    arc-cosine kernels of degree 1 and 0 (Cho and Saul 2009). Works on symbolic variances.
    """
    square = negative**2 if negative_square is None else negative_square

    def moments(mean: Number, variance: Number, skewness: float) -> Moments:
        ratio = _ratio(mean, variance)
        if ratio is None:
            return UNKNOWN
        above, below = _one_sided(mean, variance, ratio, skewness), _one_sided(-mean, variance, -ratio, -skewness)
        first = positive * above[1] - negative * below[1]
        return Moments(first, positive**2 * above[2] + square * below[2], skewness=skew_behind(ratio, skewness))

    def skew_behind(ratio: float, skewness: float) -> float:
        """Behind the slopes, from sums that do not depend on the size of the signal."""
        if abs(ratio) > REACH:
            return skewness
        (_, *above), (_, *below) = _standard(ratio, skewness), _standard(-ratio, -skewness)
        first = positive * above[0] - negative * below[0]
        second = positive**2 * above[1] + square * below[1]
        return skewness_of(first, second, positive**3 * above[2] - negative * square * below[2])

    def slope(mean: Number, variance: Number) -> Value:
        ratio = _ratio(mean, variance)
        return None if ratio is None else positive**2 * mass_below(ratio) + square * mass_below(-ratio)

    def kernel(correlation: float, variance: float) -> float:
        angle = math.acos(correlation)
        arc = (math.sin(angle) + (math.pi - angle) * correlation) / (2 * math.pi)
        return variance * (negative * positive * correlation + (positive - negative) ** 2 * arc)

    def slope_kernel(correlation: float, variance: float) -> float:
        arc = (math.pi - math.acos(correlation)) / (2 * math.pi)
        return negative * positive + (positive - negative) ** 2 * arc

    return ClosedForm(moments, slope, kernel, slope_kernel)


def _ratio(mean: Number, variance: Number) -> float | None:
    """Mean over standard deviation; None where it is no plain number."""
    if variance == 0:
        return math.copysign(math.inf, mean) if isinstance(mean, (int, float)) and mean else 0.0
    return as_float(mean / variance**0.5)


def _one_sided(mean: Number, variance: Number, ratio: float, skewness: float) -> tuple[float, Number, Number]:
    """P(x > 0) of a Gaussian, E[x; x > 0] and E[x²; x > 0].

    A skewness adds a sixth of itself times the third derivatives of these functions, since Hermite polynomials are
    orthogonal.
    """
    std, mass, density = variance**0.5, mass_below(ratio), normal_density(ratio)
    first, second = mean * mass + std * density, (mean**2 + variance) * mass + mean * std * density
    if skewness == 0 or density == 0:
        return mass, first, second
    return mass, first - skewness / 6 * ratio * density * std, second + skewness / 3 * density * variance


def _standard(ratio: float, skewness: float) -> tuple[float, float, float, float]:
    """As `_one_sided` for a variance of 1, and E[x³; x > 0]."""
    mass, density = mass_below(ratio), normal_density(ratio)
    first = ratio * mass + density * (1 - skewness / 6 * ratio)
    second = (ratio**2 + 1) * mass + density * (ratio + skewness / 3)
    return mass, first, second, (ratio**3 + 3 * ratio + skewness) * mass + (ratio**2 + 2) * density


def power_two() -> ClosedForm:
    """x²: E[x⁴]; kernels by Isserlis' theorem."""

    def moments(mean: Number, variance: Number, skewness: float) -> Moments:
        fourth = mean**4 + 6 * mean**2 * variance + 3 * variance**2 + 4 * skewness * mean * variance**1.5
        return Moments(mean**2 + variance, fourth)

    return ClosedForm(
        moments,
        lambda mean, variance: 4 * (mean**2 + variance),
        lambda correlation, variance: variance**2 * (1 + 2 * correlation**2),
        lambda correlation, variance: 4 * correlation * variance,
    )


def exponential() -> ClosedForm:
    """eˣ: moments of a log-normal variable. Skewness is left out: no series of a Gaussian holds so far in the tail."""

    def slope(mean: Number, variance: Number) -> Value:
        m, v = as_float(mean), as_float(variance)
        return None if m is None or v is None else _exp(2 * m + 2 * v)

    def moments(mean: Number, variance: Number, _skewness: float) -> Moments:
        m, v = as_float(mean), as_float(variance)
        return UNKNOWN if m is None or v is None else Moments(_exp(m + v / 2), _exp(2 * m + 2 * v))

    def kernel(correlation: float, variance: float) -> float:
        return _exp(variance * (1 + correlation))

    return ClosedForm(moments, slope, kernel, kernel)


def wave(phase: float) -> ClosedForm:
    """``sin(x + phase)``, from the characteristic function of a Gaussian.

    See Sitzmann et al. 2020, arXiv:2006.09661. The cosine is the sine with a phase of pi / 2, and so is a derivative.
    """

    def second(mean: float, variance: float) -> float:
        return math.sin(mean) ** 2 - math.cos(2 * mean) * math.expm1(-2 * variance) / 2

    def moments(mean: Number, variance: Number, _skewness: float) -> Moments:
        m, v = as_float(mean), as_float(variance)
        if m is None or v is None:
            return UNKNOWN
        return Moments(math.exp(-v / 2) * math.sin(m + phase), second(m + phase, v))

    def slope(mean: Number, variance: Number) -> Value:
        m, v = as_float(mean), as_float(variance)
        return None if m is None or v is None else second(m + phase + math.pi / 2, v)

    def kernel(correlation: float, variance: float, turn: float = 0.0) -> float:
        same, opposite = math.exp(-variance * (1 - correlation)), math.exp(-variance * (1 + correlation))
        return (same - math.cos(2 * (phase + turn)) * opposite) / 2

    return ClosedForm(moments, slope, kernel, lambda c, v: kernel(c, v, math.pi / 2))


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf
