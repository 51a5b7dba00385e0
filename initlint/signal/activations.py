"""The elementwise activations of torch, by name.

>>> round(activation("relu").forward_gain, 4), round(activation("leaky_relu", negative_slope=0.2).forward_gain, 4)
(1.4142, 1.3868)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

from initlint.signal import closed_forms
from initlint.signal.nonlinearity import Activation

SMALL_SLOPE = 0.5
"""A leaky ReLU with a negative slope up to this is still called ReLU-like (in use: 0.01 to 0.3)."""
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""Klambauer et al. 2017, arXiv:1706.02515."""
GELU_CUBIC = 0.044715
"""Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2."""


def activation(name: str, **parameters: object) -> Activation:
    """The activation that torch calls `name` (as a function), with torch's parameters and defaults.

    KeyError for an unknown name, TypeError for parameters it does not take or that are no numbers.
    """
    return _build(name, tuple(sorted(parameters.items())))


@lru_cache(maxsize=1024)
def _build(name: str, parameters: tuple[tuple[str, object], ...]) -> Activation:
    return ACTIVATIONS[name](**dict(parameters))


def logistic(x: float) -> float:
    """``1 / (1 + e⁻ˣ)`` without overflow."""
    tail = math.exp(-abs(x))
    return 1 / (1 + tail) if x >= 0 else tail / (1 + tail)


