"""Several seeds of one model become one recording at the median of their numbers."""

from __future__ import annotations

import math

import pytest
from by_hand import recording, row, statistics, weight
from recorded import record, signal
from torch import nn

from initlint.network.measurement import Gradient
from initlint.probe.merging import DIFFERENT, merge, spread
from initlint.probe.recording import Recording


def one(second: float, gradient: float | None = 1.0, seed: int = 0, **more: float) -> Recording:
    """Two layers whose second has this second moment and gradient."""
    rows = [
        row(0, "input"),
        row(1, inputs=[0]),
        row(2, inputs=[1], gradient=gradient, output=statistics(second, **more)),
    ]
    return recording(rows, [weight("w", constant=second)], seeds=(seed,))


def test_numbers_are_the_median_over_the_seeds_inside_rows_and_parameters() -> None:
    merged = merge([one(4.0, 1.0, 0), one(1.0, 9.0, 1), one(2.0, 3.0, 2)])
    gradient = merged.rows[2].gradient
    assert merged.rows[2].output.second == 2.0
    assert gradient is not None and gradient.mean_square == 3.0
    assert merged.parameters[0].constant == 2.0
    assert merged.seeds == (0, 1, 2)


def test_an_even_number_of_seeds_gives_the_middle_of_the_two_middle_ones() -> None:
    assert merge([one(1.0), one(2.0), one(4.0), one(9.0)]).rows[2].output.second == 3.0


def test_structure_is_kept_as_it_is() -> None:
    first = one(1.0)
    merged = merge([first, one(2.0)])
    assert [(each.id, each.inputs, each.output.shape) for each in merged.rows] == [
        (each.id, each.inputs, each.output.shape) for each in first.rows
    ]


def test_values_that_are_not_finite_in_one_seed_are_not_lost_in_the_median() -> None:
    assert merge([one(1.0), one(1.0, nonfinite_fraction=0.5), one(1.0)]).rows[2].output.nonfinite_fraction == 0.5


def test_not_a_number_counts_as_the_largest() -> None:
    assert merge([one(math.nan), one(1.0), one(2.0)]).rows[2].output.second == 2.0


def test_a_gradient_that_only_some_seeds_have_is_that_of_those() -> None:
    found = merge([one(1.0, None), one(1.0, 4.0), one(1.0, 8.0)]).rows[2].gradient
    assert found == Gradient(mean_square=6.0, elements=128)


def test_a_number_that_a_seed_lacks_is_not_known() -> None:
    assert merge([one(1.0, correlation=0.5), one(1.0)]).rows[2].output.correlation is None


def test_of_models_with_different_structures_the_first_is_taken_with_a_note() -> None:
    other = recording([row(0, "input"), row(1, inputs=[0])], seeds=(1,))
    merged = merge([one(4.0), other])
    assert merged.rows == one(4.0).rows and merged.seeds == (0,)
    assert merged.notes == (DIFFERENT,)


def test_one_recording_is_handed_back_as_it_is() -> None:
    only = one(1.0)
    assert merge([only]) is only


def test_the_spread_of_the_gradients_decades_over_real_seeds_is_the_noise_of_finite_width() -> None:
    def build(width: int) -> nn.Module:
        layers = [module for _ in range(6) for module in (nn.Linear(width, width), nn.Tanh())]
        return nn.Sequential(*layers, nn.Linear(width, 2))

    narrow, wide = (
        spread([record(lambda: build(width), signal(8, width), seed=seed) for seed in range(6)])  # noqa: B023
        for width in (8, 128)
    )
    assert narrow is not None and wide is not None
    assert 0 < wide < narrow < 2
    assert spread([one(1.0)]) is None


def test_the_note_states_the_spread() -> None:
    models = [record(lambda: nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2)),
                     signal(8, 4), seed=seed) for seed in range(3)]  # fmt: skip
    noise = spread(models)
    assert noise is not None
    assert merge(models).notes[-1].endswith(f"{noise:.2f}") and "3 seeds" in merge(models).notes[-1]


@pytest.mark.parametrize("field", ["step", "building"])
def test_costs_are_those_of_a_typical_seed(field: str) -> None:
    models = [record(lambda: nn.Linear(4, 2), signal(8, 4), seed=seed) for seed in range(3)]
    costs = sorted(getattr(each.cost, field) for each in models)
    assert getattr(merge(models).cost, field) == costs[1]
