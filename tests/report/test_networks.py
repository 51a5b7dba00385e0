"""The traced models with their predicted numbers, as tables and as JSON."""

from __future__ import annotations

import json
import math

import pytest

import initlint
from initlint.report import json as json_report
from initlint.report.folding import Repeat, find_repeats
from initlint.report.network_table import render
from initlint.report.probe import Drawing
from initlint.report.sparkline import UNICODE

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.wide = nn.Linear(64, 256, bias=False)
        self.norm = nn.BatchNorm1d(256)
        self.narrow = nn.Linear(256, hidden, bias=False)
        self.drop = nn.Dropout(0.5)
        self.rnn = nn.LSTM(hidden, 32)
        nn.init.kaiming_normal_(self.wide.weight)

    def forward(self, x):
        h = torch.relu(self.wide(x))
        h = self.norm(h) + h
        return self.rnn(self.drop(self.narrow(h)))[0]
"""


@pytest.fixture
def report() -> initlint.Report:
    return initlint.check_text(SOURCE, "net.py")


def drawn(report: initlint.Report, width: int = 100) -> list[str]:
    """The lines of the tables."""
    return render(report.networks, Drawing(width=width)).splitlines()


def rows(report: initlint.Report) -> dict[str, list[str]]:
    """The table's rows without their bars, by their layer, or by the operation where it has no name."""
    lines = drawn(report)
    heading = next(number for number, line in enumerate(lines) if line.split()[:2] == ["layer", "op"])
    table = [[cell for cell in line.split() if cell[0] not in UNICODE.eighths] for line in lines[heading + 1 :] if line]
    return {row[1] if row[0] == "-" else row[0]: row for row in table}


def test_a_table_has_the_numbers_of_each_layer_under_its_headings(report) -> None:
    rectified = 1 - 1 / math.pi  # variance of the positive part of N(0, 2)
    lines = drawn(report)
    title = lines.index("Net (net.py:5)")
    assert lines[title + 1].strip() == "8 operations, 1 with a variance that is not known"
    assert " ".join(lines[title + 2].split()) == "layer op line fan-in w std var in var out gain back variance"
    found = rows(report)
    assert found["wide"] == ["wide", "Linear", "net.py:8", "64", "0.177", "1", "2", "2", "8"]
    assert found["relu"] == ["-", "relu", "net.py:16", "2", f"{rectified:.3g}", f"{rectified / 2:.3g}", "0.5"]
    assert found["norm"][:5] == ["norm", "BatchNorm1d", "net.py:9", f"{rectified:.3g}", "1"]
    assert found["drop"][-2:] == ["2", "2"]


def test_what_is_unknown_is_a_question_mark_with_the_reason_below(report) -> None:
    assert " ".join(rows(report)["rnn"]).endswith("? ? ? [1]")
    assert drawn(report)[-2].strip() == "[1] no theory of LSTM (net.py:12)"


def test_the_reason_names_the_write_that_is_not_known() -> None:
    source = """
from torch import nn

net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
if flag:
    nn.init.normal_(net[0].weight)
"""
    lines = drawn(initlint.check_text(source, "net.py"))
    assert "[1] what normal_ does to 0.weight may not run (line 6) (net.py:4)" in "\n".join(lines)


def test_what_is_fed_by_something_unknown_is_not_to_blame() -> None:
    source = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x) + somewhere(x)
"""
    reasons = [line for line in drawn(initlint.check_text(source, "net.py")) if line.lstrip().startswith("[")]
    assert len(reasons) == 1 and "somewhere" in reasons[0]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_fits_the_width(width: int, report) -> None:
    assert max(map(len, drawn(report, width))) <= width
    heading = next(line for line in drawn(report, width) if line.split()[:1] == ["layer"])
    assert "var out" in heading and "gain" in heading


DEEP = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return x + self.fc(self.norm(x)).relu()

net = nn.Sequential(nn.Linear(16, 64), *[Block(64) for _ in range({depth})], nn.Linear(64, 2))
"""


def test_layers_that_come_again_are_folded_into_one_line() -> None:
    text = " ".join(" ".join(drawn(initlint.check_text(DEEP.format(depth=20), "net.py"))).split())
    assert "83 operations, all known" in text
    assert "19 more times these 4 rows (2.norm to 20.norm)" in text
    assert " 19.fc " not in text and " 1.fc " in text and " 21 " in text


def test_a_short_table_is_shown_whole() -> None:
    assert any("3.fc" in line for line in drawn(initlint.check_text(DEEP.format(depth=4), "net.py")))


@pytest.mark.parametrize(
    ("keys", "repeats"),
    [
        ("abcdefgh", []),
        ("aa" * 2, []),
        ("x" + "ab" * 5 + "y", [Repeat(1, 2, 4)]),
        ("aaaaaaaa", [Repeat(0, 1, 7)]),
        ("ab" * 5 + "c" + "def" * 4, [Repeat(0, 2, 4), Repeat(11, 3, 3)]),
        ("", []),
    ],
)
def test_repeats_are_found_where_they_save_lines(keys: str, repeats: list[Repeat]) -> None:
    assert find_repeats(keys) == repeats


def test_a_size_that_has_only_a_name_is_shown_by_it(report) -> None:
    assert rows(report)["narrow"][-1] == "0.0013*hidden"


def test_json_holds_what_the_contract_says(report) -> None:
    document = json.loads(json_report.render(report, show_networks=True))
    (network,) = document["networks"]
    assert (network["name"], network["path"], network["line"]) == ("Net", "net.py", 5)
    wide = network["nodes"][1]
    assert wide["weight_std"] == pytest.approx(math.sqrt(2 / 64))
    assert {**wide, "weight_std": 0} == {
        "name": "wide",
        "op": "Linear",
        "path": "net.py",
        "line": 8,
        "fan_in": 64,
        "fan_out": 256,
        "weight_std": 0,
        "weight_mean": 0,
        "forward": {"variance_in": 1, "variance_out": pytest.approx(2), "gain": pytest.approx(2)},
        "backward": {"gain": pytest.approx(8)},
        "reason": None,
    }
    assert "networks" not in json.loads(json_report.render(report))


def test_the_predicted_gains_are_those_measured_on_the_real_layers() -> None:
    torch = pytest.importorskip("torch")
    source = """
import torch
from torch import nn
net = nn.Sequential(
    nn.Linear(400, 300), nn.Tanh(), nn.Dropout(0.2),
    nn.Linear(300, 300), nn.LayerNorm(300), nn.GELU(), nn.Linear(300, 200),
)
"""
    (network,) = initlint.check_text(source).networks
    from initlint.network.prediction import predict

    space: dict[str, object] = {}
    torch.manual_seed(0)
    exec(source, space)
    signal = torch.randn(2000, 400)
    for layer, predicted in zip(space["net"], predict(network)[1:], strict=True):
        signal = layer(signal).detach()
        assert float(signal.var()) == pytest.approx(predicted.after.variance, rel=0.05), layer
