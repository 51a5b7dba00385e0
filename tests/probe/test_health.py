"""The verdict on real, small models that are sick: they are found, with the place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from by_hand import recording, row, statistics
from diagnosing import WIDTH, LowRank, Unused, find, he, health, stack, symptoms
from recorded import record, signal
from torch import Tensor, nn

from initlint.diagnosis.health import Health, diagnose
from initlint.diagnosis.symptoms import LIMITS, Limit, Symptom
from initlint.finding import Severity
from initlint.probe.linking import link
from initlint.probe.passes.results import Conditioning, TimeGradient
from initlint.probe.recording import InitialLoss, Recording

# --------------------------------------------------------------------------------------------------------- the depth


def test_a_gradient_that_dies_over_the_depth_breaks_a_network_with_the_first_layer_that_loses_it() -> None:
    found = health(lambda: stack(20))
    first = find(found, Symptom.VANISHING_GRADIENTS)
    assert found.verdict == "broken" and found.score < 0.05
    assert first.layer is not None and first.layer.name == "2"
    assert 12 < first.value < 17 and first.evidence["depth"] == 20
    assert first.evidence["gradient_factor_per_layer"] == pytest.approx(1 / 6, rel=0.15)


def test_a_gradient_that_explodes_is_named_as_such() -> None:
    assert find(health(lambda: stack(10, init=nn.init.normal_)), Symptom.EXPLODING_GRADIENTS).severity is Severity.ERROR


def test_a_stack_that_plain_sgd_fails_on_and_adam_trains_is_at_risk() -> None:
    found = health(lambda: stack(8))
    assert found.verdict == "at risk" and 0.01 < found.score < 0.5


def test_the_first_place_is_where_the_fault_begins_and_not_where_the_network_does() -> None:
    def build() -> nn.Module:
        model = stack(12, init=he)
        for index in (12, 14, 16, 18):
            nn.init.normal_(model[index].weight, std=0.002)  # type: ignore[arg-type, index]
        return model

    found = health(build)
    assert found.first is not None and found.first.layer is not None
    assert found.first.layer.name == "12"


def test_a_sick_branch_off_the_trunk_is_a_risk_and_no_error() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch, self.head = stack(20)[:-1], nn.Linear(WIDTH, 4)  # type: ignore[index]

        def forward(self, x: Tensor) -> Tensor:
            return self.head(x + self.branch(x))

    found = health(Net)
    assert found.verdict == "at risk" and find(found, Symptom.VANISHING_GRADIENTS).severity is Severity.WARNING


def test_the_score_falls_as_the_stack_grows() -> None:
    scores = [health(lambda: stack(depth)).score for depth in (2, 4, 6, 8, 12)]  # noqa: B023
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.9 > 0.1 > scores[-1]


def test_an_output_that_forgets_its_input_is_told_of() -> None:
    def build() -> nn.Module:
        model = stack(4, init=lambda w: nn.init.normal_(w, std=0.02))
        for layer in model:  # type: ignore[attr-defined]
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.bias)
        return model

    found = find(health(build), Symptom.INPUT_IGNORED)
    assert found.severity is Severity.WARNING and found.evidence["correlation"] > 0.995  # type: ignore[operator]


def test_inputs_that_are_alike_make_outputs_alike_for_no_fault_of_the_network() -> None:
    alike = torch.ones(32, WIDTH) + 1e-3 * signal(32, WIDTH)
    found = diagnose(link(record(lambda: stack(3), alike, batch=32)))
    assert Symptom.INPUT_IGNORED not in symptoms(found)


@pytest.mark.parametrize(("kind", "verdict"), [("RNN", "at risk"), ("LSTM", "healthy")])
def test_a_gradient_that_dies_over_time_is_a_risk_for_a_plain_cell_and_bearable_for_a_gated_one(
    kind: str, verdict: str
) -> None:
    rows = [row(0, "input"), row(1, "recurrent", [0], name="cell", kind=kind), row(2, inputs=[1])]
    time = TimeGradient(name="cell", steps=21, mean_squares=(), rate=10**-1.2, reach=21)
    found = diagnose(link(recording(rows, times=(time,))))
    assert found.verdict == verdict
    if found.first is not None:
        assert found.first.layer is not None and found.first.layer.name == "cell"


# --------------------------------------------------------------------------------------------------------- the units


def test_saturated_units_are_told_of() -> None:
    found = health(lambda: stack(4, nn.Tanh, nn.init.normal_))
    assert find(found, Symptom.SATURATED_UNITS).value > 0.7


def test_a_gate_that_saturates_beside_the_path_is_no_fault() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.value, self.gate, self.head = nn.Linear(WIDTH, 8), nn.Linear(WIDTH, 8), nn.Linear(8, 4)
            nn.init.constant_(self.gate.bias, 6.0)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.value(x) * torch.sigmoid(self.gate(x)))

    assert Symptom.SATURATED_UNITS not in symptoms(health(Gated))


def test_units_that_are_dead_for_the_whole_batch_break_a_network() -> None:
    def build() -> nn.Module:
        model = stack(2)
        nn.init.constant_(model[2].bias, -100.0)  # type: ignore[arg-type, index]
        return model

    found = find(health(build), Symptom.DEAD_UNITS)
    assert found.value == 1.0 and found.severity is Severity.ERROR
    assert found.layer is not None and found.layer.name == "3"


@pytest.mark.parametrize(("batch", "dead"), [(1, 0.5), (2, 0.25), (3, 0.125)])
def test_units_that_are_dead_by_chance_in_a_small_batch_are_expected(batch: int, dead: float) -> None:
    output = statistics(dead_fraction=dead)
    rows = [row(0, "input"), row(1, inputs=[0]), row(2, "activation", [1], activation="relu", output=output)]
    net = link(recording([*rows, row(3, inputs=[2])], batch=batch))
    assert net.measured is not None and isinstance(net.measured, Recording)
    assert not diagnose(net).diagnoses
    assert diagnose(net).score == pytest.approx(1, abs=1e-3)


def test_layers_whose_units_stay_equal_for_ever_break_a_network() -> None:
    found = health(lambda: stack(3, init=lambda w: nn.init.constant_(w, 0.02)))
    first = find(found, Symptom.SYMMETRIC_UNITS)
    assert found.verdict == "broken" and first.parameter is not None and first.value == 1.0


def test_equal_units_that_a_random_head_tells_apart_are_not_equal_for_ever() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 4))
        nn.init.constant_(model[0].weight, 0.1)
        return model

    assert Symptom.SYMMETRIC_UNITS not in symptoms(health(build))


def test_attention_logits_so_far_apart_that_one_key_takes_all_are_told_of() -> None:
    logits = statistics(100.0)
    rows = [row(0, "input"), row(1, "attention", [0], logits=logits), row(2, inputs=[1])]
    found = find(diagnose(link(recording(rows))), Symptom.SATURATED_UNITS)
    assert found.value == 10.0 and found.severity is Severity.WARNING


class Failing(nn.Module):
    """Two layers and a function between them."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.before, self.after, self.function = nn.Linear(WIDTH, 8), nn.Linear(8, 4), function

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to (batch, 4)."""
        return self.after(self.function(self.before(x)))


@pytest.mark.parametrize(
    ("function", "kind", "where"),
    [
        (torch.log, "log", "output"),
        (lambda x: torch.sqrt(torch.relu(x)), "sqrt", "gradient"),
    ],
)
def test_the_first_operation_that_is_not_finite_is_named_forward_or_backward(
    function: Callable[[Tensor], Tensor], kind: str, where: str
) -> None:
    found = health(lambda: Failing(function))
    assert found.verdict == "broken" and found.score < 0.1
    assert [each.symptom for each in found.diagnoses] == [Symptom.NON_FINITE]
    assert found.first is not None and found.first.layer is not None
    assert (found.first.layer.kind, found.first.evidence["where"]) == (kind, where)


def test_a_parameter_that_is_not_finite_comes_before_what_it_spoils() -> None:
    def build() -> nn.Module:
        model = stack(2)
        nn.init.constant_(model[2].bias, float("nan"))  # type: ignore[arg-type, index]
        return model

    found = health(build).first
    assert found is not None and found.parameter is not None and found.parameter.name == "2.bias"


# ------------------------------------------------------------------------------------------------ gradients and loss


def test_two_factors_that_are_both_zero_never_learn() -> None:
    found = health(lambda: LowRank(first=0.0))
    stuck = find(found, Symptom.NO_GRADIENT)
    assert set(stuck.names) == {"a", "b"} and found.verdict == "broken"


def test_zeros_in_front_of_a_rectifier_never_learn() -> None:
    assert health(lambda: stack(3, init=nn.init.zeros_)).verdict == "broken"


def test_a_branch_that_does_not_run_is_information() -> None:
    found = find(health(Unused), Symptom.NO_GRADIENT)
    assert found.severity is Severity.INFO and set(found.names) == {"other.weight", "other.bias"}


def loss(value: float) -> Health:
    """Of a network of two layers whose loss over ten classes is this at the start."""
    rows = [row(0, "input"), row(1, inputs=[0]), row(2, inputs=[1])]
    initial = InitialLoss(kind="cross-entropy", description="", value=value, expected=2.303, classes=10)
    return diagnose(link(recording(rows, loss=initial)))


def test_a_loss_far_above_that_of_a_model_that_knows_nothing_is_told_of() -> None:
    assert not loss(2.6).diagnoses and not loss(0.1).diagnoses
    assert find(loss(30.0), Symptom.INITIAL_LOSS_OFF).severity is Severity.INFO
    assert loss(1e6).verdict == "at risk"


@pytest.mark.parametrize(
    ("singular", "expected"),
    [
        ((1.0, 0.5), None),
        ((1.0, 0.9, 0.0), None),  # a softmax
        ((1.0, 1e-5), Severity.WARNING),
        ((1.0, 0.0, 0.0, 0.0), Severity.WARNING),
        ((0.0, 0.0), Severity.WARNING),
    ],
)
def test_an_output_that_hardly_tells_some_directions_of_the_input_apart_is_told_of(
    singular: tuple[float, ...], expected: Severity | None
) -> None:
    outputs = len(singular)
    found = Conditioning(singular=singular, is_exact=True, mean_square=1.0, outputs=outputs, inputs=16)
    rows = [row(0, "input"), row(1, inputs=[0]), row(2, inputs=[1])]
    diagnoses = diagnose(link(recording(rows, conditioning=found))).diagnoses
    assert [each.severity for each in diagnoses] == ([] if expected is None else [expected])


# -------------------------------------------------------------------------------------------------------- the verdict


def test_the_health_is_one_half_where_plain_sgd_fails() -> None:
    for limit in LIMITS.values():
        assert limit.health(limit.risk) == pytest.approx((1 + limit.floor) / 2)
        assert limit.health(0.0) == 1.0 and limit.health(float("inf")) == limit.floor


def test_health_falls_and_severity_rises_with_the_value() -> None:
    limit = Limit(info=1.0, risk=2.0, fatal=4.0)
    values = [0.5, 1.5, 3.0, 5.0]
    assert [limit.severity(value) for value in values] == [None, Severity.INFO, Severity.WARNING, Severity.ERROR]
    assert sorted(map(limit.health, values), reverse=True) == list(map(limit.health, values))


def test_the_worst_diagnosis_comes_first_and_decides_the_verdict() -> None:
    found = health(lambda: stack(20, nn.Sigmoid))
    ranks = [each.severity.rank for each in found.diagnoses]
    assert ranks == sorted(ranks, reverse=True) and found.first is found.diagnoses[0]


def test_every_symptom_has_a_rule_and_a_limit() -> None:
    assert [each.value for each in Symptom] == [f"INL{number}" for number in range(601, 615)]
    assert set(LIMITS) == set(Symptom)
