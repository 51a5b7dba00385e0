"""What constructors do in code as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint
from initlint.network import Layer, Network

HEADER = """
import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Callable

import torch
from torch import nn


"""


def network_of(source: str, name: str = "Net") -> Network:
    return next(each for each in initlint.check_text(HEADER + source, "net.py").networks if each.name == name)


def linears(network: Network) -> list[Layer]:
    assert network.is_complete, network.reasons
    return [layer for layer in network.live() if layer.op == "linear"]


def test_rates_from_a_linspace_decide_which_layers_there_are() -> None:
    network = network_of("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        rates = [rate.item() for rate in torch.linspace(0, 0.2, 3)]
        first, rest = torch.linspace(0, 1, 3).split([1, 2])
        self.drops = nn.ModuleList([nn.Dropout(rate) if rate > 0 else nn.Identity() for rate in rates])
        self.map = nn.Linear(4, 4 + len(rest.tolist()))

    def forward(self, x):
        for drop in self.drops:
            x = drop(x)
        return self.map(x)
""")
    assert [layer.options["p"] for layer in network.live() if layer.op == "dropout"] == pytest.approx([0.1, 0.2])
    assert linears(network)[0].fan_out == 6


def test_a_repeated_value_has_the_length_it_is_given() -> None:
    network = network_of("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(n, n) for n in repeat(8, 3)])

    def forward(self, x):
        return self.layers(x)
""")
    assert len(linears(network)) == 3


def test_a_sequential_with_a_forward_of_its_own_holds_what_it_is_given() -> None:
    network = network_of("""
class Chain(nn.Sequential):
    def forward(self, x, scale):
        for layer in self:
            x = layer(x)
        return x


class Block(nn.ModuleDict):
    def __init__(self):
        super().__init__()
        for index in range(2):
            self.add_module(f"layer{index}", nn.Linear(8, 8))

    def forward(self, x):
        for name, layer in self.items():
            x = layer(x)
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = Chain(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        self.block = Block()

    def forward(self, x):
        return self.block(self.chain(x, 1))
""")
    names = [layer.name for layer in linears(network)]
    assert names == ["chain.0", "chain.2", "block.layer0", "block.layer1"]


def test_the_constructor_of_a_dataclass_is_reached_through_super_and_replace_copies_it() -> None:
    network = network_of("""
@dataclass
class Plan:
    width: int
    make: Callable


class Wide(Plan):
    def __init__(self, width):
        super().__init__(2 * width, nn.Linear)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        plan = Wide(8)
        other = replace(plan, width=32)
        self.layer = plan.make(8, plan.width)
        self.last = plan.make(plan.width, other.width)

    def forward(self, x):
        return self.last(self.layer(x))
""")
    assert [layer.fan_out for layer in linears(network)] == [16, 32]


def test_a_truncated_normal_by_hand_has_the_law_of_the_framework_s() -> None:
    network = network_of("""
def cut_normal_(tensor, std):
    low, high = ((1.0 + math.erf(x / std / math.sqrt(2.0))) / 2.0 for x in (-2.0, 2.0))
    with torch.no_grad():
        low = (1.0 + math.erf(-2.0 / std / math.sqrt(2.0))) / 2.0
        high = (1.0 + math.erf(2.0 / std / math.sqrt(2.0))) / 2.0
        tensor.uniform_(2 * low - 1, 2 * high - 1)
        tensor.erfinv_()
        tensor.mul_(std * math.sqrt(2.0))
        tensor.clamp_(min=-2.0, max=2.0)
    return tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Linear(8, 8), nn.Linear(8, 8)
        cut_normal_(self.small.weight, 0.02)
        cut_normal_(self.large.weight, 1.0)

    def forward(self, x):
        return self.large(self.small(x))
""")
    laws = [layer.weight.distribution for layer in linears(network) if layer.weight is not None]
    assert [law.family for law in laws if law is not None] == ["truncated_normal"] * 2
    assert [law.std for law in laws if law is not None] == pytest.approx([0.02, 0.87962566], rel=1e-4)


def test_a_table_of_classes_makes_what_it_is_asked_for() -> None:
    network = network_of("""
class Table(OrderedDict):
    def __getitem__(self, key):
        return super().__getitem__(key)()


ACTIVATIONS = Table({"relu": nn.ReLU, "gelu": nn.GELU})


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.act = nn.Linear(8, 8), ACTIVATIONS["gelu"]

    def forward(self, x):
        return self.act(self.map(x))
""")
    assert [layer.activation for layer in network.live() if layer.op == "activation"] == ["gelu"]


def test_an_output_object_is_read_by_position_and_an_input_may_be_optional() -> None:
    network = network_of("""
@dataclass
class Output:
    loss: torch.Tensor = None
    logits: torch.Tensor = None


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(8, 8)

    def forward(self, x=None, mask=None):
        return Output(logits=self.map(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = Inner(), nn.Linear(8, 2)

    def forward(self, x=None, mask=None):
        return self.last(self.inner(x)[0])
""")
    assert [layer.name for layer in linears(network)] == ["inner.map", "last"]


def test_a_registry_holds_what_its_module_adds_to_it_under_whatever_name_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "registry.py").write_text("""
from torch import nn

ACTIVATIONS = {"identity": nn.Identity}
ACTIVATIONS["tanh"] = lambda: nn.Tanh()
""")
    (tmp_path / "net.py").write_text(
        HEADER
        + """
import registry
from registry import ACTIVATIONS as KNOWN


class Net(nn.Module):
    def __init__(self, activation="tanh"):
        super().__init__()
        self.first, self.act = nn.Linear(8, 8), KNOWN[activation]()
        self.last, self.end = nn.Linear(8, 2), registry.ACTIVATIONS[activation]()

    def forward(self, x):
        return self.end(self.last(self.act(self.first(x))))
"""
    )
    (network,) = initlint.check([tmp_path]).networks
    assert [layer.activation for layer in network.live() if layer.op == "activation"] == ["tanh", "tanh"]


def test_a_registry_holds_what_other_modules_add_to_it_by_a_function(tmp_path: Path) -> None:
    (tmp_path / "registry.py").write_text("""
from torch import nn

_KNOWN = {"identity": nn.Identity}


def register(name, act):
    _KNOWN[name] = act


def create(name):
    return _KNOWN[name]()
""")
    (tmp_path / "net.py").write_text(
        HEADER
        + """
from registry import create, register as add


class Twice(nn.Module):
    def forward(self, x):
        return x.tanh().relu()


class Net(nn.Module):
    def __init__(self, activation="twice"):
        super().__init__()
        self.map, self.act = nn.Linear(8, 8), create(activation)

    def forward(self, x):
        return self.act(self.map(x))


add("twice", act=Twice)
"""
    )
    network = next(each for each in initlint.check([tmp_path]).networks if each.name == "Net")
    assert [layer.activation for layer in network.live() if layer.op == "activation"] == ["tanh", "relu"]


def test_an_item_set_before_a_registry_is_bound_anew_is_not_in_it() -> None:
    network = network_of("""
KNOWN = {"first": nn.Tanh}
KNOWN["act"] = nn.Tanh
KNOWN = {"act": nn.ReLU}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.act = nn.Linear(8, 8), KNOWN["act"]()

    def forward(self, x):
        return self.act(self.map(x))
""")
    assert [layer.activation for layer in network.live() if layer.op == "activation"] == ["relu"]


def test_the_methods_of_a_layer_s_class_are_called_by_its_name() -> None:
    text = """
from torch import nn


class Masked(nn.Linear):
    def __init__(self, width):
        nn.Linear.__init__(self, width, width)

    def forward(self, x):
        return nn.Linear.forward(self, x).relu()


class Stack(nn.Sequential):
    def __init__(self):
        super().__init__()
        self.add_module("first", Masked(4))

    def forward(self, x):
        return super().forward(x).tanh()


model = Stack()
"""
    (network,) = initlint.check_text(text, "model.py").networks
    assert network.is_complete
    assert [layer.activation or layer.kind for layer in network.live()] == ["x", "Linear", "relu", "tanh"]
