"""Modules that PyTorch builds of its own layers are what PyTorch makes of them."""

from __future__ import annotations

import pytest
from torch import nn

import initlint
from initlint.network import Network

MADE = (
    "nn.TransformerEncoderLayer(32, 4, 48)",
    "nn.TransformerDecoderLayer(32, 4, bias=False)",
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 48, batch_first=True), 3, nn.LayerNorm(32))",
    "nn.TransformerDecoder(nn.TransformerDecoderLayer(32, 4), num_layers=2)",
    "nn.Transformer(32, 4, 1, 2, 40, batch_first=True)",
)
SOURCE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.whole = {made}

    def forward(self, x, y):
        return self.whole(x, y)
"""
PLAIN = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 4, 48, {options})
        self.body = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(32, 5)

    def forward(self, x):
        return self.head(self.body(x))
"""


def network_of(source: str) -> Network:
    report = initlint.check_text(source, "net.py", select=["ALL"])
    assert not report.errors
    return next(each for each in report.networks if each.name == "Net")


@pytest.mark.parametrize("made", MADE)
def test_their_parameters_have_the_names_sizes_and_spread_of_pytorch_s(made: str) -> None:
    known = {parameter.name: parameter for parameter in network_of(SOURCE.format(made=made)).parameters}
    real = dict(eval(made, {"nn": nn}).named_parameters(prefix="whole"))
    assert {name: each.shape for name, each in known.items()} == {name: tuple(p.shape) for name, p in real.items()}
    for name, parameter in real.items():
        law = known[name].distribution
        assert law is not None
        if parameter.dim() > 1:
            assert float(law.second) ** 0.5 == pytest.approx(parameter.std().item(), rel=0.1)


def test_their_layers_and_operations_stand_where_they_are_built() -> None:
    network = network_of(PLAIN.format(options="norm_first=True"))
    lines = PLAIN.splitlines()
    assert network.is_complete
    assert {layer.place.path for layer in network.layers} == {"net.py"}
    linear = next(layer for layer in network.layers if layer.name == "body.layers.1.linear2")
    relu = next(layer for layer in network.layers if layer.activation == "relu")
    assert "TransformerEncoderLayer" in lines[linear.place.line - 1]
    assert "TransformerEncoderLayer" in lines[relu.place.line - 1]


@pytest.mark.parametrize(
    ("options", "first", "activation"),
    [
        ("norm_first=True, activation='gelu'", "norm", "gelu"),
        ("activation=F.silu", "attention", "silu"),
    ],
)
def test_their_options_decide_the_order_and_the_activation(options: str, first: str, activation: str) -> None:
    layers = network_of(PLAIN.format(options=options)).live()
    assert next(layer.op for layer in layers if layer.op != "input") == first
    assert {layer.activation for layer in layers if layer.op == "activation"} == {activation}


def test_a_class_derived_from_one_runs_its_own_forward_with_the_inherited_blocks() -> None:
    network = network_of("""
from torch import nn


class Net(nn.TransformerEncoderLayer):
    def forward(self, src):
        return self._ff_block(src)


net = Net(32, 4, 48, activation="gelu")
""")
    assert [layer.op for layer in network.live()] == ["input", "linear", "activation", "dropout", "linear", "dropout"]
    assert {layer.place.path for layer in network.layers} == {"net.py"}


def test_the_copies_that_pytorch_makes_of_a_layer_are_no_finding() -> None:
    report = initlint.check_text(PLAIN.format(options="dropout=0.0"), "net.py")
    assert not report.findings


def test_attributes_that_only_share_their_names_with_a_framework_s_mean_nothing() -> None:
    report = initlint.check_text(
        """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.built, self.compiled, self.functional_outputs = True, ("categorical",), None
        self.first, self.last = nn.Linear(8, 16), nn.Linear(16, 4)

    def forward(self, x):
        return self.last(self.first(x).relu())


def build():
    return Net()
""",
        "net.py",
        select=["ALL"],
    )
    (network,) = report.networks
    assert not report.errors and network.is_complete
    assert [layer.name for layer in network.live() if layer.op == "linear"] == ["first", "last"]
