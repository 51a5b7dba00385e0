"""What an activation is to the theory: a function, its derivative, and what they do to a Gaussian."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from initlint.signal.closed_forms import ClosedForm
from initlint.signal.moments import UNKNOWN, Moments, skewness_of
from initlint.signal.quadrature import edges_of, expectation, first_moments, pair_expectation
from initlint.signal.size import Value, as_float

Function = Callable[[float], float]

DIGITS = 12
"""Significant digits of the arguments under which an integral is remembered."""
MOST_SKEWED = 1.0493
"""A larger skewness counts as this one: the largest that a Gram-Charlier density of four moments has without turning
negative, at an excess kurtosis of 2.46 (Jondeau and Rockinger 2001, Journal of Economic Dynamics and Control 25, 1457-1483).
The series of three moments that is used here is negative far out in one tail for any skewness: here 1 % of its mass."""


@dataclass(frozen=True, eq=False)
class Activation:
    """An elementwise activation. Compared by identity: `activation` gives one object for one name and parameters."""

    name: str
    value: Function
    derivative: Function
    """At a kink: one of the one-sided slopes. Jumps have none: they are left out, as autograd leaves them out."""
    breakpoints: tuple[float, ...] = ()
    """Where the function or its derivative is not smooth."""
    scale: float | None = None
    """Width of the region around 0 in which it is curved; ``None`` for a function made of straight pieces."""
    is_relu_like: bool = False
    """Zero, or nearly, on one side and about linear on the other."""
    saturates: bool = False
    """Flat on both sides."""
    is_logistic: bool = False
    """A sigmoid, or the straight version of it: never negative, mean 1/2."""
    is_homogeneous: bool = False
    """``f(a x) = a f(x)`` for a > 0: the gain does not depend on the signal's size."""
    closed: ClosedForm | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)

    def forward(self, mean: Value, variance: Value, skewness: float = 0.0) -> Moments:
        """Moments of f(x) for x ~ N(mean, variance) (Poole et al. 2016, arXiv:1606.05340, eq. 3), or a skewed x."""
        if mean is None or variance is None or not _is_usable(mean, variance):
            return UNKNOWN
        skewness = min(max(skewness, -MOST_SKEWED), MOST_SKEWED)
        if self.closed is not None:
            return self.closed.moments(mean, variance, skewness)
        m, v = as_float(mean), as_float(variance)
        if m is None or v is None:
            return UNKNOWN
        return _moments(self, *_rounded(m, v, skewness))

    def backward(self, mean: Value, variance: Value) -> Value:
        """E[f'(x)²] for x ~ N(mean, variance): the gradient's factor (Schoenholz et al. 2017, arXiv:1611.01232)."""
        if mean is None or variance is None or not _is_usable(mean, variance):
            return None
        if self.closed is not None:
            return self.closed.slope(mean, variance)
        m, v = as_float(mean), as_float(variance)
        if m is None or v is None:
            return None
        return _slope(self, *_rounded(m, v))

    @property
    def forward_gain(self) -> float:
        """``1 / sqrt(E[f(z)²])``, z ~ N(0, 1): the gain that keeps the second moment at 1."""
        return 1 / math.sqrt(as_float(self.forward(0.0, 1.0).second) or math.inf)

    @property
    def backward_gain(self) -> float:
        """``1 / sqrt(E[f'(z)²])``, z ~ N(0, 1): the gain that keeps the gradient's second moment."""
        return 1 / math.sqrt(as_float(self.backward(0.0, 1.0)) or math.inf)

    def kernel(self, correlation: float, variance: float = 1.0) -> float:
        """E[f(u) f(v)], u and v ~ N(0, variance) with that correlation (Poole et al. 2016, eq. 5)."""
        correlation = min(max(correlation, -1.0), 1.0)
        if self.closed is not None:
            return self.closed.kernel(correlation, variance)
        return _pair_integral(self, False, *_rounded(correlation, variance))

    def derivative_kernel(self, correlation: float, variance: float = 1.0) -> float:
        """E[f'(u) f'(v)] of the same pair (Schoenholz et al. 2017)."""
        correlation = min(max(correlation, -1.0), 1.0)
        if self.closed is not None:
            return self.closed.slope_kernel(correlation, variance)
        return _pair_integral(self, True, *_rounded(correlation, variance))

    @property
    def edges(self) -> tuple[float, ...]:
        """Where the panels of an integral over it must end."""
        return edges_of(self.breakpoints, self.scale)


def _is_usable(mean: Value, variance: Value) -> bool:
    """Whether what is known of them are moments: finite, and no negative variance."""
    plain = [number for number in map(as_float, (mean, variance)) if number is not None]
    spread = as_float(variance)
    return all(map(math.isfinite, plain)) and (spread is None or spread >= 0)


@lru_cache(maxsize=8192)
def _moments(activation: Activation, mean: float, variance: float, skewness: float) -> Moments:
    first, second, cube = first_moments(activation.value, mean, math.sqrt(variance), activation.edges, skewness)
    return Moments(first, second, skewness=skewness_of(first, second, cube))


@lru_cache(maxsize=8192)
def _slope(activation: Activation, mean: float, variance: float) -> float:
    derivative = activation.derivative
    return expectation(lambda x: derivative(x) ** 2, mean, math.sqrt(variance), activation.edges)


@lru_cache(maxsize=1024)
def _pair_integral(activation: Activation, is_derivative: bool, correlation: float, variance: float) -> float:
    function = activation.derivative if is_derivative else activation.value
    return pair_expectation(function, math.sqrt(variance), correlation, activation.breakpoints, activation.scale)


def _rounded(*values: float) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)
