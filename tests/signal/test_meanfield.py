"""Fixed points and depth scales of infinitely wide networks."""

from __future__ import annotations

import math

import pytest

from initlint.signal.activations import activation
from initlint.signal.meanfield import (
    correlation_fixed_point,
    correlation_map,
    correlation_rate,
    critical_point,
    depth_scales,
    half_stable_point,
    variance_fixed_point,
    variance_map,
    variance_rate,
)

TANH = activation("tanh")


@pytest.mark.parametrize(
    ("bias", "weight"), [(0.0, 1.0), (0.001, 1.189), (0.01, 1.424), (0.05, 1.761), (0.1, 1.986), (0.3, 2.505)]
)
def test_tanh_is_critical_on_its_line(bias: float, weight: float) -> None:
    point = critical_point(TANH, bias)
    assert point is not None
    assert point.weight == pytest.approx(weight, abs=5e-4)
    assert point.bias == pytest.approx(bias, abs=1e-9)


def test_the_critical_fixed_point_of_tanh_is_where_the_variance_settles() -> None:
    point = critical_point(TANH, 0.05)
    assert point is not None
    assert point.variance == pytest.approx(0.570, abs=5e-4)
    assert variance_fixed_point(TANH, point.weight, 0.05) == pytest.approx(point.variance, rel=1e-6)


def test_the_error_function_is_critical_at_quarter_pi() -> None:
    points = [critical_point(activation("erf"), bias) for bias in (0.0, 0.05)]
    assert [point and point.weight for point in points] == pytest.approx([math.pi / 4, 1.3758], abs=5e-5)


@pytest.mark.parametrize(
    ("weight", "depth"),
    [(0.5, 7.1), (1.0, 21.8), (1.4, 64.4), (1.6, 162), (1.75, 2557), (1.8, 755), (2.5, 70.8), (4.0, 41.9)],
)
def test_trainable_depth_of_tanh_peaks_at_the_critical_point(weight: float, depth: float) -> None:
    scales = depth_scales(TANH, weight, 0.05)
    assert scales is not None
    assert scales.trainable_depth == pytest.approx(depth, rel=0.008)


@pytest.mark.parametrize(
    ("name", "variance", "weight", "bias"),
    [
        ("gelu", 3.5616, 1.983058, 0.172922),
        ("silu", 14.3202, 1.988005, 0.555143),
        ("mish", 1.6702, 2.013524, 0.094522),
        ("hardswish", 4.8044, 1.973286, 0.507153),
    ],
)
def test_smooth_relus_have_a_half_stable_critical_point(name: str, variance: float, weight: float, bias: float) -> None:
    point = half_stable_point(activation(name))
    assert point is not None
    assert point.variance == pytest.approx(variance, rel=3e-4)
    assert point.weight == pytest.approx(weight, abs=1e-5)
    assert point.bias == pytest.approx(bias, abs=2e-5)


def test_an_activation_with_a_stable_point_has_no_half_stable_one() -> None:
    assert half_stable_point(TANH) is None


def test_relu_is_critical_at_two_for_any_signal() -> None:
    relu = activation("relu")
    point = critical_point(relu, 0.0)
    assert point is not None
    assert point.weight == 2
    assert variance_fixed_point(relu, 2.0, 0.0, start=3.0) == 3.0
    assert variance_rate(relu, 3.0, 2.0) == 1.0


def test_the_variance_settles_vanishes_or_diverges() -> None:
    relu = activation("relu")
    assert variance_fixed_point(relu, 1.5, 0.1) == pytest.approx(0.4)
    assert variance_fixed_point(relu, 1.9, 0.0) == 0
    assert variance_fixed_point(relu, 2.1, 0.0) is None
    assert depth_scales(relu, 2.1, 0.0) is None
    assert variance_fixed_point(activation("selu"), 1.0, 0.0) == pytest.approx(1)


@pytest.mark.parametrize("name", ["tanh", "gelu", "erf", "elu"])
def test_the_variance_rate_is_the_slope_of_the_map(name: str) -> None:
    phi, q, step = activation(name), 1.3, 1e-4
    slope = (variance_map(phi, q + step, 1.7, 0.1) - variance_map(phi, q - step, 1.7, 0.1)) / (2 * step)
    assert variance_rate(phi, q, 1.7) == pytest.approx(slope, rel=1e-6)


def test_the_correlation_rate_is_the_slope_of_the_map() -> None:
    c, q, step = 0.4, 0.9, 1e-4
    values = [correlation_map(TANH, c + side * step, q, 2.0, 0.1) for side in (-1, 1)]
    expected = (values[1] - values[0]) / (2 * step)
    assert correlation_rate(TANH, c, q, 2.0) == pytest.approx(expected, rel=1e-6)


def test_inputs_become_one_in_the_ordered_phase_and_stay_apart_in_the_chaotic_one() -> None:
    ordered = variance_fixed_point(TANH, 1.2, 0.05)
    chaotic = variance_fixed_point(TANH, 4.0, 0.05)
    assert ordered is not None
    assert chaotic is not None
    assert correlation_fixed_point(TANH, ordered, 1.2, 0.05) == 1
    correlation = correlation_fixed_point(TANH, chaotic, 4.0, 0.05)
    assert 0 < correlation < 0.5
    assert correlation_map(TANH, correlation, chaotic, 4.0, 0.05) == pytest.approx(correlation, abs=1e-9)
