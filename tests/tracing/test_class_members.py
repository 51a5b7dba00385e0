"""What classes of the program hold, and what a program asks of them: as Python has it."""

from __future__ import annotations

from pathlib import Path

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
