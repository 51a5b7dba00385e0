"""What classes of the program hold, and what a program asks of them: as Python has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.frameworks.torch.attributes import MODULE_NAMES, TENSOR_NAMES
from initlint.gathering import Gathered
from initlint.network import Network
from initlint.tracing import trace_script


def traced(source: str) -> Network:
    """The largest network of a script."""
    text = f"import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n{source}"
    gathered = Gathered.from_text(text, str(Path("script.py")))
    (module,) = gathered.program.modules
    return max(trace_script(gathered.program, module), key=lambda each: len(each.layers))


def kinds(network: Network) -> list[str]:
    """The layers that reach the output, but for the input."""
    return [layer.kind for layer in network.live() if layer.op != "input"]


NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(4, 4)

    def forward(self, x):
        x = self.map(x)
        return x.relu() if {test} else x.tanh()

model = Net()
"""


def test_a_class_attribute_may_be_none() -> None:
    """It is found, as any other value is, and a test for it is decided."""
    source = "class Base(nn.Module):\n    scheme: str | None = None\n" + NET.replace("nn.Module", "Base")
    assert kinds(traced(source.format(test="self.scheme is None"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="hasattr(self, 'scheme')"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="Net.scheme is not None"))) == ["Linear", "tanh"]


def test_an_annotation_alone_sets_no_attribute() -> None:
    """So that a base's value is the one that is read."""
    source = "class Base(nn.Module):\n    scheme = 'he'\n" + NET.replace("nn.Module):", "Base):\n    scheme: str")
    assert kinds(traced(source.format(test="self.scheme == 'he'"))) == ["Linear", "relu"]


def test_a_class_variable_is_no_field_of_a_dataclass() -> None:
    """The instance does not get the value of the base, and reads that of its own class."""
    source = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass
class Options:
    kind: ClassVar[str] = ""
    width: int = 4

class Wide(Options):
    kind = "wide"
"""
    assert kinds(traced(source + NET.format(test="Wide().kind == 'wide'"))) == ["Linear", "relu"]
    assert kinds(traced(source + NET.format(test="Wide(8).width == 8"))) == ["Linear", "relu"]


def test_a_class_knows_its_name_its_module_and_its_bases() -> None:
    """As programs ask for them to choose what to do."""
    base = "class Base(nn.Module):\n    pass\n"
    source = base + NET.replace("nn.Module", "Base")
    assert kinds(traced(source.format(test="'Base' in str(type(self).__bases__)"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="self.__class__.__module__ == 'script'"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="any(base is Base for base in Net.__mro__)"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="hasattr(Base, 'generate')"))) == ["Linear", "tanh"]


def test_an_attribute_set_on_the_framework_s_module_class_reaches_every_module() -> None:
    """As a recursive init function that is hung onto all modules, the first time it is needed."""
    source = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
        self.fill()

    def fill(self):
        if not hasattr(nn.Module, "walk"):

            def walk(module, function):
                for child in module.children():
                    child.walk(function)
                function(module)

            setattr(nn.Module, "walk", walk)
        self.walk(self._fill)

    def _fill(self, module):
        if isinstance(module, nn.Linear) and not getattr(module, "is_filled", False):
            nn.init.normal_(module.weight, std=0.02)
        module.is_filled = True

    def forward(self, x):
        return self.body(x)

model = Net()
model.fill()
"""
    network = traced(source)
    first, last = (layer.weight for layer in network.layers if layer.op == "linear")
    assert kinds(network) == ["Linear", "ReLU", "Linear"]
    for weight in (first, last):
        assert weight is not None
        assert [write.initializer for write in weight.writes] == ["default", "normal_"]
        assert all(write.is_certain for write in weight.writes)


def test_a_flag_on_a_parameter_is_found_again() -> None:
    """And one that nobody set is not there."""
    source = """
def fill(weight):
    if not getattr(weight, "is_filled", False):
        nn.init.normal_(weight, std=0.02)
    weight.is_filled = True

model = nn.Linear(4, 4)
fill(model.weight)
fill(model.weight)
model = nn.Sequential(model)
"""
    (weight,) = (layer.weight for layer in traced(source).layers if layer.op == "linear")
    assert weight is not None
    assert [write.initializer for write in weight.writes] == ["default", "normal_"]


