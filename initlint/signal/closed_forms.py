"""Activations whose Gaussian expectations are formulas.

Moments are taken for x ~ N(mean, variance); kernels for a pair of N(0, variance) with a correlation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.size import Number, Value, as_float


@dataclass(frozen=True)
class ClosedForm:
    """E[f], E[f²] and E[f'²] by (mean, variance), and the two-point kernels of f and f' by (correlation, variance)."""

    moments: Callable[[Number, Number], Moments]
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

    def moments(mean: Number, variance: Number) -> Moments:
        above, below = _one_sided(mean, variance), _one_sided(-mean, variance)
        if above is None or below is None:
            return UNKNOWN
        first = positive * above[1] - negative * below[1]
        return Moments(first, positive**2 * above[2] + square * below[2])

    def slope(mean: Number, variance: Number) -> Value:
        above, below = _one_sided(mean, variance), _one_sided(-mean, variance)
        return None if above is None or below is None else positive**2 * above[0] + square * below[0]

    def kernel(correlation: float, variance: float) -> float:
        angle = math.acos(correlation)
        arc = (math.sin(angle) + (math.pi - angle) * correlation) / (2 * math.pi)
        return variance * (negative * positive * correlation + (positive - negative) ** 2 * arc)

    def slope_kernel(correlation: float, variance: float) -> float:
        arc = (math.pi - math.acos(correlation)) / (2 * math.pi)
        return negative * positive + (positive - negative) ** 2 * arc

    return ClosedForm(moments, slope, kernel, slope_kernel)


def _one_sided(mean: Number, variance: Number) -> tuple[float, Number, Number] | None:
    """P(x > 0), E[x; x > 0] and E[x²; x > 0]; None where mean / std is not a plain number."""
    std = variance**0.5
    if variance == 0:
        ratio: float | None = math.copysign(math.inf, mean) if isinstance(mean, (int, float)) and mean else 0.0
    else:
        ratio = as_float(mean / std)
    if ratio is None:
        return None
    mass, density = 0.5 * math.erfc(-ratio / math.sqrt(2)), math.exp(-ratio * ratio / 2) / math.sqrt(2 * math.pi)
    return mass, mean * mass + std * density, (mean**2 + variance) * mass + mean * std * density


def power_two() -> ClosedForm:
    """x²: E[x⁴] of a Gaussian; kernels by Isserlis' theorem."""

    def moments(mean: Number, variance: Number) -> Moments:
        return Moments(mean**2 + variance, mean**4 + 6 * mean**2 * variance + 3 * variance**2)

    return ClosedForm(
        moments,
        lambda mean, variance: 4 * (mean**2 + variance),
        lambda correlation, variance: variance**2 * (1 + 2 * correlation**2),
        lambda correlation, variance: 4 * correlation * variance,
    )


def exponential() -> ClosedForm:
    """eˣ: moments of a log-normal variable."""

    def slope(mean: Number, variance: Number) -> Value:
        m, v = as_float(mean), as_float(variance)
        return None if m is None or v is None else _exp(2 * m + 2 * v)

    def moments(mean: Number, variance: Number) -> Moments:
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

    def moments(mean: Number, variance: Number) -> Moments:
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
