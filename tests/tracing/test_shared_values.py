"""What many models share is read once, and none of them sees what another did to it."""

from __future__ import annotations

import initlint
from initlint.network import Network
from initlint.report.report import Report

HEAD = """
import dataclasses
from torch import nn

SIZES = {"hidden": 16}
PATHS = []


@dataclasses.dataclass
class Config:
    hidden: int = 32

    def __post_init__(self):
        self.table = [index for index in range(%d)]
"""
WIDER = """

class Wider(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        config.hidden *= 2
        SIZES["hidden"] *= 2
        PATHS.append("wider")
        self.inner, self.outer = nn.Linear(8, config.hidden), nn.Linear(config.hidden, SIZES["hidden"])

    def forward(self, x):
        return self.outer(self.inner(x).relu())
"""
PLAIN = """

class Plain{number}(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.inner, self.outer = nn.Linear(8, config.hidden), nn.Linear(config.hidden, SIZES["hidden"])

    def forward(self, x):
        return self.outer(self.inner(x).relu()) if not PATHS else x
"""


def widths(network: Network) -> list[object]:
    return [layer.fan_out for layer in network.layers if layer.op == "linear"]


def test_what_one_model_does_to_shared_values_is_not_seen_by_the_next() -> None:
    networks = initlint.check_text(HEAD % 3 + WIDER + PLAIN.format(number=1), "model.py").networks
    assert {network.name: widths(network) for network in networks} == {"Wider": [64, 32], "Plain1": [32, 16]}


def checked(models: int) -> Report:
    return initlint.check_text(HEAD % 2500 + "".join(PLAIN.format(number=n) for n in range(models)), "model.py")


def test_a_default_configuration_that_takes_long_to_build_is_built_once() -> None:
    report = checked(models=300)
    assert report.untraced == 0
    assert len(report.networks) == 300


FILLED = """
from torch import nn

words = {"[PAD]": 0, "[MASK]": 1}
for word in open("words.txt"):
    words[word] = len(words)
sizes = []
sizes.append(len(open("sizes.txt").read()))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(8, len(words)), nn.Linear(8, 1 + len(sizes))

    def forward(self, x):
        return self.outer(self.inner(x).relu())
"""


def test_what_a_loop_or_a_call_at_the_top_level_fills_has_no_known_length() -> None:
    network = initlint.check_text(FILLED).networks[-1]
    assert [isinstance(width, int) for width in widths(network)] == [False, False]


REGISTRY = """
from torch import nn


class Registry:
    widths = {"small": 16}

    @classmethod
    def register(cls, name, width):
        cls.widths[name] = width


class Wider(nn.Module):
    def __init__(self, name):
        super().__init__()
        Registry.register(name, 8)
        Registry.register("small", 64)
        self.inner = nn.Linear(8, 8)

    def forward(self, x):
        return self.inner(x)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, Registry.widths["small"])

    def forward(self, x):
        return self.inner(x)
"""


def test_what_one_model_registers_on_a_class_is_not_seen_by_the_next() -> None:
    networks = initlint.check_text(REGISTRY, "model.py").networks
    assert {network.name: widths(network) for network in networks} == {"Wider": [8], "Plain": [16]}
