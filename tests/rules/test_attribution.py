"""A stack that is predicted to fail gets one finding, which names the cause at the line to change and lists its layers."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"

LOOP = """
class Net(nn.Module):
    def __init__(self, depth={depth}):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(128, 128) for _ in range(depth)])
        self.out = nn.Linear(128, 10)
        for layer in self.layers:
            {init}

    def forward(self, x):
        for layer in self.layers:
            x = {activation}(layer(x))
        return self.out(x)
"""
HELPER = """
def fc(fan_in, fan_out):
    layer = nn.Linear(fan_in, fan_out)
    nn.init.normal_(layer.weight, std=0.01)  # here
    return nn.Sequential(layer, nn.ReLU())


def build():
    return nn.Sequential(fc(128, 128), fc(128, 128), fc(128, 128), fc(128, 128), nn.Linear(128, 4))
"""
APPLIED = """
def init(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0, 0.01)  # here
        nn.init.zeros_(m.bias)


net = nn.Sequential(*[m for _ in range(6) for m in (nn.Linear(128, 128), nn.ReLU())], nn.Linear(128, 10))
net.apply(init)
"""
SUBCLASSES = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)  # here
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.fc(x))


class Wide(Block):
    def __init__(self):
        super().__init__(256)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Wide() for _ in range(16)])
        self.out = nn.Linear(256, 2)

    def forward(self, x):
        return self.out(self.blocks(x))
"""
LINES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(128, 128)
        self.b = nn.Linear(128, 128)
        self.c = nn.Linear(128, 128)
        self.d = nn.Linear(128, 10)
        {init}(self.a.weight{arguments})  # here
        {init}(self.b.weight{arguments})
        {init}(self.c.weight{arguments})

    def forward(self, x):
        for layer in (self.a, self.b, self.c):
            x = F.relu(layer(x))
        return self.d(x)
"""
SELU = """
net = nn.Sequential(
    nn.Linear(64, 64), nn.SELU(),
    {between},  # here
    nn.Linear(64, 64), nn.SELU(),
    {between},
    nn.Linear(64, 64), nn.SELU(),
    nn.Linear(64, 1),
)
for m in net.modules():
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="linear")
"""
NORMS = """
net = nn.Sequential(
    nn.Linear(64, 64),
    nn.BatchNorm1d(64),  # here
    nn.SELU(),
    nn.Linear(64, 64),
    nn.BatchNorm1d(64),
    nn.SELU(),
    nn.Linear(64, 1),
)
"""


def check(source: str, folder: Path) -> list[initlint.Finding]:
    """What the rules that are on by default report."""
    file = folder / "model.py"
    file.write_text(HEAD + source, encoding="utf-8")
    report = initlint.check(file, isolated=True)
    assert not report.errors
    return list(report.findings)


def line_of(source: str) -> int:
    """The line that is marked as the one to change."""
    return next(number for number, line in enumerate((HEAD + source).splitlines(), 1) if line.endswith("# here"))


def layers_of(finding: initlint.Finding) -> int:
    """How many layers its evidence lists."""
    layers = (finding.predicted or {}).get("layers")
    assert isinstance(layers, list)
    return len(layers)


def in_loop(init: str, activation: str, depth: int = 6) -> str:
    return LOOP.format(init=f"{init}  # here", activation=activation, depth=depth)


CASES = {
    "a helper that draws with one spread": (HELPER, "INL204", 4),
    "an init function that is applied": (APPLIED, "INL204", 6),
    "subclasses at the framework's default": (SUBCLASSES, "INL201", 16),
    "a spread on each of three lines": (
        LINES.format(init="nn.init.normal_", arguments=", std=0.001"),
        "INL204",
        3,
    ),
    "a mean on each of three lines": (LINES.format(init="nn.init.uniform_", arguments=""), "INL205", 3),
    "a mean under sigmoids": (in_loop("nn.init.uniform_(layer.weight)", "torch.sigmoid"), "INL205", 6),
    "a spread under few sigmoids": (
        in_loop("nn.init.normal_(layer.weight, std=0.01)", "torch.sigmoid", depth=3),
        "INL204",
        3,
    ),
    "the gain of tanh before 30 rectifiers": (
        in_loop("nn.init.xavier_normal_(layer.weight, nn.init.calculate_gain('tanh'))", "F.relu", depth=30),
        "INL202",
        30,
    ),
    "dropout between SELUs": (SELU.format(between="nn.Dropout(0.2)"), "INL203", 2),
    "norms before SELUs": (NORMS, "INL203", 2),
}


@pytest.mark.parametrize(("source", "code", "count"), CASES.values(), ids=CASES)
def test_one_finding_stands_at_the_line_to_change_and_lists_the_layers(
    source: str, code: str, count: int, tmp_path: Path
) -> None:
    (finding,) = check(source, tmp_path)
    assert (finding.code, finding.place.line, layers_of(finding)) == (code, line_of(source), count)


def test_sigmoids_that_fail_under_any_init_are_the_cause(tmp_path: Path) -> None:
    source = in_loop("nn.init.normal_(layer.weight, std=0.01)", "torch.sigmoid").replace("  # here", "")
    (finding,) = check(source, tmp_path)
    assert (finding.code, layers_of(finding)) == ("INL301", 6)
    assert "torch.sigmoid" in (HEAD + source).splitlines()[finding.place.line - 1]


def test_the_other_lines_to_change_are_named_beside_the_first(tmp_path: Path) -> None:
    source = LINES.format(init="nn.init.normal_", arguments=", std=0.001")
    (finding,) = check(source, tmp_path)
    assert [place.line for place, _ in finding.related] == [line_of(source) + 1, line_of(source) + 2]


def test_two_stacks_that_fail_for_two_causes_are_two_findings(tmp_path: Path) -> None:
    source = """
net = nn.Sequential(
    *[m for _ in range(16) for m in (nn.Linear(128, 128), nn.ReLU())],
    nn.LayerNorm(128),
    *[m for _ in range(8) for m in (nn.Linear(128, 128), nn.Sigmoid())],
    nn.Linear(128, 10),
)
"""
    assert sorted(finding.code for finding in check(source, tmp_path)) == ["INL201", "INL301"]


def test_a_stack_whose_init_fits_gets_no_finding(tmp_path: Path) -> None:
    init = 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'
    assert check(in_loop(init, "F.relu", depth=16), tmp_path) == []
