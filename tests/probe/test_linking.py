"""A recording becomes a network in the words of `check`, with a law for each parameter that its values bear out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from by_hand import recording as made
from by_hand import row as made_row
from by_hand import statistics, weight
from recorded import record, signal
from torch import Tensor, nn
from torch.nn import functional

from initlint.finding import Place
from initlint.network import Layer, Network, Parameter
from initlint.network.reach import reach
from initlint.network.stack import stacks
from initlint.probe.linking import link
from initlint.probe.recording import InitCall


class Net(nn.Module):
    """A module, a function, a sum and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 32)
        self.second = nn.Linear(32, 32)
        self.head = nn.Linear(32, 4)
        nn.init.kaiming_normal_(self.second.weight, nonlinearity="relu")
        nn.init.zeros_(self.head.weight)
        self.first.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 16) to (batch, 4)."""
        hidden = functional.relu(self.first(x))
        return self.head(hidden + self.second(hidden))


def linked() -> Network:
    """`Net`, measured."""
    return link(record(Net, signal(8, 16)))


def layer(network: Network, kind: str, name: str = "") -> Layer:
    """The first of that kind and name."""
    return next(each for each in network.layers if each.kind == kind and name in ("", each.name))


def parameter(network: Network, name: str) -> Parameter:
    """The parameter of that name."""
    return next(each for each in network.parameters if each.name == name)


def test_rows_become_layers_with_the_fans_weights_and_numbers_that_were_measured() -> None:
    network = linked()
    second = layer(network, "Linear", "second")
    assert (second.op, second.fan_in, second.fan_out) == ("linear", 32, 32)
    assert second.weight is parameter(network, "second.weight") and second.bias is parameter(network, "second.bias")
    assert second.measured is not None and second.measured.gradient is not None
    assert network.measured is not None and network.name == "Net" and network.is_complete


def test_a_module_stands_where_it_is_built_and_a_functional_call_where_it_is_called() -> None:
    network = linked()
    lines = Path(__file__).read_text().splitlines()
    built, called = layer(network, "Linear", "first"), layer(network, "relu")
    assert "self.first = nn.Linear" in lines[built.place.line - 1]
    assert "functional.relu" in lines[called.place.line - 1]
    assert called.name == ""


def test_an_operation_with_no_place_stands_where_the_model_is_defined() -> None:
    place = Place("net.py", 7, 1, 7, 1)
    assert link(made([made_row(0, "input"), made_row(1, inputs=[0])], place=place)).layers[1].place == place
    assert link(made([made_row(0, "input")])).place.path == "net.py:Net"


class RmsNorm(nn.Module):
    """As most language models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 16) to the same."""
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Standardised(nn.Module):
    """Mean 0 and standard deviation 1, with the epsilon outside the root."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 16) to the same."""
        return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6)


@pytest.mark.parametrize("norm", [RmsNorm, Standardised])
def test_a_norm_that_is_written_by_hand_is_a_norm(norm: type[nn.Module]) -> None:
    network = link(record(lambda: nn.Sequential(nn.Linear(16, 16), norm(), nn.Linear(16, 4)), signal(8, 16)))
    assert [each.op for each in network.layers].count("norm") == 1


