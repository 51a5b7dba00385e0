"""Weights that are drawn anew are those of the layers that are reported, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import check

WITH_BACKBONE = """import torchvision
from torch import nn


class Net(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights="DEFAULT")
        self.body = nn.Sequential(*[nn.Sequential(nn.Linear(width, width), nn.ReLU()) for _ in range(14)])
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.body(self.backbone(x)))
"""
TWO_PARTS = """from torch import nn


class Net(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.side = nn.Linear(16, width)
        self.inp = nn.Linear(width, width)
        self.body = nn.ModuleList([nn.Linear(width, width) for _ in range(14)])
        self.head = nn.Linear(width, 10)

    def forward(self, x, y):
        x = self.inp(x).relu()
        for layer in self.body:
            x = layer(x).relu()
        return self.head(x) + self.side(y).sigmoid().mean()
"""
CASES = [
    (WITH_BACKBONE, "for module in self.body.modules():"),
    (TWO_PARTS, "for module in (*self.inp.modules(), *self.body.modules()):"),
]


@pytest.mark.parametrize(("source", "loop"), CASES)
def test_a_loop_is_over_the_attributes_that_hold_the_stack_where_there_is_more(
    tmp_path: Path, source: str, loop: str
) -> None:
    path = tmp_path / "model.py"
    path.write_text(source, encoding="utf-8")
    check(path, isolated=True, select=["INL201"], fix=True, unsafe_fixes=True)
    added = set(path.read_text(encoding="utf-8").splitlines()) - set(source.splitlines())
    assert added == {
        f"        {loop}",
        "            if isinstance(module, nn.Linear):",
        '                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")',
    }


def test_the_arguments_of_an_init_that_stay_right_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        "from torch import nn\n\nlayers = []\nfor _ in range(30):\n    linear = nn.Linear(256, 256)\n"
        '    nn.init.kaiming_uniform_(linear.weight, nonlinearity="linear", mode="fan_out")\n'
        "    nn.init.zeros_(linear.bias)\n    layers += [linear, nn.ReLU()]\nnet = nn.Sequential(*layers)\n",
        encoding="utf-8",
    )
    check(path, isolated=True, select=["INL202"], fix=True, unsafe_fixes=True)
    wanted = 'nn.init.kaiming_uniform_(linear.weight, mode="fan_out", nonlinearity="relu")'
    assert wanted in path.read_text(encoding="utf-8")


SPREAD = """from torch import nn


class Net(nn.Module):
    def __init__(self, width=128{parameter}):
        super().__init__()
        self.body = nn.ModuleList([nn.Linear(width, width) for _ in range(14)])
        self.head = nn.Linear(width, 10)
        for layer in self.body:
            nn.init.normal_(layer.weight, std={std})

    def forward(self, x):
        for layer in self.body:
            x = layer(x).relu()
        return self.head(x)
"""


@pytest.mark.parametrize(
    ("parameter", "std", "is_fixed"), [("", "0.001", True), (", init_std=0.001", "init_std", False)]
)
def test_a_spread_that_callers_may_choose_is_left_to_them(
    parameter: str, std: str, is_fixed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.py"
    path.write_text(SPREAD.format(parameter=parameter, std=std), encoding="utf-8")
    report = check(path, isolated=True, select=["INL204"], fix=True, unsafe_fixes=True)
    assert report.fixes is not None
    assert (report.fixes.found, len(report.fixes.fixed)) == (1, int(is_fixed))
