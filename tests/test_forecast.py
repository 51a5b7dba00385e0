"""What is expected of a network that was only read."""

from __future__ import annotations

import pytest

import initlint
from initlint.diagnosis.forecast import expected, forecast
from initlint.diagnosis.health import Health
from initlint.network import Network

STACK = """
from torch import nn


def build(depth={depth}, width=64):
    layers = []
    for _ in range(depth):
        linear = nn.Linear(width, width)
        {init}
        layers += [linear, {behind}]
    return nn.Sequential(*layers, nn.Linear(width, 10))
"""
HE = "nn.init.kaiming_normal_(linear.weight, nonlinearity='relu')"
RESIDUAL = """
from torch import nn


class Block(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, dim), nn.Linear(dim, dim)
        {init}

    def forward(self, x):
        return x + self.fc2(self.fc1(x).relu())


def build():
    return nn.Sequential(nn.Linear(64, 64), *[Block() for _ in range(40)], nn.Linear(64, 10))
"""
BRANCHES_HE = "[nn.init.kaiming_normal_(fc.weight, nonlinearity='relu') for fc in (self.fc1, self.fc2)]"


def network(source: str) -> Network:
    return max(initlint.check_text(source).networks, key=lambda each: len(each.layers))


def said(network: Network) -> Health:
    health = forecast(network)
    assert health is not None
    return health


def stack(depth: int, behind: str = "nn.ReLU()", init: str = "pass") -> Network:
    return network(STACK.format(depth=depth, behind=behind, init=init))


@pytest.mark.parametrize(
    ("sick", "healthy"),
    [
        (stack(20), stack(20, init=HE)),
        (stack(20), stack(20, "nn.BatchNorm1d(width), nn.ReLU()")),
        (stack(20), stack(4)),
        (stack(12, "nn.Sigmoid()"), stack(12, "nn.Tanh()", "nn.init.xavier_normal_(linear.weight)")),
        (stack(20, init="nn.init.normal_(linear.weight)"), stack(20, init=HE)),
        (stack(60, "nn.BatchNorm1d(width), nn.ReLU()", HE), stack(12, "nn.BatchNorm1d(width), nn.ReLU()", HE)),
        (stack(20, "nn.ReLU(), nn.Dropout(0.5)", "nn.init.xavier_normal_(linear.weight)"), stack(16, init=HE)),
        (network(RESIDUAL.format(init=BRANCHES_HE)), network(RESIDUAL.format(init="nn.init.zeros_(self.fc2.weight)"))),
    ],
    ids=["he", "norm", "depth", "logistic", "spread", "norms' growth", "masks", "residual"],
)
def test_a_sick_network_is_told_from_its_healthy_twin(sick: Network, healthy: Network) -> None:
    assert said(healthy).verdict == "healthy"
    assert said(sick).verdict != "healthy"
    assert said(sick).score < 0.5 < said(healthy).score


def test_nothing_is_said_of_a_network_with_an_operation_that_is_not_known() -> None:
    assert forecast(stack(30, "Mystery()", "nn.init.normal_(linear.weight)")) is None


def test_a_chain_that_is_too_deep_for_its_width_is_at_risk_although_nothing_is_lost_on_average() -> None:
    sick = stack(90, init=HE)
    assert [each.symptom.name for each in said(sick).diagnoses] == ["ILL_CONDITIONED_JACOBIAN"]


def test_a_forecast_leaves_the_network_as_it_was() -> None:
    read = stack(5)
    expected(read)
    assert read.measured is None and all(layer.measured is None for layer in read.layers)
    assert all(parameter.measured is None for parameter in read.parameters)


def test_queries_and_keys_are_not_taken_for_weights_without_a_gradient() -> None:
    source = """
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / 8
        return self.out(scores.softmax(-1) @ self.value(x))
"""
    assert said(network(source)).verdict == "healthy"


ENCODER = """
from torch import nn


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        layer = nn.TransformerEncoderLayer(dim, 4, 64, batch_first=True, norm_first=True)
        self.body, self.head = nn.TransformerEncoder(layer, 3), nn.Linear(dim, 10)
        for parameter in self.body.parameters():
            if parameter.dim() > 1:
                {init}(parameter)

    def forward(self, x):
        return self.head(self.body(x).mean(1))
"""


def test_attention_by_a_module_is_judged_by_what_its_softmax_is_taken_of() -> None:
    sick, healthy = (said(network(ENCODER.format(init=f"nn.init.{each}_"))) for each in ("normal", "xavier_uniform"))
    spread = next(each.value for each in sick.diagnoses if each.symptom.value == "INL605")
    assert sick.verdict == "at risk"
    assert spread == pytest.approx(32, rel=0.01)  # root of the queries' times the keys' variance
    assert healthy.verdict == "healthy"


def test_norms_do_not_hide_that_samples_become_alike() -> None:
    """Sigmoids under PyTorch's default: a norm makes up for the gradient's size, not for biases larger than the signal."""
    behind = "nn.LayerNorm(width), nn.{}()"
    sick, healthy = (said(stack(10, behind.format(each))) for each in ("Sigmoid", "Tanh"))
    assert sick.verdict == "at risk"
    assert "INL610" in {each.symptom.value for each in sick.diagnoses}
    assert healthy.verdict == "healthy"
