"""Unsafe fixes that are measured: the model is probed before and after, and what does not help is not written."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import Report, check

DEEP = """from torch import nn


class Deep(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(14)])
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return self.out(x)
"""
SHALLOW = """from torch import nn


class Shallow(nn.Module):
    def __init__(self, KIND):
        super().__init__()
        self.inp = nn.Linear(8, 64)
        self.out = nn.Linear(64, 2)
        nn.init.xavier_uniform_(self.inp.weight)

    def forward(self, x):
        return self.out(self.inp(x).tanh())
"""


def prove(tmp_path: Path, source: str, code: str) -> tuple[Report, str]:
    path = tmp_path / "model.py"
    path.write_text(source, encoding="utf-8")
    report = check(path, isolated=True, select=[code], fix=True, unsafe_fixes=True, verify=True)
    assert not report.errors
    return report, path.read_text(encoding="utf-8")


def test_a_fix_reports_what_it_was_measured_to_do(tmp_path: Path) -> None:
    report, after = prove(tmp_path, DEEP, "INL201")
    assert "kaiming_normal_" in after
    (proof,) = report.fixes.proofs
    assert proof.model == "Deep(width=64)"
    assert proof.before.score < 0.1 < 0.9 < proof.after.score
    assert proof.before.gradient < 1e-5 < 0.01 < proof.after.gradient
    assert proof.effect.startswith("Deep(width=64): gradient at the first layer ")
    (finding,) = report.fixes.fixed
    assert finding.measured == {
        "model": "Deep(width=64)",
        "score": [proof.before.score, proof.after.score],
        "gradient": [proof.before.gradient, proof.after.gradient],
        "is_reported": [True, False],
    }


ATTENTION = """from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=256):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.query.weight)
        nn.init.xavier_uniform_(self.key.weight)

    def forward(self, x):
        q, k = self.query(x), self.key(x)
        return (q @ k.transpose(-2, -1)).softmax(-1) @ x
"""


def test_a_fix_of_attention_tells_how_far_apart_its_logits_were_and_are(tmp_path: Path) -> None:
    report, after = prove(tmp_path, ATTENTION, "INL208")
    assert "math.sqrt(q.shape[-1])" in after
    (proof,) = report.fixes.proofs
    assert proof.effect.startswith("Attention: std of the logits 1")
    (finding,) = report.fixes.fixed
    before, behind = finding.measured["logits_std"]
    assert before == pytest.approx(16 * behind, rel=0.2)
    assert 0.7 < behind < 1.4


@pytest.mark.usefixtures("fixing_rules")
def test_a_fix_that_does_not_help_is_not_written(tmp_path: Path) -> None:
    source = SHALLOW.replace("KIND", "width=8")
    report, after = prove(tmp_path, source, "TSF201")
    assert after == source
    assert report.fixes.fixed == report.fixes.proofs == ()
    (left,) = report.fixes.left_out
    assert left.reason.startswith("it does not help: ")


@pytest.mark.usefixtures("fixing_rules")
def test_a_model_that_cannot_be_built_is_fixed_without_proof(tmp_path: Path) -> None:
    report, after = prove(tmp_path, SHALLOW.replace("KIND", "kind: str"), "TSF201")
    assert "xavier_normal_" in after
    (proof,) = report.fixes.proofs
    assert proof.effect.startswith("not measured: Shallow cannot be probed: Shallow needs arguments: kind: str")


def test_the_model_that_shows_what_is_reported_is_probed(tmp_path: Path) -> None:
    """The class is healthy; the function that builds one makes its weights constant."""
    source = SHALLOW.replace("KIND", "width=8") + (
        "\n\ndef build():\n    model = Shallow()\n    for module in (model.inp, model.out):\n"
        "        nn.init.constant_(module.weight, 0.1)\n    return model\n"
    )
    report, _ = prove(tmp_path, source, "INL101")
    (proof,) = report.fixes.proofs
    assert (proof.model, proof.before.is_reported, proof.after.is_reported) == ("build", True, False)


CONFIGURED = """import torch
from torch import nn


class Deep(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(config.width, config.width) for _ in range(14)])
        self.out = nn.Linear(config.width, config.classes)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return self.out(x)
"""
FIELDS = """
from dataclasses import dataclass

@dataclass
class ModelConfig:
    width: int = 64
    classes: int = 2
"""
OTHER_FIELDS = """
class OptimizerConfig:
    def __init__(self, lr=0.1):
        self.lr = lr
"""
SETTINGS = FIELDS + OTHER_FIELDS
BUILT = """
import torch
from model import Deep
from settings import ModelConfig

def main():
    return Deep(ModelConfig(width=48))
"""
PARSER = """
import argparse
import torch
from model import Deep

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--width", type=int, default=32)
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--use-amp", action="store_true")
    args = parser.parse_args()
    return Deep(args)
"""


@pytest.mark.parametrize(
    ("files", "model"),
    [
        ({"settings.py": FIELDS, "main.py": BUILT}, "Deep(config=ModelConfig(width=48))"),
        ({"model.py": CONFIGURED + SETTINGS}, "Deep(config=ModelConfig())"),
        (
            {"model.py": f"from settings import ModelConfig, OptimizerConfig\n{CONFIGURED}", "settings.py": SETTINGS},
            "Deep(config=ModelConfig())",
        ),
        ({"main.py": PARSER}, "Deep(config=the options' defaults)"),
    ],
    ids=["as the project builds it", "settings that fit", "imported settings", "a command line"],
)
def test_a_model_of_a_settings_object_is_measured(files: dict[str, str], model: str, tmp_path: Path) -> None:
    for name, source in {"model.py": CONFIGURED, **files}.items():
        (tmp_path / name).write_text(source, encoding="utf-8")
    report = check(tmp_path, isolated=True, select=["INL201"], fix=True, unsafe_fixes=True, verify=True)
    assert not report.errors
    (proof,) = report.fixes.proofs
    assert (proof.model, proof.reason) == (model, "")
    assert proof.before.score < 0.1 < 0.9 < proof.after.score


def test_settings_that_may_be_one_of_two_are_not_guessed(tmp_path: Path) -> None:
    source = CONFIGURED + FIELDS + FIELDS.replace("ModelConfig", "SmallConfig")
    report, _ = prove(tmp_path, source, "INL201")
    (proof,) = report.fixes.proofs
    assert "Deep needs arguments: config" in proof.effect