def test_a_product_of_two_signals_is_no_norm() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.value, self.gate = nn.Linear(16, 4), nn.Linear(16, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.value(x) * self.gate(x).abs().sqrt()

    assert "norm" not in [each.op for each in link(record(Gated, signal(8, 16))).layers]


def test_an_unknown_operation_on_the_way_to_the_output_makes_the_network_incomplete_with_a_reason() -> None:
    rows = [made_row(0, "input"), made_row(1, "unknown", [0], kind="fft"), made_row(2, inputs=[1])]
    network = link(made(rows))
    assert not network.is_complete
    assert network.reasons == [(network.layers[1].place, "no theory of fft")]


def test_writes_stand_in_the_order_in_which_they_ran_and_the_last_one_gives_the_law() -> None:
    found = parameter(linked(), "second.weight")
    assert [write.initializer for write in found.writes] == ["default", "kaiming_normal_"]
    law = found.distribution
    assert law is not None and law.family == "normal" and law.mean == 0 and law.variance == pytest.approx(2 / 32)


def test_a_parameter_that_nobody_initialises_has_the_law_of_the_layers_own_default() -> None:
    network = linked()
    law = parameter(network, "first.weight").distribution
    assert law is not None and law.family == "uniform" and law.variance == pytest.approx(1 / (3 * 16))
    assert parameter(network, "first.weight").is_frozen and not parameter(network, "second.weight").is_frozen


def test_a_constant_is_known_from_the_values_whoever_wrote_it() -> None:
    assert parameter(linked(), "head.weight").constant == 0
    found = link(made([made_row(0, "input")], [weight("w", InitCall(initializer="copy_", place=None), constant=0.5)]))
    assert found.parameters[0].constant == 0.5


def law(call: InitCall | None, second: float, mean: float = 0.0, **more: object) -> tuple[str, float, float]:
    """Family, mean and variance of a 64 x 64 weight with these moments that was written by `call`."""
    values = statistics(second, mean, (64, 64), **more)
    found = link(made([made_row(0, "input")], [weight("w", call, values)])).parameters[0].distribution
    assert found is not None
    return found.family, float(found.mean), float(found.variance)  # type: ignore[arg-type]


HE = InitCall(initializer="kaiming_normal_", place=None, arguments={"nonlinearity": "relu"})


def test_a_call_whose_law_the_values_contradict_is_not_believed() -> None:
    error = math.sqrt(2 / 64**2)
    assert law(HE, 2 / 64 * (1 + 3.5 * error)) == ("normal", 0, pytest.approx(2 / 64, rel=1e-12))
    family, mean, variance = law(HE, 2 / 64 * (1 + 5 * error))
    assert (family, mean) == ("other", 0) and variance == pytest.approx(2 / 64 * (1 + 5 * error))


def test_half_precision_values_may_differ_from_the_law_by_their_rounding() -> None:
    error = math.sqrt(2 / 64**2)
    assert law(HE, 2 / 64 * (1 + 4 * error + 0.006))[0] == "other"
    assert law(HE, 2 / 64 * (1 + 4 * error + 0.006), dtype="bfloat16")[0] == "normal"


def test_a_mean_within_its_sampling_error_is_zero_and_one_beyond_it_stays() -> None:
    unknown = InitCall(initializer="copy_", place=None)
    assert law(unknown, 1.0, mean=3.5 / 64) == ("other", 0, pytest.approx(1.0, rel=0.01))
    assert law(unknown, 1.0, mean=5 / 64)[1] == 5 / 64


@pytest.mark.parametrize(
    ("call", "family", "second", "mean"),
    [
        (InitCall(initializer="normal_", place=None, arguments={"std": 0.02}), "normal", 0.0004, 0.0),
        (InitCall(initializer="uniform_", place=None, arguments={"from": -1.0, "to": 1.0}), "uniform", 1 / 3, 0.0),
        (InitCall(initializer="uniform_", place=None, arguments={"a": 0.0, "b": 1.0}), "uniform", 1 / 3, 0.5),
        (InitCall(initializer="orthogonal_", place=None, arguments={"gain": 2}), "orthogonal", 4 / 64, 0.0),
        (InitCall(initializer="eye_", place=None), "identity", 1 / 64, 1 / 64),
    ],
)
def test_initialisers_and_tensor_methods_are_read_with_their_arguments(
    call: InitCall, family: str, second: float, mean: float
) -> None:
    assert law(call, second, mean)[0] == family


def test_a_measured_stack_gives_measured_decades_beside_the_predicted_ones() -> None:
    def build() -> nn.Module:
        layers = [module for _ in range(8) for module in (nn.Linear(256, 256), nn.ReLU())]
        return nn.Sequential(*layers, nn.Linear(256, 4))

    (stack,) = stacks(link(record(build, signal(64, 256), batch=64)))
    assert stack.predicted_gradient == pytest.approx(7 * math.log10(1 / 6), rel=1e-6)
    assert stack.gradient == pytest.approx(stack.predicted_gradient, abs=0.35)
    assert stack.gradient != stack.predicted_gradient
    assert stack.forward is not None and stack.predicted_forward is not None
    assert stack.forward == pytest.approx(stack.predicted_forward, abs=0.35)


def test_reach_answers_the_same_question_of_a_measured_network() -> None:
    network = linked()
    assert not reach(network, layer(network, "Linear", "first")).is_closed
