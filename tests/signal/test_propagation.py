"""Each operation's map against samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from initlint.signal import pooling
from initlint.signal import propagation as ops
from initlint.signal.distribution import Distribution
from initlint.signal.moments import STANDARD, UNKNOWN, Moments
from initlint.signal.pooling import MAX_COUNT
from initlint.signal.size import Size, as_float

STANDARD_ERRORS = 5
HIDDEN = Size.symbol("hidden")
INPUT = Moments(0.4, 0.4**2 + 0.9**2)
"""N(0.4, 0.9²)."""


def samples(*shape: int, seed: int = 0) -> Any:
    return 0.4 + 0.9 * np.random.default_rng(seed).standard_normal(shape)


def assert_moments(drawn: Any, expected: Moments) -> None:
    """`drawn` holds independent repetitions along its first axis."""
    for values, number in ((drawn, expected.mean), (drawn**2, expected.second)):
        means = values.reshape(len(values), -1).mean(axis=1)
        noise = STANDARD_ERRORS * means.std() / math.sqrt(len(means))
        assert means.mean() == pytest.approx(as_float(number), abs=noise + 1e-12)


def second(drawn: Any) -> float:
    return float(np.mean(drawn**2))


@pytest.mark.parametrize(
    ("weight", "bias"),
    [
        (Distribution.normal(0, 0.2), None),
        (Distribution.normal(0.1, 0.2), Distribution.normal(0.3, 0.5)),
        (Distribution.normal(0, 0.2), Distribution.constant(1)),
    ],
    ids=str,
)
def test_a_linear_map_sums_its_fan_in(weight: Distribution, bias: Distribution | None) -> None:
    generator, x = np.random.default_rng(1), samples(20_000, 30)
    w = generator.normal(as_float(weight.mean), as_float(weight.std), x.shape)
    law = bias or Distribution.constant(0)
    b = generator.normal(as_float(law.mean), as_float(law.std), len(x))
    assert_moments((w * x).sum(axis=1) + b, ops.linear(INPUT, 30, weight, bias))


def test_a_constant_weight_carries_the_mean_of_its_inputs() -> None:
    x = samples(20_000, 30)
    assert_moments((0.2 * x).sum(axis=1), ops.linear(INPUT, 30, Distribution.constant(0.2)))


@pytest.mark.parametrize(("rows", "columns"), [(40, 40), (60, 40), (40, 60)])
def test_an_identity_hands_on_what_it_reaches(rows: int, columns: int) -> None:
    weight = Distribution.identity(1.5, 1 / max(rows, columns))
    drawn = samples(5_000, columns) @ (1.5 * np.eye(rows, columns)).T
    assert_moments(drawn, ops.linear(INPUT, columns, weight))


@pytest.mark.parametrize(("rows", "columns"), [(40, 40), (60, 40), (40, 60)])
def test_an_orthogonal_map_keeps_length_where_it_can(rows: int, columns: int) -> None:
    generator, drawn = np.random.default_rng(2), []
    for _ in range(400):
        q, _r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        signs = generator.choice([-1, 1], size=q.shape[1])
        matrix = (q * signs) if rows >= columns else (q * signs).T
        drawn.append(matrix @ (0.9 * generator.standard_normal((columns, 4))))
    expected = ops.linear(Moments(0, 0.81), columns, Distribution.orthogonal(rows, columns))
    assert_moments(np.array(drawn), expected)


def test_a_gradient_sums_over_the_fan_out() -> None:
    generator = np.random.default_rng(3)
    gradient = (generator.normal(0.1, 0.3, (50_000, 20)) * generator.standard_normal((50_000, 20))).sum(axis=1)
    factor = as_float(ops.linear_backward(20, Distribution.normal(0.1, 0.3)))
    assert second(gradient) == pytest.approx(factor, rel=0.05)


def test_a_norm_sets_mean_and_variance() -> None:
    assert ops.normalize(INPUT, 2, 1) == Moments(1, pytest.approx(5, rel=1e-4))
    assert ops.normalize(Moments(0, 1e-5)).second == pytest.approx(0.5)
    assert ops.normalize(UNKNOWN) == STANDARD
    assert ops.normalize_backward(Moments(0, 4), 1, 0) == 0.25
    assert ops.normalize_backward(Moments(0, 4 * HIDDEN)) == 1 / (4 * HIDDEN)


def test_an_rms_norm_keeps_the_direction_of_the_mean() -> None:
    x = samples(2_000, 1_000)
    drawn = x / np.sqrt((x**2).mean(axis=1, keepdims=True))
    expected = ops.rms_normalize(INPUT)
    assert drawn.mean() == pytest.approx(as_float(expected.mean), rel=0.005)
    assert expected.second == pytest.approx(1)
    assert ops.rms_normalize(Moments(0, 0)) == Moments(0, 0)
    assert ops.rms_normalize_backward(Moments(0, 4)) == 0.25


def test_dropout_keeps_the_mean_and_adds_variance() -> None:
    x = samples(100_000)
    kept = np.random.default_rng(4).random(len(x)) >= 0.3
    assert_moments(x * kept / 0.7, ops.dropout(INPUT, 0.3))
    assert ops.dropout_backward(0.3) == pytest.approx(1 / 0.7)
    assert ops.dropout(INPUT, 1) == Moments(0, 0)
    assert ops.dropout_backward(1) == 0


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_alpha_dropout_is_torch_s(p: float) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    x = torch.from_numpy(samples(200_000)).requires_grad_()
    y = torch.nn.functional.alpha_dropout(x, p, training=True)
    y.sum().backward()
    assert_moments(y.detach().numpy(), ops.alpha_dropout(INPUT, p))
    assert second(x.grad.numpy()) == pytest.approx(ops.alpha_dropout_backward(p), rel=0.02)


def test_alpha_dropout_keeps_a_standard_signal_standard() -> None:
    assert ops.alpha_dropout(STANDARD, 0.2) == Moments(pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert ops.alpha_dropout(STANDARD, 1) == Moments(0, 0)


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.5])
def test_a_residual_sum_adds_variances_and_covariance(correlation: float) -> None:
    generator = np.random.default_rng(6)
    u, v = generator.standard_normal((2, 100_000))
    left, right = 0.4 + 0.9 * u, 1 + 2 * (correlation * u + math.sqrt(1 - correlation**2) * v)
    assert_moments(left + right, ops.add(INPUT, Moments(1, 5), correlation))


def test_concatenation_averages_by_width() -> None:
    assert ops.concatenate([(Moments(0, 1), 1), (Moments(2, 5), 3)]) == Moments(1.5, 4)
    assert ops.concatenate([(STANDARD, HIDDEN), (STANDARD, None)]) == STANDARD
    joined = ops.concatenate([(Moments(0, 1), HIDDEN), (Moments(0, 3), 3 * HIDDEN)])
    assert joined == Moments(0, 2.5)
    assert ops.concatenate([(Moments(0, 1), HIDDEN), (Moments(0, 3), None)]).second is None


def test_average_pooling_divides_the_variance() -> None:
    assert_moments(samples(20_000, 9).mean(axis=1), pooling.average_pool(INPUT, 9))
    assert pooling.average_pool(INPUT, 9, 1).second == pytest.approx(INPUT.second)
    assert pooling.average_pool_backward(4) == 1 / 16
    assert pooling.average_pool_backward(9, 4) == 1 / 36


@pytest.mark.parametrize("count", [1, 2, 4, 9, 49, 1000])
@pytest.mark.parametrize("is_rectified", [False, True])
def test_max_pooling_follows_the_order_statistics(count: int, is_rectified: bool) -> None:
    z = np.random.default_rng(7).standard_normal((5_000, count))
    if is_rectified:
        drawn = np.maximum(1.3 * z, 0).max(axis=1)
        assert_moments(drawn, pooling.max_pool(Moments(1.3 / math.sqrt(2 * math.pi), 1.69 / 2), count, True))
    else:
        assert_moments((0.4 + 0.9 * z).max(axis=1), pooling.max_pool(INPUT, count))


def test_max_pooling_of_two_has_its_known_mean() -> None:
    pooled = pooling.max_pool(STANDARD, 2)
    assert pooled.mean == pytest.approx(1 / math.sqrt(math.pi), abs=1e-9)
    assert pooled.second == pytest.approx(1, abs=1e-9)
    assert pooling.max_pool(Moments(0, 1 / HIDDEN), 2).second * HIDDEN == pytest.approx(1)  # type: ignore[operator]
    assert pooling.max_pool_backward(4) == 0.25


@pytest.mark.parametrize("count", [10**4, 10**6])
def test_max_pooling_stays_accurate_for_whole_images(count: int) -> None:
    z = np.linspace(0, 10, 200_001)
    above = np.array([0.5 * math.erfc(one / math.sqrt(2)) for one in z])
    beyond = -np.expm1(count * np.log1p(-above))  # E[M] is the integral of P(M > z)
    mean = (beyond.sum() - (beyond[0] + beyond[-1]) / 2) * (z[1] - z[0])
    assert as_float(pooling.max_pool(STANDARD, count).mean) == pytest.approx(mean, rel=1e-7)


def test_max_pooling_of_more_than_it_can_resolve_is_unknown() -> None:
    assert pooling.max_pool(STANDARD, MAX_COUNT + 1) == UNKNOWN


@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "relu"])
def test_a_gate_multiplies_moments(name: str) -> None:
    from initlint.signal.activations import activation

    values = np.array([activation(name).value(z) for z in samples(50_000, seed=9)])
    assert_moments(samples(50_000, seed=10) * values, ops.gate(INPUT, INPUT, name))
    assert ops.gate_backward(INPUT, name) == ops.activate(INPUT, name).second


@pytest.mark.parametrize(
    ("std", "width", "tolerance"), [(0.0, 8, 1e-9), (0.5, 16, 0.02), (1.0, 256, 0.03), (30.0, 8, 0.15)]
)
def test_softmax_spreads_over_its_width(std: float, width: int, tolerance: float) -> None:
    logits = std * np.random.default_rng(11).standard_normal((10_000, width))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    drawn = weights / weights.sum(axis=1, keepdims=True)
    expected = ops.softmax(Moments(0, std**2), width)
    assert expected.mean == pytest.approx(1 / width)
    assert second(drawn) == pytest.approx(as_float(expected.second), rel=tolerance)


def test_a_softmax_over_one_unit_passes_no_gradient() -> None:
    assert ops.softmax(STANDARD, 1) == Moments(1, pytest.approx(1))
    assert ops.softmax_backward(STANDARD, 1) == 0


def test_a_softmax_s_gradient_shrinks_with_the_square_of_its_width() -> None:
    generator, n = np.random.default_rng(12), 64
    x = 0.1 * generator.standard_normal((4_000, n))
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    g = generator.standard_normal(x.shape)
    gradient = p * (g - (p * g).sum(axis=1, keepdims=True))
    assert second(gradient) == pytest.approx(as_float(ops.softmax_backward(Moments(0, 0.01), n)), rel=0.02)


def test_flat_attention_averages_the_values() -> None:
    attended = ops.attend(Moments(0.5, 1.25), Moments(0, 0), 10)
    assert attended == Moments(0.5, pytest.approx(0.25 + 0.1))
    assert ops.attend(STANDARD, Moments(0, 1e4), 10).second == pytest.approx(1)


def test_attention_logits_have_variance_one_only_when_scaled() -> None:
    generator = np.random.default_rng(13)
    q, k = generator.standard_normal((2, 20_000, 64))
    assert_moments((q * k).sum(axis=1), ops.attention_logits(STANDARD, STANDARD, 64, 1))
    assert ops.attention_logits(STANDARD, STANDARD, 64).second == pytest.approx(1)
    assert ops.attention_logits(STANDARD, STANDARD, HIDDEN).second == 1


def test_scaling_shifting_and_reshaping_do_what_they_say() -> None:
    assert_moments(3 * samples(50_000), ops.scale(INPUT, 3))
    assert_moments(3 + samples(50_000), ops.shift(INPUT, 3))
    assert ops.reshape(INPUT) is INPUT
    assert ops.scale_backward(3) == 9
    assert ops.scale(STANDARD, HIDDEN**-0.5).second == 1 / HIDDEN


def test_the_comparison_can_fail() -> None:
    with pytest.raises(AssertionError):
        assert_moments(samples(50_000), ops.scale(INPUT, 1.05))


def test_the_unknown_stays_unknown_through_every_operation() -> None:
    weight = Distribution.normal(0, 0.1)
    for result in (
        ops.linear(UNKNOWN, 10, weight).second,
        ops.linear(INPUT, None, weight).second,
        ops.linear(INPUT, 10, Distribution.unknown()).second,
        ops.linear_backward(None, weight),
        ops.normalize_backward(UNKNOWN),
        ops.rms_normalize(UNKNOWN).second,
        ops.dropout(UNKNOWN).second,
        ops.dropout(INPUT, None).second,
        ops.alpha_dropout(UNKNOWN).second,
        ops.add(INPUT, UNKNOWN).second,
        pooling.average_pool(INPUT, None).second,
        pooling.max_pool(UNKNOWN, 4).second,
        ops.multiply(INPUT, UNKNOWN).second,
        ops.softmax(UNKNOWN, 4).second,
        ops.softmax(Moments(0, HIDDEN), 4).second,
        ops.scale(INPUT, None).second,
    ):
        assert result is None
