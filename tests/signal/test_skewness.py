"""What skewness the sum of a rectified and a Gaussian signal has, and what operations do to it, against draws."""

from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.signal import activation, places, windows
from initlint.signal import propagation as ops
from initlint.signal.distribution import Distribution
from initlint.signal.moments import NOISE, Moments
from initlint.signal.size import Size, as_float

torch = pytest.importorskip("torch")
COUNT = 2_000_000
STREAM = ops.add(places.activate(NOISE, activation("relu")), Moments(0, 0.5))
"""The sum behind a residual block whose stream is rectified."""


def stream():
    torch.manual_seed(0)
    return torch.randn(COUNT).relu() + 0.5**0.5 * torch.randn(COUNT)


def known(value: object) -> float:
    number = as_float(value)
    assert number is not None
    return number


def skewness(drawn) -> float:
    centred = drawn - drawn.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


def assert_drawn(found: Moments, drawn, rel: float = 0.02) -> None:
    assert found.mean == pytest.approx(float(drawn.mean()), rel=rel, abs=0.01)
    assert found.variance == pytest.approx(float(drawn.var()), rel=rel)
    assert found.skewness == pytest.approx(skewness(drawn), rel=0.1, abs=0.02)


def test_third_cumulants_of_independent_signals_add() -> None:
    assert_drawn(STREAM, stream())


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "silu", "gelu", "elu", "relu6"])
def test_an_activation_of_a_skewed_signal_has_the_variance_of_draws(name: str) -> None:
    drawn = getattr(torch.nn.functional, name)(stream())
    found = places.activate(STREAM, activation(name))
    assert found.variance == pytest.approx(float(drawn.var()), rel=0.02)
    assert found.skewness == pytest.approx(skewness(drawn), rel=0.15)
    as_gaussian = places.activate(replace(STREAM, skewness=0.0), activation(name))
    assert abs(known(found.variance) - float(drawn.var())) < abs(known(as_gaussian.variance) - float(drawn.var()))


@pytest.mark.parametrize("name", ["relu", "silu"])
def test_the_variance_of_a_rectified_stream_stays_right_over_five_blocks(name: str) -> None:
    torch.manual_seed(1)
    function, x = getattr(torch.nn.functional, name), torch.randn(500, 2000)
    moments: Moments = NOISE
    for _ in range(5):
        branch = function(x) @ (torch.randn(2000, 2000) * (1.5 / 2000) ** 0.5)
        branch = (branch - branch.mean(0)) / branch.std(0)
        x, moments = function(x + branch), places.activate(ops.add(moments, NOISE), activation(name))
        assert moments.variance == pytest.approx(float(x.var()), rel=0.03)


def test_closed_forms_and_quadrature_agree_on_skewed_signals() -> None:
    closed, integrated = activation("relu"), replace(activation("relu"), closed=None)
    for mean in (-0.7, 0.0, 1.3):
        left, right = closed.forward(mean, 0.8, 0.4), integrated.forward(mean, 0.8, 0.4)
        for name in ("mean", "second", "skewness"):
            assert getattr(left, name) == pytest.approx(getattr(right, name), rel=1e-9)


def test_the_skewness_of_a_rectified_signal_does_not_depend_on_its_size() -> None:
    plain = activation("relu").forward(0, 1).skewness
    assert plain == pytest.approx(skewness(torch.manual_seed(2) and torch.randn(COUNT).relu()), rel=0.02)
    for variance in (1e-300, 1e300, Size.symbol("hidden")):
        assert activation("relu").forward(0, variance).skewness == pytest.approx(plain)


def test_a_constant_has_no_skewness() -> None:
    assert activation("relu").forward(0.5, 0, 1.0).variance == 0
    assert activation("relu").forward(-0.5, 0, 1.0).second == 0


def test_a_negative_factor_turns_the_skewness_round() -> None:
    assert_drawn(ops.scale(STREAM, -2), -2 * stream())


def test_dropout_and_products_have_the_skewness_of_draws() -> None:
    torch.manual_seed(3)
    assert_drawn(ops.dropout(STREAM, 0.2), torch.nn.functional.dropout(stream(), 0.2))
    assert_drawn(ops.multiply(STREAM, Moments(0.5, 1.25)), stream() * (0.5 + torch.randn(COUNT)))


def test_the_mean_of_places_is_less_skewed_than_one_of_them() -> None:
    independent = replace(STREAM, apart=known(STREAM.mean) ** 2)
    assert_drawn(windows.average(independent, windows.over(4)), stream().reshape(-1, 4).mean(1))


def test_a_norm_keeps_the_skewness_and_a_wide_linear_map_ends_it() -> None:
    assert ops.normalize(STREAM).skewness == pytest.approx(STREAM.skewness)
    assert ops.linear(STREAM, 100, Distribution.normal(0, 0.1)).skewness == 0
    assert ops.concatenate([(STREAM, 1), (NOISE, 3)]).skewness == pytest.approx(STREAM.skewness / 4)