def softplus_of(x: float) -> float:
    """``log(1 + eˣ)`` without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sech_squared(x: float) -> float:
    """``1 - tanh²(x)`` without cancellation."""
    tail = math.exp(-abs(x))
    return (2 * tail / (1 + tail * tail)) ** 2


def _two_slopes(name: str, negative: float, positive: float = 1.0, square: float | None = None) -> Activation:
    return Activation(
        name,
        lambda x: positive * x if x > 0 else negative * x,
        lambda x: positive if x > 0 else negative,
        breakpoints=() if negative == positive else (0.0,),
        is_relu_like=abs(negative) <= SMALL_SLOPE,
        is_homogeneous=True,
        closed=closed_forms.two_slopes(negative, positive, square),
        parameters={"negative_slope": negative},
    )


def _rrelu(lower: float = 1 / 8, upper: float = 1 / 3, training: bool = True) -> Activation:
    square = (lower**2 + lower * upper + upper**2) / 3 if training else None
    return _two_slopes("rrelu", (lower + upper) / 2, square=square)


def _exponential_unit(name: str, outer: float, alpha: float, inner: float, is_relu_like: bool = True) -> Activation:
    """``outer * x`` above 0, ``outer * alpha * (e^(x / inner) - 1)`` below."""
    return Activation(
        name,
        lambda x: outer * x if x > 0 else outer * alpha * math.expm1(x / inner),
        lambda x: outer if x > 0 else outer * alpha / inner * math.exp(x / inner),
        breakpoints=(0.0,),
        scale=inner,
        is_relu_like=is_relu_like,
        parameters={"alpha": alpha},
    )


def _gelu(approximate: str = "none") -> Activation:
    if approximate == "tanh":
        return Activation("gelu", _gelu_tanh, _gelu_tanh_derivative, scale=1.0, is_relu_like=True)

    def derivative(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2)) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    return Activation(
        "gelu", lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2)), derivative, scale=1.0, is_relu_like=True
    )


def _gelu_tanh(x: float) -> float:
    return x * logistic(2 * math.sqrt(2 / math.pi) * (x + GELU_CUBIC * x**3))


def _gelu_tanh_derivative(x: float) -> float:
    gate = logistic(2 * math.sqrt(2 / math.pi) * (x + GELU_CUBIC * x**3))
    return gate + x * gate * (1 - gate) * 2 * math.sqrt(2 / math.pi) * (1 + 3 * GELU_CUBIC * x**2)


def _silu() -> Activation:
    def derivative(x: float) -> float:
        gate = logistic(x)
        return gate * (1 + x * logistic(-x))

    return Activation("silu", lambda x: x * logistic(x), derivative, scale=1.0, is_relu_like=True)


def _mish() -> Activation:
    def derivative(x: float) -> float:
        inner = softplus_of(x)
        return math.tanh(inner) + x * sech_squared(inner) * logistic(x)

    return Activation("mish", lambda x: x * math.tanh(softplus_of(x)), derivative, scale=1.0, is_relu_like=True)


def _clamp(
    name: str,
    low: float,
    high: float,
    slope: float = 1.0,
    offset: float = 0.0,
    is_relu_like: bool = False,
    is_logistic: bool = False,
) -> Activation:
    """``slope * x + offset`` held between `low` and `high`."""
    first, last = (low - offset) / slope, (high - offset) / slope
    return Activation(
        name,
        lambda x: min(max(slope * x + offset, low), high),
        lambda x: slope if first < x < last else 0.0,
        breakpoints=(first, last),
        is_relu_like=is_relu_like,
        saturates=not is_relu_like,
        is_logistic=is_logistic,
    )


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Activation:
    return _clamp("hardtanh", min_val, max_val)


def _hardswish() -> Activation:
    return Activation(
        "hardswish",
        lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
        lambda x: 0.0 if x <= -3 else 1.0 if x >= 3 else (2 * x + 3) / 6,
        breakpoints=(-3.0, 3.0),
        is_relu_like=True,
    )


def _softplus(beta: float = 1.0, threshold: float = 20.0) -> Activation:
    """torch goes over to x where ``beta * x > threshold``."""
    return Activation(
        "softplus",
        lambda x: x if beta * x > threshold else softplus_of(beta * x) / beta,
        lambda x: 1.0 if beta * x > threshold else logistic(beta * x),
        breakpoints=(threshold / beta,),
        scale=1 / beta,
    )


def _tanhshrink() -> Activation:
    return Activation("tanhshrink", _tanh_residue, lambda x: math.tanh(x) ** 2, scale=1.0)


def _tanh_residue(x: float) -> float:
    """``x - tanh(x)``; near 0 by its series, since the difference cancels."""
    if abs(x) > 0.1:
        return x - math.tanh(x)
    s = x * x
    return x * s * (1 / 3 + s * (-2 / 15 + s * (17 / 315 + s * (-62 / 2835 + s * 1382 / 155925))))


def _softshrink(lambd: float = 0.5) -> Activation:
    return Activation(
        "softshrink",
        lambda x: x - lambd if x > lambd else x + lambd if x < -lambd else 0.0,
        lambda x: 1.0 if abs(x) > lambd else 0.0,
        breakpoints=(-lambd, lambd),
    )


def _hardshrink(lambd: float = 0.5) -> Activation:
    return Activation(
        "hardshrink",
        lambda x: x if abs(x) > lambd else 0.0,
        lambda x: 1.0 if abs(x) > lambd else 0.0,
        breakpoints=(-lambd, lambd),
    )


def _threshold(threshold: float, value: float) -> Activation:
    return Activation(
        "threshold",
        lambda x: x if x > threshold else value,
        lambda x: 1.0 if x > threshold else 0.0,
        breakpoints=(threshold,),
        is_relu_like=True,
    )


def _sigmoid() -> Activation:
    return Activation(
        "sigmoid", logistic, lambda x: logistic(x) * logistic(-x), scale=1.0, saturates=True, is_logistic=True
    )


def _softsign() -> Activation:
    return Activation(
        "softsign",
        lambda x: x / (1 + abs(x)),
        lambda x: 1 / (1 + abs(x)) ** 2,
        breakpoints=(0.0,),
        scale=1.0,
        saturates=True,
    )


def _erf() -> Activation:
    slope = 2 / math.sqrt(math.pi)
    return Activation("erf", math.erf, lambda x: slope * math.exp(-x * x), scale=1.0, saturates=True)


ACTIVATIONS: Mapping[str, Callable[..., Activation]] = {
    "identity": lambda: _two_slopes("identity", 1.0),
    "relu": lambda: _two_slopes("relu", 0.0),
    "leaky_relu": lambda negative_slope=0.01: _two_slopes("leaky_relu", negative_slope),
    "prelu": lambda init=0.25: _two_slopes("prelu", init),
    "rrelu": _rrelu,
    "abs": lambda: _two_slopes("abs", -1.0),
    "elu": lambda alpha=1.0: _exponential_unit("elu", 1.0, alpha, 1.0),
    "selu": lambda: _exponential_unit("selu", SELU_SCALE, SELU_ALPHA, 1.0, is_relu_like=False),
    "celu": lambda alpha=1.0: _exponential_unit("celu", 1.0, alpha, alpha),
    "gelu": _gelu,
    "silu": _silu,
    "swish": _silu,
    "mish": _mish,
    "relu6": lambda: _clamp("relu6", 0.0, 6.0, is_relu_like=True),
    "hardswish": _hardswish,
    "sigmoid": _sigmoid,
    "hardsigmoid": lambda: _clamp("hardsigmoid", 0.0, 1.0, 1 / 6, 0.5, is_logistic=True),
    "tanh": lambda: Activation("tanh", math.tanh, sech_squared, scale=1.0, saturates=True),
    "hardtanh": _hardtanh,
    "softsign": _softsign,
    "erf": _erf,
    "softplus": _softplus,
    "logsigmoid": lambda: Activation("logsigmoid", lambda x: -softplus_of(-x), lambda x: logistic(-x), scale=1.0),
    "tanhshrink": _tanhshrink,
    "softshrink": _softshrink,
    "hardshrink": _hardshrink,
    "threshold": _threshold,
    "sin": lambda: Activation("sin", math.sin, math.cos, closed=closed_forms.wave(0.0)),
    "cos": lambda: Activation("cos", math.cos, lambda x: -math.sin(x), closed=closed_forms.wave(math.pi / 2)),
    "exp": lambda: Activation("exp", math.exp, math.exp, closed=closed_forms.exponential()),
    "power": lambda exponent=2.0: Activation(
        "power", lambda x: x**exponent, lambda x: exponent * x ** (exponent - 1), parameters={"exponent": exponent}
    ),
    "square": lambda: Activation("square", lambda x: x * x, lambda x: 2 * x, closed=closed_forms.power_two()),
}
"""By torch's functional name: each a function of torch's parameters."""
