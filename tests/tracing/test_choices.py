"""Modules that a branch chooses, or that a loop of unknown length builds: each of those it may be is followed."""

from __future__ import annotations

import pytest

import initlint
from initlint.network import Network

HEAD = """
from torch import nn
from somewhere import settings

flag, depth = settings()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
"""


def network(body: str, forward: str) -> Network:
    """Of a module with this constructor and `forward`, each a line or several."""
    lines = [*(f"        {line}" for line in body.splitlines()), "", "    def forward(self, x):"]
    text = "\n".join([HEAD.rstrip(), *lines, *(f"        {line}" for line in forward.splitlines())])
    (found,) = initlint.check_text(text, "model.py").networks
    return found


def ops(body: str, forward: str) -> list[str]:
    return [layer.op for layer in network(body, forward).live()]


@pytest.mark.parametrize(
    ("body", "forward"),
    [
        ("self.map = nn.Linear(8, 8) if flag else nn.Identity()", "return self.map(x)"),
        ("self.map = nn.Linear(8, 8) if flag else None", "if self.map is not None: x = self.map(x)\nreturn x"),
        ("if flag: self.map = nn.Linear(8, 8)", "return self.map(x) if flag else x"),
        (
            "kind = nn.Linear if flag else nn.Bilinear\nself.map = (nn.Linear if flag else nn.Conv2d)(8, 8, 1)",
            "return self.map(x)",
        ),
    ],
)
def test_each_of_the_modules_that_an_attribute_may_be_is_called(body: str, forward: str) -> None:
    """Their results are joined, and what is called is neither ``None`` nor missing."""
    found = network(body, forward)
    assert found.is_complete
    assert {"linear"} <= {layer.op for layer in found.live()}


def test_what_only_one_of_two_has_is_read_of_both() -> None:
    """So that nothing is taken for known of which that is said for one alone."""
    body = "self.map = nn.Linear(8, 8) if flag else nn.Linear(8, 8)\nself.head = nn.Linear(self.map.out_features, 2)"
    assert [layer.fan_in for layer in network(body, "return self.head(self.map(x))").live() if layer.fan_in] == [
        8,
        8,
        8,
    ]
    other = body.replace("else nn.Linear(8, 8)", "else nn.Linear(8, 16)")
    assert network(other, "return self.head(self.map(x))").live()[-1].fan_in != 8


def test_an_init_function_reaches_both_modules_that_an_attribute_may_be() -> None:
    zeroed = "for m in self.modules():\n    if isinstance(m, nn.Linear): nn.init.zeros_(m.weight)"
    body = f"self.map = nn.Linear(8, 8) if flag else nn.Linear(8, 4)\n{zeroed}"
    laws = [layer.weight.distribution for layer in network(body, "return self.map(x)").live() if layer.weight]
    assert len(laws) == 2 and all(law is not None and law.is_constant for law in laws)


@pytest.mark.parametrize(
    "body",
    [
        "self.maps = nn.ModuleList()\nfor _ in range(depth): self.maps.append(nn.Linear(8, 8))",
        "self.maps = nn.ModuleList(nn.Linear(8, 8) for _ in range(depth))",
        "self.maps = nn.Sequential()\nif flag: self.maps.append(nn.Linear(8, 8))",
        "self.maps = nn.ModuleList()\nfor i in range(depth): self.maps.add_module(str(i), nn.Linear(8, 8))",
    ],
)
@pytest.mark.parametrize(
    "forward",
    ["for map in self.maps: x = map(x)\nreturn x", "return self.maps[depth](x)", "return self.maps[-1](x)"],
)
def test_layers_of_which_there_may_be_any_number_are_followed(body: str, forward: str) -> None:
    found = network(body, forward)
    assert found.is_complete
    assert sum(layer.op == "linear" for layer in found.live()) == 1


def test_pairs_of_which_there_may_be_any_number_are_unpacked() -> None:
    body = (
        "self.blocks = nn.ModuleList()\n"
        "for _ in range(depth): self.blocks.append(nn.ModuleList([nn.LayerNorm(8), nn.Linear(8, 8)]))"
    )
    assert ops(body, "for norm, map in self.blocks: x = x + map(norm(x))\nreturn x").count("linear") == 1


def test_how_many_there_are_is_not_known() -> None:
    """Neither their number nor whether there are any: what would go by that is not known."""
    body = "self.maps = nn.ModuleList(nn.Linear(8, 8) for _ in range(depth))\nself.head = nn.Linear(len(self.maps), 2)"
    assert network(body, "return self.head(x)").live()[-1].fan_in != 1
    assert ops(body, "if self.maps: x = nn.functional.relu(x)\nreturn x") == ["input", "activation", "join"]


def test_any_value_of_a_table_is_what_an_unknown_key_may_lead_to() -> None:
    body = 'self.map = {"one": nn.Linear, "two": nn.LazyLinear}[flag](8, 8)\nself.act = {"a": nn.ReLU(), "b": nn.Tanh()}[flag]'
    found = network(body, "return self.act(x)")
    assert found.is_complete
    assert {layer.activation for layer in found.live() if layer.op == "activation"} == {"relu", "tanh"}


def test_what_both_of_two_dicts_have_is_known() -> None:
    body = "self.map = nn.Linear(8, 8)"
    forward = "out = {'y': self.map(x)} if flag else {'y': x, 'z': x}\nreturn out['y']"
    assert network(body, forward).is_complete
    assert not network(body, forward.replace("out['y']", "out['z']")).outputs


def test_a_call_of_what_nothing_gives_says_so() -> None:
    """An argument that a wrapper is built with, and that no other part of the program names."""
    text = "\n".join(
        [
            "from torch import nn",
            "class Residual(nn.Module):",
            "    def __init__(self, body):",
            "        super().__init__()",
            "        self.body = body",
            "    def forward(self, x):",
            "        return x + self.body(x)",
        ]
    )
    (found,) = initlint.check_text(text, "model.py").networks
    (unknown,) = [layer for layer in found.live() if layer.op == "unknown"]
    assert unknown.reason == "nothing in the program gives what is called here: `body`"