def test_tensors_are_made_on_the_default_device() -> None:
    """Which is the processor, until the program says otherwise."""
    source = NET.replace("self.map(x)", "self.map(x)\n        here = torch.tensor([]).device")
    assert kinds(traced(source.format(test="here == torch.get_default_device()"))) == ["Linear", "relu"]
    assert kinds(traced(source.format(test="here == torch.device('meta')"))) == ["Linear", "tanh"]
    inside = source.replace("        here", "        with torch.device('meta'):\n            here")
    assert kinds(traced(inside.format(test="here.type == 'meta'"))) == ["Linear", "relu"]
    outside = inside.replace("return", "here = torch.zeros(1).device\n        return")
    assert kinds(traced(outside.format(test="here.type == 'meta'"))) == ["Linear", "tanh"]


def test_the_parameters_of_a_module_alone_leave_out_those_of_its_children() -> None:
    """With ``recurse=False``."""
    loop = "        for weight in self.parameters(recurse=False):\n            nn.init.zeros_(weight)\n"
    network = traced(NET.replace("    def forward", f"{loop}\n    def forward").format(test="True"))
    (weight,) = (layer.weight for layer in network.layers if layer.op == "linear")
    assert weight is not None and [write.initializer for write in weight.writes] == ["default"]


def test_the_names_of_tensors_and_modules_are_those_of_the_framework() -> None:
    """Those that the lists were made from are all there."""
    torch = pytest.importorskip("torch")
    if torch.__version__.startswith("2.13."):
        assert {name for name in dir(torch.nn.Module()) if not name.startswith("__")} <= MODULE_NAMES
        assert {name for name in dir(torch.nn.Parameter(torch.zeros(1))) if not name.startswith("__")} <= TENSOR_NAMES


def test_a_submodule_comes_before_what_a_star_import_may_bring(tmp_path: Path) -> None:
    """``from . import filling`` names the file; what the package imports from elsewhere is not read for it."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from .others import *\n")
    (package / "others.py").write_text("import torch\n\ndef filling(weight):\n    pass\n")
    (package / "filling.py").write_text("from torch import nn\n\ndef fill(weight):\n    nn.init.zeros_(weight)\n")
    (package / "model.py").write_text(
        "from torch import nn\nfrom . import filling\n\n"
        "def build():\n    layer = nn.Linear(4, 4)\n    filling.fill(layer.weight)\n    return nn.Sequential(layer)\n"
    )
    text = "import torch\nfrom package.model import build\nmodel = build()\n"
    gathered = Gathered.from_text(text, str(tmp_path / "script.py"))
    (network,) = trace_script(gathered.program, gathered.program.modules[0])
    (weight,) = (layer.weight for layer in network.layers if layer.op == "linear")
    assert weight is not None and [write.initializer for write in weight.writes] == ["default", "zeros_"]
    assert not any("others" in source for source in gathered.sources)


CONFIGS = """
from dataclasses import dataclass

class classproperty(property):
    def __get__(self, instance, owner):
        return self.fget(owner)

@dataclass
class Part:
    width: int = 7

class Config:
    parts = {}

    def __init_subclass__(cls, suffix="", **kwargs):
        super().__init_subclass__(**kwargs)
        if (own := cls.__dict__.get("parts")) is not None:
            cls.parts = {name + suffix: part for name, part in own.items()}

    def __init__(self, **kwargs):
        for name, part in self.parts.items():
            setattr(self, name, part(**kwargs))

    @classproperty
    def count(cls):
        return len(cls.parts)

class Ours(Config, suffix="_config"):
    parts = {"text": Part, "image": Part}

class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.map = nn.Linear(config.text_config.width, config.count)

    def forward(self, x):
        return self.map(x)

model = Net(Ours(width=5))
"""


def test_a_base_that_asks_to_be_told_of_its_subclasses_is_told() -> None:
    """With what the class gives beside its bases; what it changes in the class is read from then on."""
    (layer,) = [each for each in traced(CONFIGS).layers if each.op == "linear"]
    assert (layer.fan_in, layer.fan_out) == (5, 2)


WRAPPED = """
class Wrapping(nn.Module):
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        inner = cls.forward
        cls.forward = lambda self, x: inner(self, x)

class Block(Wrapping):
    def __init__(self, width):
        super().__init__()
        self.map = nn.Linear(width, width)

    def forward(self, x):
        return self.map(x)

class Net(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        self.blocks = nn.ModuleList([Block(width) for _ in range(depth)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

model = Net(depth(), 8)
"""


def test_a_base_is_told_of_a_class_that_is_used_where_it_is_not_known_whether_it_is() -> None:
    assert not any("forward" in layer.reason for layer in traced(WRAPPED).layers)
    assert any(layer.op == "linear" for layer in traced(WRAPPED).layers)
