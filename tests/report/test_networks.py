"""The traced models with their predicted numbers, as tables and as JSON."""

from __future__ import annotations

import json
import math

import pytest

import initlint
from initlint.report import json as json_report
from initlint.report.networks import render
from initlint.report.palette import Palette

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


def rows(report: initlint.Report) -> dict[str, list[str]]:
    """The table's rows by their layer, or by the operation where it has no name."""
    table = [line.split() for line in render(report.networks, Palette(False)).splitlines()[2:] if line]
    return {row[1] if row[0] == "-" else row[0]: row for row in table}


def test_a_table_has_the_numbers_of_each_layer_under_its_headings(report) -> None:
    rectified = 1 - 1 / math.pi  # variance of the positive part of N(0, 2)
    head, titles, *_ = render(report.networks, Palette(False)).splitlines()
    assert head == "Net (net.py:5)"
    assert titles.split("  ")[-1].strip() == "backward gain"
    found = rows(report)
    assert found["wide"] == ["wide", "Linear", "8", "64", "0.1768", "1", "2", "2", "8"]
    assert found["relu"] == ["-", "relu", "16", "2", f"{rectified:.4g}", f"{rectified / 2:.4g}", "0.5"]
    assert found["norm"][:5] == ["norm", "BatchNorm1d", "9", f"{rectified:.4g}", "1"]
    assert found["drop"][-2:] == ["2", "2"]


def test_what_is_unknown_is_a_question_mark_with_the_reason(report) -> None:
    assert " ".join(rows(report)["rnn"]).endswith("? ? ? (no theory of LSTM)")


def test_a_size_that_has_only_a_name_is_shown_by_it(report) -> None:
    assert rows(report)["narrow"][-1].endswith("*hidden")


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
