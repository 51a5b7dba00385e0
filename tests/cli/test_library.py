"""`initlint.check` and `initlint.check_text`, in-process."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

import initlint
from initlint.baseline import BaselineError
from initlint.configuration import ConfigurationError
from initlint.judging import worst_of_each
from initlint.selection import SelectionError

SICK = "import torch\nsick()\n"
pytestmark = pytest.mark.usefixtures("rules_installed")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(SICK)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "model.py"


@pytest.mark.parametrize("form", [str, Path, lambda path: [path], lambda path: (str(path.parent),)])
def test_paths_may_be_one_or_many_strings_or_paths(model: Path, form) -> None:
    report = initlint.check(form(model), select=["TST"])
    assert [(one.code, one.place.path, one.place.line) for one in report.findings] == [("TST101", "model.py", 2)]


def test_a_report_tells_what_was_done(model: Path) -> None:
    report = initlint.check(model, select=["TST"])
    assert report.files == ("model.py",)
    assert [rule.code for rule in report.rules] == ["TST101", "TST102", "TST201"]
    assert report.excerpts == {report.findings[0].place: ("sick()",)}
    assert report.seconds > 0
    assert (report.exit_code(), report.exit_code(initlint.Severity.ERROR), report.exit_code(None)) == (1, 0, 0)


def test_a_report_cannot_be_changed(model: Path) -> None:
    with pytest.raises(AttributeError):
        initlint.check(model).findings = ()  # type: ignore[misc]


def test_nothing_is_written(model: Path) -> None:
    initlint.check(model)
    assert os.listdir(model.parent) == ["model.py"]


def test_the_configuration_above_the_paths_is_used_unless_isolated(model: Path) -> None:
    (model.parent / "initlint.toml").write_text('ignore = ["TST101"]')
    assert not initlint.check(model, extend_select=["TST102"]).findings
    assert initlint.check(model, isolated=True).findings


def test_mistakes_are_value_errors_of_their_own(model: Path) -> None:
    with pytest.raises(SelectionError):
        initlint.check(model, select=["NO1"])
    with pytest.raises(BaselineError):
        initlint.check(model, baseline="missing.json")
    with pytest.raises(ConfigurationError):
        initlint.check(model, config="missing.toml")
    with pytest.raises(ValueError, match="fatal"):
        initlint.check(model, severity="fatal")
    for kind in (SelectionError, BaselineError, ConfigurationError):
        assert issubclass(kind, ValueError)


def test_a_file_that_cannot_be_checked_is_an_error_in_the_report(model: Path) -> None:
    (model.parent / "bad.py").write_text("import torch\nclass\n")
    report = initlint.check(model.parent, select=["TST"])
    assert [error.path for error in report.errors] == ["bad.py"]
    assert len(report.findings) == 1
    assert report.exit_code(None) == 2


def test_one_text_is_checked_without_any_file() -> None:
    report = initlint.check_text(SICK, "model.py", select=["TST"])
    assert [(one.code, one.place.path, one.place.line) for one in report.findings] == [("TST101", "model.py", 2)]
    assert report.excerpts == {report.findings[0].place: ("sick()",)}
    assert initlint.check_text("class", select=["TST"]).errors


def test_of_equal_findings_the_worst_is_kept(model: Path) -> None:
    report = initlint.check(model, select=["TST"])
    (one,) = report.findings
    worse = dataclasses.replace(one, severity=initlint.Severity.ERROR)
    assert list(worst_of_each([one, worse, one])) == [worse]
