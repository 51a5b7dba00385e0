"""A registry that imports a model's module when it is asked for the model, behind a factory that was documented anew."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint
from initlint.network import Network

FILES = {
    "zoo/__init__.py": "",
    "zoo/models/__init__.py": "",
    "zoo/models/tiny.py": """
from torch import nn


class TinyConfig:
    def __init__(self, width=12):
        self.width = width


class Tiny(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.map = nn.Linear(config.width, config.width)

    @classmethod
    def made(cls, config):
        return cls(config)

    def forward(self, x):
        return self.map(x)
""",
    "zoo/auto.py": """
import functools
import importlib
import types
from .names import NAMES


NAMES = dict(**{"other": "OtherConfig"}, **NAMES)


def again(function):
    copied = types.FunctionType(function.__code__, function.__globals__, name=function.__name__)
    return functools.update_wrapper(copied, function)


def find(module, name):
    if isinstance(name, tuple):
        return tuple(find(module, each) for each in name)
    return getattr(module, name) if hasattr(module, name) else find(importlib.import_module("zoo"), name)


class Lazy(dict):
    def __init__(self, names, classes):
        self._by_name = {value: key for key, value in names.items()}
        self._classes = classes

    def __contains__(self, key):
        return hasattr(key, "__name__") and key.__name__ in self._by_name

    def __getitem__(self, key):
        kind = self._by_name[key.__name__]
        return find(importlib.import_module(f".{kind}", "zoo.models"), self._classes[kind])


def documented(cls):
    made = again(Base.from_config)
    made.__doc__ = "\\n".join([line for line in made.__doc__.split("\\n")])
    if made.__doc__ is not None:
        raise ValueError
    cls.from_config = classmethod(made)
    return cls


class Base:
    table = None

    @classmethod
    def from_config(cls, config):
        \"\"\"Makes the model of a configuration.\"\"\"
        if type(config) in cls.table:
            return cls.table[type(config)].made(config)
        raise ValueError(config)


class Auto(Base):
    table = Lazy(NAMES, {"tiny": "Tiny"})


Auto = documented(Auto)
""",
    "zoo/names.py": 'NAMES = {"tiny": "TinyConfig"}\n',
    "zoo/heads.py": """
from torch import nn
from .auto import Auto
from .models.tiny import TinyConfig


class Head(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.body, self.out = Auto.from_config(config), nn.Linear(config.width, 2)

    def forward(self, x):
        return self.out(self.body(x))
""",
}


@pytest.fixture
def networks(tmp_path: Path) -> dict[str, Network]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {network.name: network for network in initlint.check([tmp_path]).networks}


def test_the_model_of_a_configuration_is_found_and_followed(networks: dict[str, Network]) -> None:
    found = networks["Head"]
    assert found.is_complete
    assert [(layer.name, layer.fan_in) for layer in found.live() if layer.op == "linear"] == [
        ("body.map", 12),
        ("out", 12),
    ]


LOOKING = """
import importlib
from torch import nn


def find(module, name):
    if isinstance(name, tuple):
        return tuple(find(module, each) for each in name)
    if isinstance(name, dict):
        return {key: find(module, each) for key, each in name.items()}
    return getattr(module, name) if hasattr(module, name) else find(importlib.import_module("zoo"), name)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = find(importlib.import_module("models"), open("name").read())()

    def forward(self, x):
        return self.map(x)
"""


def test_a_function_that_looks_for_something_unknown_in_one_module_after_the_other_ends() -> None:
    report = initlint.check_text(LOOKING, "model.py")
    assert report.untraced == 0
    assert [network.is_complete for network in report.networks] == [False]


REGISTRY = """
from collections import namedtuple
from collections.abc import Hashable

from torch import nn


class Registry:
    Entry = namedtuple("Entry", "about made")

    def __init__(self):
        self.known = {}

    def add(self, name, made):
        self.known[name] = self.Entry(about=name, made=made)

    def register(self, name):
        def keep(made):
            self.add(name, made)
            return made
        return keep

    def __getitem__(self, name):
        if not isinstance(name, Hashable):
            raise TypeError
        return self.known[name].made


LAYERS = Registry()
LAYERS.add("narrow", nn.Linear)


@LAYERS.register("by_axes")
def by_axes(axes):
    return (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]


@LAYERS.register("wide")
class Wide(nn.Linear):
    pass
"""
ASKING = """

class Net(nn.Module):
    def __init__(self, axes):
        super().__init__()
        self.map = LAYERS[{name!r}]{arguments}

    def forward(self, x):
        return self.map(x)
"""


@pytest.mark.parametrize(
    ("name", "arguments", "kinds"),
    [
        ("narrow", "(3, 4)", {"Linear"}),
        ("wide", "(3, 4)", {"Linear"}),
        ("by_axes", "(2)(3, 4, 1)", {"Conv2d"}),
        ("by_axes", "(axes)(3, 4, 1)", {"Conv1d", "Conv2d", "Conv3d", "join"}),
    ],
)
def test_a_registry_holds_what_its_module_calls_and_decorates_with_it(
    name: str, arguments: str, kinds: set[str]
) -> None:
    text = REGISTRY + ASKING.format(name=name, arguments=arguments)
    found = next(each for each in initlint.check_text(text, "model.py").networks if each.name == "Net")
    assert found.is_complete
    assert {layer.kind for layer in found.live() if layer.op != "input"} == kinds


ELSEWHERE = {
    "registry.py": REGISTRY,
    "heads.py": """
from torch import nn
from registry import LAYERS as KNOWN


@KNOWN.register("head")
class Head(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        return self.out(x)
""",
    "net.py": """
from torch import nn
from registry import LAYERS


class Net(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.body = LAYERS["narrow"](width, width)
        self.head = LAYERS["head"](width)

    def forward(self, x):
        return self.head(self.body(x))
""",
}


def test_a_registry_holds_what_other_modules_put_into_it(tmp_path: Path) -> None:
    for name, text in ELSEWHERE.items():
        (tmp_path / name).write_text(text)
    networks = initlint.check(tmp_path, isolated=True).networks
    found = next(each for each in networks if each.name == "Net")
    assert found.is_complete
    assert [layer.name for layer in found.live() if layer.op == "linear"] == ["body", "head.out"]


COPIED = """
from inspect import getattr_static
from types import FunctionType

from torch import nn


class Base(nn.Module):
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        forward = getattr_static(cls, "forward")
        if "forward" not in cls.__dict__ and isinstance(forward, FunctionType):
            code = forward.__code__.replace(co_name=f"{cls.__name__}.forward")
            cls.forward = FunctionType(code, forward.__globals__, "forward")

    def __init__(self):
        super().__init__()
        self.map = nn.Linear(3, 4)

    def forward(self, x):
        return self.map(x)


class Net(Base):
    pass
"""


def test_a_method_that_is_copied_for_each_class_is_the_method() -> None:
    networks = initlint.check_text(COPIED + "\n\nclass Other(Base):\n    kind = 3\n", "model.py").networks
    assert {each.is_complete for each in networks if each.name != "Base"} == {True}
