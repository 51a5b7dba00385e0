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
