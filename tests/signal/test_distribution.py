"""The law of one weight entry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initlint.signal.distribution import Distribution
from initlint.signal.size import Size

HIDDEN = Size.symbol("hidden")


def test_mean_and_variance_are_those_of_the_law() -> None:
    assert Distribution.constant(3) == Distribution("constant", 3, 0)
    assert Distribution.normal(1, 2).variance == 4
    uniform = Distribution.uniform(-1, 3)
    assert (uniform.mean, uniform.variance) == (1, pytest.approx(16 / 12))
    assert Distribution.sparse(0.25, 2.0).variance == pytest.approx(3.0)
    assert Distribution.orthogonal(10, 4, 2.0).variance == pytest.approx(0.4)
    identity = Distribution.identity(2, 1 / 8)
    assert (identity.mean, identity.second) == (0.25, 0.5)


@pytest.mark.parametrize("mean, std, low, high", [(0, 1, -2, 2), (0.5, 2, -1, 4), (0, 0.02, -2, 2), (-3, 1, 0, 2)])
def test_a_truncated_normal_has_the_moments_of_what_is_left(mean: float, std: float, low: float, high: float) -> None:
    x = np.linspace(max(low, mean - 12 * std), min(high, mean + 12 * std), 2_000_001)
    density = np.exp(-((x - mean) ** 2) / (2 * std**2))
    average = np.sum(x * density) / np.sum(density)
    law = Distribution.truncated_normal(mean, std, low, high)
    assert law.mean == pytest.approx(average, rel=1e-5, abs=1e-9)
    assert law.variance == pytest.approx(np.sum((x - average) ** 2 * density) / np.sum(density), rel=1e-5)


def test_a_normal_cut_far_in_its_tail_keeps_finite_moments() -> None:
    law = Distribution.truncated_normal(0, 1, 10, 20)
    assert law.mean == pytest.approx(10.098, abs=1e-3)  # Mills ratio: 10 + 1/10 - 2/1000
    assert law.variance == pytest.approx(0.00945, rel=0.01)
    assert Distribution.truncated_normal(0, 1, -20, -10).mean == pytest.approx(-10.098, abs=1e-3)


def test_no_spread_is_a_constant() -> None:
    assert Distribution.normal(0.5, 0).is_constant
    assert Distribution.uniform(2, 2) == Distribution.constant(2)
    assert Distribution.normal(0, 0).is_zero
    assert not Distribution.normal(0, 1).is_constant
    assert not Distribution.constant(1).is_zero
    assert Distribution.normal(0, 1).scaled(0).is_zero


def test_scaling_and_shifting_act_on_the_moments() -> None:
    law = Distribution.normal(1, 2).scaled(3).shifted(-1)
    assert (law.family, law.mean, law.variance) == ("normal", 2, 36)
    assert Distribution.orthogonal(4, 4, 1).scaled(3).gain == 3
    assert Distribution.identity(1, 0.25).shifted(1).family == "other"
    assert Distribution.constant(2).scaled(None) == Distribution("constant", None, 0)


def test_the_unknown_stays_unknown() -> None:
    assert Distribution.unknown().variance is None
    assert Distribution.normal(0, None).variance is None
    assert Distribution.normal(0, None).std is None
    assert Distribution.normal(0, 1).scaled(None).variance is None
    assert Distribution.orthogonal(HIDDEN, 3).variance is None
    assert Distribution.truncated_normal(0, None).variance is None


def test_symbolic_spreads_are_carried_through() -> None:
    law = Distribution.normal(0, HIDDEN**-0.5)
    assert law.variance == 1 / HIDDEN
    assert law.scaled(2).std == 2 * HIDDEN**-0.5
    assert Distribution.truncated_normal(0, HIDDEN**-0.5).variance == 1 / HIDDEN
    assert Distribution.orthogonal(HIDDEN, 4 * HIDDEN, 2).variance == 1 / HIDDEN


def test_standard_deviation_is_the_root_of_the_variance() -> None:
    assert Distribution.uniform(-1, 1).std == pytest.approx(1 / math.sqrt(3))
