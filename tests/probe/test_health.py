"""The verdict on real, small models: the sick ones are found, with the place, and what is zero on purpose is no fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from by_hand import network as by_hand
from by_hand import recording, row, statistics, weight
from recorded import record, signal
from torch import Tensor, nn
from torch.nn import functional

from initlint.diagnosis.health import Health, diagnose
from initlint.diagnosis.symptoms import LIMITS, Diagnosis, Limit, Symptom
from initlint.finding import Severity
from initlint.probe.linking import link
from initlint.probe.passes.results import Conditioning, TimeGradient
from initlint.probe.recording import InitialLoss, Recording

Init = Callable[[Tensor], object]
WIDTH = 64


def he(tensor: Tensor) -> object:
    """He et al. 2015."""
    return nn.init.kaiming_normal_(tensor, nonlinearity="relu")


def stack(
    depth: int, activation: type[nn.Module] = nn.ReLU, init: Init | None = None, norm: type[nn.Module] | None = None
) -> nn.Module:
    """Linear maps of one width, each with its norm and activation, and a head."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(WIDTH, WIDTH), *([norm(WIDTH)] if norm is not None else []), activation()]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, 4))
    for layer in model if init is not None else ():
        if isinstance(layer, nn.Linear):
            init(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def health(build: Callable[[], nn.Module], *shape: int, **settings: object) -> Health:
    """Of a model on a batch of this shape: 32 vectors unless it is given."""
    given = shape or (32, WIDTH)
    return diagnose(link(record(build, signal(*given), batch=given[0], **settings)))


def find(found: Health, symptom: Symptom) -> Diagnosis:
    """The diagnosis of that symptom."""
    return next(each for each in found.diagnoses if each.symptom is symptom)


def symptoms(found: Health) -> set[Symptom]:
    """What was diagnosed, information aside."""
    return {each.symptom for each in found.diagnoses if each.severity is not Severity.INFO}


# ------------------------------------------------------------------------------------------------- silent cases first


class Residual(nn.Module):
    """Convolutions with batch norm around a skip."""

    def __init__(self, has_zero_gamma: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        if has_zero_gamma:
            nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 16, height, width) to the same."""
        branch = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(branch)))


def residual(has_zero_gamma: bool = False) -> nn.Module:
    """Eight blocks between a stem and a head."""
    blocks = [Residual(has_zero_gamma) for _ in range(8)]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4),
    )  # fmt: skip


class Attentive(nn.Module):
    """A pre-norm transformer that reads a class token; its branches go through a layer scale, its head may be zero."""

    def __init__(self, scale: float | None = None, has_zero_head: bool = False) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.embed = nn.Linear(8, WIDTH)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.LayerNorm(WIDTH), nn.MultiheadAttention(WIDTH, 4, batch_first=True)]) for _ in range(4)
        )
        self.scales = nn.ParameterList(torch.full((WIDTH,), 1.0 if scale is None else scale) for _ in range(4))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 4)
        if has_zero_head:
            nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, places, 8) to (batch, 4)."""
        x = torch.cat([self.token.expand(len(x), -1, -1), self.embed(x)], 1)
        for (norm, attention), scale in zip(self.blocks, self.scales, strict=True):
            inside = norm(x)
            x = x + scale * attention(inside, inside, inside, need_weights=False)[0]
        return self.head(self.norm(x)[:, 0])


class LowRank(nn.Module):
    """A frozen layer with a trained product of two factors beside it; LoRA starts with the second at zero."""

    def __init__(self, first: float = 1.0) -> None:
        super().__init__()
        self.base = nn.Linear(WIDTH, WIDTH).requires_grad_(False)
        self.a = nn.Parameter(torch.randn(WIDTH, 4) * first)
        self.b = nn.Parameter(torch.zeros(4, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to the same."""
        return self.base(x) + x @ self.a @ self.b


class Masked(nn.Module):
    """Attention by hand, with a mask of minus infinity."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, places, 8) to (batch, 4)."""
        mask = torch.full((x.shape[1], x.shape[1]), -torch.inf).triu(1)
        weights = (self.query(x) @ x.transpose(1, 2) / 8**0.5 + mask).softmax(-1)
        return (weights @ self.value(x)).mean(1)


class Unused(nn.Module):
    """One of two branches runs."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.other = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to (batch, 4)."""
        return self.used(x)


class Recurrent(nn.Module):
    """The last state of a recurrent layer, and a head."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.layer, self.head = layer(8, 32, batch_first=True), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, steps, 8) to (batch, 4)."""
        return self.head(self.layer(x)[0][:, -1])


def unet() -> nn.Module:
    """Down and up again, the high resolution handed over."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.inner, self.up = (
                nn.Sequential(nn.Conv2d(wide, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()) for wide in (3, 8, 16)
            )
            self.head = nn.Conv2d(8, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            high = self.down(x)
            low = functional.interpolate(self.inner(functional.max_pool2d(high, 2)), scale_factor=2)
            return self.head(self.up(torch.cat([high, low], 1)))

    return Net()


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        pytest.param(lambda: stack(3), (32, WIDTH), id="shallow at the default"),
        pytest.param(lambda: stack(20, init=he), (32, WIDTH), id="deep, He"),
        pytest.param(lambda: stack(20, nn.Tanh, nn.init.xavier_normal_), (32, WIDTH), id="deep, tanh, Xavier"),
        pytest.param(lambda: stack(12, norm=nn.BatchNorm1d), (32, WIDTH), id="batch norm"),
        pytest.param(lambda: stack(12, norm=nn.LayerNorm), (32, WIDTH), id="layer norm"),
        pytest.param(
            lambda: stack(12, init=lambda w: nn.init.normal_(w, std=1e-3), norm=nn.BatchNorm1d), (32, WIDTH),
            id="tiny weights before batch norm",
        ),
        pytest.param(lambda: nn.Linear(WIDTH, 4), (32, WIDTH), id="a linear map"),
        pytest.param(residual, (8, 3, 16, 16), id="residual"),
        pytest.param(lambda: residual(True), (8, 3, 16, 16), id="residual, zero gamma"),
        pytest.param(Attentive, (8, 6, 8), id="transformer"),
        pytest.param(lambda: Attentive(1e-6), (8, 6, 8), id="layer scale 1e-6"),
        pytest.param(lambda: Attentive(0.0), (8, 6, 8), id="layer scale 0"),
        pytest.param(lambda: Attentive(has_zero_head=True), (8, 6, 8), id="zero head"),
        pytest.param(lambda: nn.Sequential(LowRank(), nn.ReLU(), nn.Linear(WIDTH, 4)), (32, WIDTH), id="LoRA"),
        pytest.param(Masked, (8, 6, 8), id="mask of infinities"),
        pytest.param(Unused, (32, WIDTH), id="a branch that does not run"),
        pytest.param(unet, (8, 3, 16, 16), id="U-Net"),
        pytest.param(lambda: Recurrent(nn.LSTM), (8, 20, 8), id="LSTM"),
        pytest.param(lambda: Recurrent(nn.GRU), (8, 20, 8), id="GRU"),
        pytest.param(lambda: nn.Transformer(32, 2, 2, 2, 64, batch_first=True).encoder, (8, 6, 32), id="nn.Transformer"),
    ],
)  # fmt: skip
def test_what_people_train_is_healthy(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    found = health(build, *shape)
    assert found.verdict == "healthy", found.diagnoses
    assert found.score > 0.5 and found.first is None


def test_a_bias_before_a_batch_norm_has_no_gradient_and_no_fault() -> None:
    rows = [
        row(0, "input"), row(1, inputs=[0], bias="bias", parameters=("bias",)), row(2, "norm", [1]), row(3, inputs=[2])
    ]  # fmt: skip
    nothing = weight("bias").gradient
    assert nothing is not None
    stuck = weight("bias", gradient=type(nothing)(mean_square=0.0, elements=64, zero_fraction=1.0))
    with_norm = link(recording(rows, [type(stuck)(**{**_fields(stuck), "role": "bias"}), weight("other")]))
    assert not symptoms(diagnose(with_norm))


def _fields(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}  # type: ignore[attr-defined]


def test_frozen_parameters_are_nobodys_concern() -> None:
    assert health(lambda: nn.Sequential(nn.Linear(WIDTH, 8).requires_grad_(False), nn.Linear(8, 4))).diagnoses == ()


def test_a_network_that_was_not_measured_is_healthy_for_all_one_knows() -> None:
    net = by_hand([(), (0,), (1,)])
    net.measured = None
    for layer in net.layers:
        layer.measured = None
    assert diagnose(net).verdict == "healthy"


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
