"""What the constructors of convolutional libraries compute their layers from."""

from __future__ import annotations

import initlint
from initlint.network import Layer

HEADER = """
import functools
import re
import types

import torch
from torch import nn


"""


def layers_of(source: str, op: str) -> list[Layer]:
    """The layers of one kind of the class ``Net``, which must be traced in full."""
    networks = initlint.check_text(HEADER + source, "net.py").networks
    network = next(each for each in networks if each.name == "Net")
    assert network.is_complete, network.reasons
    return [layer for layer in network.live() if layer.op == op]


def test_a_known_string_is_split_by_a_regular_expression() -> None:
    (linear,) = layers_of(
        r"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        options = {}
        for part in "ir_r2_c24".split("_"):
            pieces = re.split(r"(\d.*)", part)
            if len(pieces) >= 2:
                key, value = pieces[:2]
                options[key] = value
        self.map = nn.Linear(4, int(options["c"]) * int(options["r"]))

    def forward(self, x):
        return self.map(x)
""",
        "linear",
    )
    assert linear.fan_out == 48


def test_a_pattern_that_may_take_for_ever_is_not_run() -> None:
    networks = initlint.check_text(
        HEADER
        + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(4, len(re.split("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")))

    def forward(self, x):
        return self.map(x)
""",
        "net.py",
    ).networks
    assert [layer.fan_out for network in networks for layer in network.layers if layer.op == "linear"] != [1]


def test_a_partial_layer_is_taken_apart_and_its_class_found_by_name() -> None:
    (norm,) = layers_of(
        """
KNOWN = dict(batchnorm2d=nn.GroupNorm)


def found(layer):
    assert isinstance(layer, (type, str, types.FunctionType, functools.partial))
    options = {}
    if isinstance(layer, functools.partial):
        options.update(layer.keywords)
        layer = layer.func
    if isinstance(layer, types.FunctionType):
        return layer
    return functools.partial(KNOWN[layer.__name__.lower()], **options)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = found(functools.partial(nn.BatchNorm2d, affine=False))(2, 8)

    def forward(self, x):
        return self.norm(x)
""",
        "norm",
    )
    assert norm.kind == "GroupNorm"
    assert not norm.parameters


def test_layers_are_named_from_the_model_that_took_them_from_another() -> None:
    networks = initlint.check_text(
        HEADER
        + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)
        self.second = nn.Conv2d(8, 8, 3)

    def forward(self, x):
        return self.second(self.first(x))


class Features(nn.ModuleDict):
    def __init__(self, model):
        super().__init__({name: module for name, module in model.named_children()})

    def forward(self, x):
        for name, module in self.items():
            x = module(x)
        return x


class Segmenter(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        return self.head(self.backbone(x))


model = Segmenter(Features(Net()))
""",
        "net.py",
    ).networks
    network = next(each for each in networks if each.name == "Segmenter")
    assert [layer.name for layer in network.live()][1:] == ["backbone.first", "backbone.second", "head"]
