"""Activations: the functions themselves, and what they do to a Gaussian."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from initlint.signal.activations import ACTIVATIONS, activation
from initlint.signal.nonlinearity import Activation
from initlint.signal.size import Size, as_float

STANDARD_ERRORS = 5
ACCURACY = 1e-9
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
VARIANTS: list[tuple[str, dict[str, float | str]]] = [
    *((name, {}) for name in ACTIVATIONS if name != "threshold"),
    ("threshold", {"threshold": 0.1, "value": 0.2}),
    ("leaky_relu", {"negative_slope": 0.2}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 2.0}),
    ("gelu", {"approximate": "tanh"}),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("softplus", {"beta": 2.0, "threshold": 5.0}),
    ("softshrink", {"lambd": 1.0}),
    ("hardshrink", {"lambd": 1.0}),
]
EVERY = pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=lambda part: str(part))
BY_NUMBERS = pytest.mark.parametrize(
    ("name", "parameters"), [v for v in VARIANTS if v[0] not in ("exp", "square", "rrelu")], ids=lambda part: str(part)
)


def known(value: object) -> float:
    number = as_float(value)
    assert number is not None
    return number


def reference(function: Callable[[float], float], mean: float, std: float, kinks: tuple[float, ...]) -> float:
    """E[f(mean + std z)] by one rule of 200 nodes on each smooth piece: independent of the panels under test."""
    ends = sorted({-10.0, 10.0, *(z for z in ((k - mean) / std for k in (*kinks, 0.0)) if -10 < z < 10)})
    total = 0.0
    for left, right in pairwise(ends):
        z = (left + right) / 2 + (right - left) / 2 * NODES
        values = np.array([function(mean + std * one) for one in z])
        total += float(np.sum(WEIGHTS * values * np.exp(-z * z / 2))) * (right - left) / 2
    return total / math.sqrt(2 * math.pi)


@EVERY
def test_values_are_those_of_torch(name: str, parameters: dict[str, float | str]) -> None:
    torch = pytest.importorskip("torch")
    x = torch.linspace(-30, 30, 4001, dtype=torch.float64)
    functions = torch.nn.functional
    special = {
        "identity": lambda x: x,
        "prelu": lambda x: functions.prelu(x, torch.tensor([0.25], dtype=torch.float64)),
        "swish": functions.silu,
        "power": torch.square,
        **{n: getattr(torch, n) for n in ("sin", "cos", "exp", "abs", "square", "erf", "sigmoid", "tanh")},
    }
    theirs = special.get(name) or getattr(functions, name)
    ours = [activation(name, **parameters).value(float(one)) for one in x]
    assert torch.allclose(torch.tensor(ours, dtype=torch.float64), theirs(x, **parameters), rtol=1e-9, atol=1e-12)


@EVERY
def test_the_derivative_is_the_slope_of_the_value(name: str, parameters: dict[str, float | str]) -> None:
    phi, step = activation(name, **parameters), 1e-5
    for x in np.linspace(-6, 6, 241) + 0.0123:
        if min((abs(x - kink) for kink in phi.breakpoints), default=1.0) > 2 * step:
            slope = (phi.value(x + step) - phi.value(x - step)) / (2 * step)
            assert phi.derivative(float(x)) == pytest.approx(slope, rel=1e-6, abs=1e-8)


@BY_NUMBERS
@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.7, 0.3), (-2.0, 4.0), (0.0, 0.01), (1.0, 50.0)])
def test_moments_are_accurate(name: str, parameters: dict[str, float | str], mean: float, variance: float) -> None:
    phi, std = activation(name, **parameters), math.sqrt(variance)
    moments = phi.forward(mean, variance)
    kinks = phi.breakpoints
    scale = math.sqrt(known(moments.second))
    assert known(moments.mean) == pytest.approx(reference(phi.value, mean, std, kinks), rel=ACCURACY, abs=1e-9 * scale)
    second = reference(lambda x: phi.value(x) ** 2, mean, std, kinks)
    assert known(moments.second) == pytest.approx(second, rel=ACCURACY, abs=1e-15)
    slope = reference(lambda x: phi.derivative(x) ** 2, mean, std, kinks)
    assert known(phi.backward(mean, variance)) == pytest.approx(slope, rel=ACCURACY, abs=1e-15)


@EVERY
def test_moments_are_those_of_samples(name: str, parameters: dict[str, float | str]) -> None:
    phi = activation(name, **parameters)
    x = 0.3 + 0.8 * np.random.default_rng(3).standard_normal(40_000)
    moments = phi.forward(0.3, 0.64)
    if name == "rrelu":
        y = np.where(x > 0, x, x * np.random.default_rng(4).uniform(1 / 8, 1 / 3, x.shape))
    else:
        y = np.array([phi.value(one) for one in x])
    for sample, expected in ((y, moments.mean), (y**2, moments.second)):
        noise = STANDARD_ERRORS * sample.std() / math.sqrt(len(sample))
        assert sample.mean() == pytest.approx(known(expected), abs=noise)


@pytest.mark.parametrize("variance", [1e-30, 1e-12, 1e-4])
@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "mish", "elu", "selu", "hardtanh", "softsign", "erf", "sin"])
def test_a_tiny_signal_sees_a_pair_of_straight_lines(name: str, variance: float) -> None:
    phi = activation(name)
    left, right = phi.derivative(-1e-300), phi.derivative(1e-300)
    second = variance * (left**2 + right**2) / 2
    assert known(phi.forward(0.0, variance).second) == pytest.approx(second, rel=4 * math.sqrt(variance) + 1e-9)


@pytest.mark.parametrize("variance", [1e6, 1e12, 1e30, 1e200])
@pytest.mark.parametrize(
    ("name", "second"),
    [("gelu", 0.5), ("silu", 0.5), ("mish", 0.5), ("elu", 0.5), ("hardswish", 0.5), ("softplus", 0.5)],
)
def test_a_huge_signal_sees_a_relu(name: str, second: float, variance: float) -> None:
    assert known(activation(name).forward(0.0, variance).second) == pytest.approx(second * variance, rel=1e-3)


@pytest.mark.parametrize("variance", [1e6, 1e12, 1e30, 1e200])
@pytest.mark.parametrize(("name", "second"), [("tanh", 1.0), ("sigmoid", 0.5), ("hardtanh", 1.0), ("softsign", 1.0)])
def test_a_huge_signal_saturates_a_bounded_activation(name: str, second: float, variance: float) -> None:
    phi = activation(name)
    tolerance = 20 * math.log(variance) / math.sqrt(variance)
    assert known(phi.forward(0.0, variance).second) == pytest.approx(second, abs=tolerance + 1e-9)
    assert 0 <= known(phi.backward(0.0, variance)) < 2 / math.sqrt(variance)


@EVERY
def test_without_variance_the_value_at_the_mean_is_left(name: str, parameters: dict[str, float | str]) -> None:
    phi = activation(name, **parameters)
    for mean in (-0.7, 0.0, 1.3):
        moments = phi.forward(mean, 0.0)
        assert known(moments.mean) == pytest.approx(phi.value(mean), abs=1e-12)
        if name != "rrelu":
            assert known(moments.second) == pytest.approx(phi.value(mean) ** 2, abs=1e-12)


@pytest.mark.parametrize(("name", "parameters"), [v for v in VARIANTS if v[0] != "rrelu"], ids=lambda part: str(part))
@pytest.mark.parametrize("variance", [0.5, 3.0])
def test_kernels_end_at_the_moments(name: str, parameters: dict[str, float | str], variance: float) -> None:
    phi = activation(name, **parameters)
    moments = phi.forward(0.0, variance)
    assert phi.kernel(1.0, variance) == pytest.approx(known(moments.second))
    assert phi.kernel(0.0, variance) == pytest.approx(known(moments.mean) ** 2, abs=1e-9)
    assert phi.derivative_kernel(1.0, variance) == pytest.approx(known(phi.backward(0.0, variance)))


@EVERY
def test_kernels_are_those_of_samples(name: str, parameters: dict[str, float | str]) -> None:
    phi, generator = activation(name, **parameters), np.random.default_rng(5)
    u, noise = generator.standard_normal((2, 20_000))
    v = 0.6 * u + 0.8 * noise
    for function, expected in ((phi.value, phi.kernel(0.6)), (phi.derivative, phi.derivative_kernel(0.6))):
        products = np.array([function(a) * function(b) for a, b in zip(u, v, strict=True)])
        assert products.mean() == pytest.approx(expected, abs=STANDARD_ERRORS * products.std() / math.sqrt(len(u)))


@pytest.mark.parametrize("correlation", [-0.9, -0.3, 0.0, 0.5, 0.9, 0.999])
def test_numbers_agree_with_the_closed_kernels(correlation: float) -> None:
    relu = activation("relu")
    by_numbers = Activation("relu", relu.value, relu.derivative, breakpoints=(0.0,))
    assert by_numbers.kernel(correlation, 2.0) == pytest.approx(relu.kernel(correlation, 2.0), abs=1e-7)
    assert by_numbers.derivative_kernel(correlation) == pytest.approx(relu.derivative_kernel(correlation), abs=1e-6)
    erf_kernel = 2 / math.pi * math.asin(2 * 1.5 * correlation / (1 + 2 * 1.5))  # Williams 1997, zero bias
    assert activation("erf").kernel(correlation, 1.5) == pytest.approx(erf_kernel, abs=1e-9)
    sine = activation("sin")
    by_numbers = Activation("sin", sine.value, sine.derivative, scale=1.0)
    assert by_numbers.kernel(correlation, 0.7) == pytest.approx(sine.kernel(correlation, 0.7), abs=1e-9)
    assert by_numbers.derivative_kernel(correlation) == pytest.approx(sine.derivative_kernel(correlation), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [
        ("relu", math.sqrt(2), math.sqrt(2)),
        ("identity", 1.0, 1.0),
        ("selu", 1.0, 0.9660),  # Klambauer et al. 2017: variance 1 is SELU's fixed point
        ("tanh", 1.5925, 1.4674),
        ("gelu", 1.5335, 1.4811),
        ("silu", 1.6765, 1.6233),
    ],
)
def test_gains_keep_the_second_moment(name: str, forward: float, backward: float) -> None:
    assert activation(name).forward_gain == pytest.approx(forward, abs=1e-4)
    assert activation(name).backward_gain == pytest.approx(backward, abs=1e-4)


def test_flags_tell_the_families_apart() -> None:
    def flagged(flag: str) -> set[str]:
        return {name for name, parameters in VARIANTS if getattr(activation(name, **parameters), flag)}

    assert flagged("is_relu_like") == {
        "relu", "leaky_relu", "prelu", "rrelu", "elu", "celu", "gelu", "silu", "swish", "mish", "relu6", "hardswish",
        "threshold",
    }  # fmt: skip
    assert flagged("saturates") == {"sigmoid", "tanh", "hardtanh", "hardsigmoid", "softsign", "erf"}
    assert flagged("is_logistic") == {"sigmoid", "hardsigmoid"}
    assert flagged("is_homogeneous") == {"relu", "leaky_relu", "prelu", "rrelu", "abs", "identity"}
    assert not activation("leaky_relu", negative_slope=0.9).is_relu_like


def test_the_same_name_and_parameters_give_the_same_object() -> None:
    assert activation("elu", alpha=0.5) is activation("elu", alpha=0.5)
    assert activation("elu", alpha=0.5) is not activation("elu")


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        activation("rele")


def test_a_parameter_that_it_does_not_take_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        activation("relu", negative_slope=0.1)


def test_an_unknown_signal_stays_unknown() -> None:
    width = Size.symbol("width")
    for name in ("relu", "tanh", "exp", "sin", "square"):
        assert activation(name).forward(None, 1.0).second is None
        assert activation(name).backward(0.0, None) is None
    assert activation("tanh").forward(0, 1 / width).second is None
    assert activation("exp").forward(0, 1 / width).second is None
    assert activation("sin").backward(0, 1 / width) is None
    assert activation("relu").forward(1, 1 / width).second is None


def test_a_homogeneous_activation_takes_a_symbolic_variance() -> None:
    width = Size.symbol("width")
    assert activation("relu").forward(0, 2 / width).second == 1 / width
    assert activation("relu").backward(0, 2 / width) == 0.5
    shifted = activation("relu").forward(width**-0.5, 1 / width)
    assert as_float(shifted.second * width) == pytest.approx(known(activation("relu").forward(1, 1).second))


@pytest.mark.parametrize("name", ["relu", "tanh", "exp", "sin", "square"])
@pytest.mark.parametrize(("mean", "variance"), [(0.0, math.inf), (math.inf, 1.0), (0.0, math.nan), (0.0, -1.0)])
def test_what_are_no_moments_give_nothing(name: str, mean: float, variance: float) -> None:
    assert activation(name).forward(mean, variance).second is None
    assert activation(name).backward(mean, variance) is None
