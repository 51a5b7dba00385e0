"""Equal blocks are run once; each still gets its own names and weights, and one that goes another way is run by itself."""

from __future__ import annotations

import pytest

import initlint
from initlint.network import Network

COUNT = 8
BLOCKS = """
import math
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, index, width=64):
        super().__init__()
        self.index, self.norm = index, nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        {more}

    def forward(self, x, scale=None):
        {first}
        return x + self.down(torch.relu(self.up(self.norm(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(index) for index in range({count})])
        for _ in range({times}):
            self.apply(self.init)

    def init(self, module):
        {init}

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""


def network(more: str = "pass", first: str = "pass", init: str = "pass", times: int = 1) -> Network:
    text = BLOCKS.format(more=more, first=first, init=init, count=COUNT, times=times)
    return next(each for each in initlint.check_text(text, "model.py").networks if each.name == "Model")


def variances(found: Network) -> list[object]:
    """Of the last weight of each block."""
    weights = [layer.weight for layer in found.layers if layer.weight is not None and layer.name.endswith("down")]
    return [weight.distribution and weight.distribution.variance for weight in weights]


def test_each_block_has_its_own_names_and_weights() -> None:
    found = network()
    linear = [layer for layer in found.layers if layer.op == "linear"]
    assert [layer.name for layer in linear] == [f"blocks.{i}.{part}" for i in range(COUNT) for part in ("up", "down")]
    assert [layer.weight.name for layer in linear if layer.weight] == [f"{layer.name}.weight" for layer in linear]
    assert len({id(layer.weight) for layer in linear}) == 2 * COUNT
    assert found.is_complete


def test_each_block_takes_what_the_one_before_gives() -> None:
    layers = network().layers
    sums = [layer for layer in layers if layer.op == "add"]
    assert [layer.inputs[0] for layer in sums] == [0, *(layer.id for layer in sums[:-1])]
    assert all(layers[index].id == index for index in range(len(layers)))


@pytest.mark.parametrize(
    ("first", "calls"),
    [
        ("if self.index == 5: return x", COUNT - 1),
        ("if self.index % 3 == 2: x = self.up(x)[..., :64]", COUNT + 2),
        ("if getattr(self, 'index') > 6: x = self.down(self.up(x))", COUNT + 1),
    ],
)
def test_a_block_that_asks_for_its_number_goes_its_own_way(first: str, calls: int) -> None:
    found = network(first=first)
    assert sum(layer.name.endswith(".up") for layer in found.layers) == calls


def test_what_one_block_sets_on_itself_is_not_set_on_others_that_were_something_else() -> None:
    """On a branch that may not run: an attribute that was 0 stays 0, one that was 3 is not known any longer."""
    found = network(
        more="self.shift = 3 if index % 2 else 0",
        first="if x.shape[0] > 7: self.shift = 0\n        if self.shift == 0: x = torch.tanh(x)",
    )
    kinds = [layer.kind for layer in found.layers if layer.kind in ("tanh", "join")]
    assert kinds.count("join") == COUNT // 2 and kinds.count("tanh") == COUNT


def test_an_init_function_that_reads_the_number_of_a_block_gives_each_its_own_law() -> None:
    init = "nn.init.normal_(module.down.weight, std=1 / math.sqrt(module.index + 1)) if isinstance(module, Block) else None"
    laws = [
        layer.weight.distribution for layer in network(init=init).layers if layer.name.endswith("down") and layer.weight
    ]
    assert [law and law.variance for law in laws] == pytest.approx([1 / (index + 1) for index in range(COUNT)])


def test_an_init_function_that_marks_what_it_did_does_it_once() -> None:
    init = """
        if isinstance(module, nn.Linear) and not getattr(module, "done", False):
            nn.init.normal_(module.weight, std=0.02)
            module.done = True"""
    found = network(init=init, times=2)
    written = [parameter.writes for parameter in found.parameters if parameter.role == "weight"]
    assert {tuple(write.initializer for write in writes) for writes in written} == {("default", "normal_")}


def test_weights_that_differ_stay_apart() -> None:
    """Blocks whose weights were drawn differently before are not alike for a function that scales what is there."""
    more = "nn.init.normal_(self.down.weight, std=0.5 if index == 4 else 1.0)"
    init = "module.weight.data.mul_(0.5) if isinstance(module, nn.Linear) else None"
    laws = [
        layer.weight.distribution
        for layer in network(more, init=init).layers
        if layer.name.endswith("down") and layer.weight
    ]
    assert [law and law.variance for law in laws] == [0.0625 if index == 4 else 0.25 for index in range(COUNT)]


def test_a_network_of_hundreds_of_blocks_is_traced_whole() -> None:
    """With an init function and a `forward` that run on each block, it would take more steps than one model may."""
    busy = "\n        ".join(f"x = x.view(x.shape).reshape(x.shape).flatten({n}).float()" for n in range(40))
    report = initlint.check_text(BLOCKS.format(more="pass", first=busy, init="pass", count=400, times=1), "model.py")
    assert report.untraced == 0
    assert any(each.name == "Model" and each.is_complete and len(each.layers) > 60_000 for each in report.networks)
