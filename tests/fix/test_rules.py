"""The fixes of rules, made in their sick fixtures: the finding is gone, the code runs, and nothing else has changed."""

from __future__ import annotations

import runpy
import shutil
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from sick import fix, sick_cases

from initlint import check
from initlint.finding import Finding

UNFIXED: dict[str, dict[str, str]] = {
    "INL101": {"bad_helper_in_other_file": "the constant is what the callers of a helper choose"},
    "INL103": {},
    "INL106": {
        "bad_init_under_weight_norm": "drawn in time, the weights train as they never did; left out, they train as before: "
        "which of the two was meant is the author's to say",
        "bad_outer_apply_overwrites": "the model's apply would have to leave out a layer that it does not know of",
    },
    "INL108": {},
    "INL110": {},
    "INL201": {},
    "INL202": {},
    "INL203": {},
    "INL204": {},
    "INL205": {"bad_absolute_value": "the weights of a monotone network are meant to be positive"},
    "INL208": {},
    "INL301": {
        "bad_activation_by_name": "the activation is an entry of a table that a setting chooses",
        "bad_split_over_files": "the activation stands in one file, and the weights drawn for it in another",
    },
    "INL302": {"bad_orthogonal_half": "the gain is a parameter, which callers may choose"},
    "INL501": {
        "bad_across_files": "the softmax is what a model of another file gives to all its callers",
        "bad_policy_gradient": "the softmax is what a model gives to all its callers: to those that act, too",
    },
    "INL502": {"bad_across_files": "the sigmoid is what a model of another file gives to all its callers"},
    "INL503": {"bad_probabilities_of_labels": "whether one label is right or several may be is not said"},
    "INL504": {},
    "INL505": {
        "bad_running_product": "the product itself is the result",
        "bad_sequence_likelihood": "the softmax is what a model gives to all its callers",
    },
    "INL506": {},
    "INL508": {},
}
"""Rules with fixes -> the sick fixtures that a fix is not offered for, and why not. Clips have tests of their own."""

ABSENT = frozenset({"einops", "jax", "keras", "lightning", "tensorflow", "timm", "torchvision", "transformers"})
"""Packages that fixtures import and that are not installed."""


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of a fixture, whose modules can be imported."""
    original: Path = request.param
    copy = tmp_path / "case"
    if original.is_dir():
        shutil.copytree(original, copy)
    else:
        copy.mkdir()
        shutil.copy(original, copy)
    monkeypatch.syspath_prepend(str(copy))
    yield copy
    for path in copy.rglob("*.py"):
        sys.modules.pop(path.stem, None)


def id_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


each_case = pytest.mark.parametrize(
    ("case", "code", "name"),
    [(path, path.parent.name, path.stem) for path in sick_cases(UNFIXED)],
    ids=[id_of(path) for path in sick_cases(UNFIXED)],
    indirect=["case"],
)


@each_case
def test_a_sick_fixture_is_healthy_after_its_fix_and_nothing_else_changes(case: Path, code: str, name: str) -> None:
    before = {path: path.read_text(encoding="utf-8") for path in case.rglob("*.py")}
    offered = [one for one in check(case, isolated=True, extend_select=[code]).findings if one.patch is not None]
    report = fix(case, code)
    assert not report.errors
    if name in UNFIXED[code]:
        assert (offered, report.fixes.changes) == ([], ())
        return
    assert code in {finding.code for finding in report.fixes.fixed}
    assert report.fixes.left_out == ()
    assert [finding for finding in report.findings if finding.patch is not None] == []
    assert len(report.findings) + len(report.fixes.fixed) == report.fixes.found
    changed = {change.path for change in report.fixes.changes}
    for path, text in before.items():
        after = path.read_text(encoding="utf-8")
        assert (after != text) == (path in changed)
        assert touched(text, after) <= lines_of(offered, path)
        run(path)


def run(path: Path) -> None:
    """Runs a file, unless it needs a package that tests do without."""
    try:
        runpy.run_path(str(path))
    except ModuleNotFoundError as error:
        assert error.name in ABSENT


def touched(before: str, after: str) -> set[int]:
    """The lines of a text that are not in the other, from 1."""
    matcher = SequenceMatcher(None, before.splitlines(True), after.splitlines(True), autojunk=False)
    changes = [code for code in matcher.get_opcodes() if code[0] in ("replace", "delete")]
    return {line for _, start, end, _, _ in changes for line in range(start + 1, end + 1)}


def lines_of(findings: list[Finding], path: Path) -> set[int]:
    """The lines of a file that fixes say they change."""
    places = [place for finding in findings if finding.patch for place in finding.patch.places]
    ours = [place for place in places if Path(place.path).resolve() == path.resolve()]
    return {line for place in ours for line in range(place.line, place.end_line + 1)}


@each_case
def test_a_second_run_changes_nothing(case: Path, code: str, name: str) -> None:
    fix(case, code)
    once = {path: path.read_bytes() for path in case.rglob("*.py")}
    assert fix(case, code).fixes.changes == ()
    assert {path: path.read_bytes() for path in case.rglob("*.py")} == once
