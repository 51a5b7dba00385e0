"""A constructor that says nothing of its parameter is given what the module's other classes hand down to it."""

from __future__ import annotations

import pytest

import initlint

MODULE = """
from dataclasses import dataclass
from torch import nn


@dataclass
class Config:
    width: int = 24
    {more}


class Part(nn.Module):
    def __init__(self, {parameters}):
        super().__init__()
        self.map = nn.Linear(config.width, 8)

    def forward(self, x):
        return self.map(x)


{builder}
"""
DIRECT = """
class Model(nn.Module):
    def __init__(self, settings: Config):
        super().__init__()
        self.part = Part({arguments})

    def forward(self, x):
        return self.part(x) if x.sum() > 0 else open(x)
"""
OVER_ANOTHER = """
class Middle(nn.Module):
    def __init__(self, depth, config):
        super().__init__()
        self.parts = nn.ModuleList([Part(config) for _ in range(depth)])

class Model(nn.Module):
    def __init__(self, settings: Config):
        super().__init__()
        self.middle = Middle(config=settings, depth=3)
"""
DERIVED = """
class Model(Part):
    def __init__(self, settings: Config):
        super().__init__(settings)
"""


def width(parameters: str, builder: str, more: str = "pass") -> object:
    text = MODULE.format(parameters=parameters, builder=builder, more=more)
    networks = initlint.check_text(text, "model.py").networks
    layers = [layer for network in networks if network.name in ("Part", "Model") for layer in network.layers]
    return next(layer.fan_in for layer in layers if layer.op == "linear")


@pytest.mark.parametrize(
    ("parameters", "builder"),
    [
        ("config", DIRECT.format(arguments="settings")),
        ("scale, config", DIRECT.format(arguments="2, settings")),
        ("config, scale", DIRECT.format(arguments="scale=2, config=settings")),
        ("config", OVER_ANOTHER),
        ("config", DERIVED),
    ],
)
def test_it_is_the_one_that_the_builder_s_own_parameter_is_annotated_with(parameters: str, builder: str) -> None:
    assert width(parameters, builder) == 24


CHOSEN = """
class Model(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        kind = Part if config.width > 3 else nn.Identity
        self.part = kind(config)
"""
OTHER = """
class Other(nn.Module):
    def __init__(self, config: Options):
        super().__init__()
"""


def test_one_that_nobody_builds_stays_a_symbol() -> None:
    assert not isinstance(width("config", ""), int)


def test_where_nobody_is_seen_to_build_it_all_that_are_annotated_have_to_agree() -> None:
    assert width("config", CHOSEN.replace("Model", "Chooser")) == 24
    assert not isinstance(width("config", CHOSEN.replace("Model", "Chooser") + OTHER), int)


def test_a_configuration_that_needs_arguments_stays_a_symbol() -> None:
    assert not isinstance(
        width("config", DIRECT.format(arguments="settings"), more="def __init__(self, depth): pass"), int
    )


DECLARED = """
class Described(Part):
    config: Config


class Model(Described):
    pass

    count = 1
"""


def test_a_class_that_declares_the_attribute_says_what_its_constructor_is_given() -> None:
    text = MODULE.format(parameters="config", builder=DECLARED, more="pass")
    network = next(each for each in initlint.check_text(text, "model.py").networks if each.name == "Model")
    assert [layer.fan_in for layer in network.layers if layer.op == "linear"] == [24]


def test_what_a_class_says_of_its_attribute_comes_before_what_others_of_the_module_are_given() -> None:
    """A mixin in a module of its own, beside a class that takes the most general configuration."""
    text = """
from dataclasses import dataclass
from torch import nn


@dataclass
class General:
    width: int = 3


@dataclass
class Special(General):
    width: int = 24


class Other(nn.Module):
    def __init__(self, config: General):
        super().__init__()

    def forward(self, x):
        return x


class Mixin:
    def __init__(self, config):
        super().__init__()
        self.map = nn.Linear(config.width, 8)


class Model(Mixin, nn.Module):
    config: Special

    def forward(self, x):
        return self.map(x)
"""
    (found,) = [each for each in initlint.check_text(text, "model.py").networks if each.name == "Model"]
    assert [layer.fan_in for layer in found.live() if layer.op == "linear"] == [24]


@pytest.mark.parametrize("annotation", ["Config | None", "None | Config", "Optional[Config]", "Union[int, Config]"])
def test_a_configuration_may_be_one_of_several(annotation: str) -> None:
    text = MODULE.format(parameters=f"config: {annotation}", builder="", more="pass")
    (found,) = initlint.check_text("from typing import Optional, Union" + text, "model.py").networks
    assert [layer.fan_in for layer in found.live() if layer.op == "linear"] == [24]
