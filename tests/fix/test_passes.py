"""How fixes are made together: checked again after each pass, in files that nobody else changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from initlint import Report, check, fixing

pytestmark = pytest.mark.usefixtures("fixing_rules")


def fix(path: Path, **options: object) -> Report:
    return check(sorted(path.glob("*.py")), isolated=True, select=["TSF"], fix=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes files and gives their folder."""

    def make(files: Mapping[str, str] | str) -> Path:
        for name, source in (files if isinstance(files, Mapping) else {"model.py": files}).items():
            (tmp_path / name).write_text(source, encoding="utf-8")
        return tmp_path

    return make


def text(folder: Path, name: str = "model.py") -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_fixes_inside_of_each_other_are_made_in_passes(write: Callable[..., Path]) -> None:
    folder = write("import math\ny = root(root(root(2)))\n")
    report = fix(folder)
    assert text(folder) == "import math\ny = math.sqrt(math.sqrt(math.sqrt(2)))\n"
    assert (len(report.fixes.fixed), report.fixes.found, report.findings) == (3, 3, ())


def test_fixing_a_second_time_changes_nothing(write: Callable[..., Path]) -> None:
    folder = write("y = old(a) + old(old(b))\nearly()\nthen()\ngone()\n")
    fix(folder)
    once = text(folder)
    report = fix(folder)
    assert text(folder) == once
    assert report.fixes.changes == report.fixes.fixed == ()


def test_a_fix_that_makes_a_file_unreadable_is_left_out_and_the_others_are_made(write: Callable[..., Path]) -> None:
    folder = write("import math\na = root(1)\nb = broken()\nc = root(2)\n")
    report = fix(folder)
    assert text(folder) == "import math\na = math.sqrt(1)\nb = broken()\nc = math.sqrt(2)\n"
    (left,) = report.fixes.left_out
    assert left.finding.place.line == 3
    assert left.reason.startswith("the file would not be read any more: syntax error")
    assert len(report.findings) == 1


def test_a_fix_that_raises_another_finding_is_left_out(write: Callable[..., Path]) -> None:
    folder = write("a = worse()\n")
    report = fix(folder)
    assert text(folder) == "a = worse()\n"
    assert [left.reason.split(" at ")[0] for left in report.fixes.left_out] == ["TSF102 would be reported"]


@pytest.mark.parametrize(("source", "code"), [("stuck()\n", "TSF102"), ("a = again()\n", "TSF101")])
def test_a_fix_that_does_not_help_is_left_out(write: Callable[..., Path], source: str, code: str) -> None:
    folder = write(source)
    report = fix(folder)
    assert text(folder) == source
    assert [left.reason for left in report.fixes.left_out] == [f"{code} would still be reported"]


def test_unsafe_fixes_are_made_on_request_only(write: Callable[..., Path]) -> None:
    folder = write("risky(1)\n")
    assert fix(folder).fixes.fixed == ()
    assert text(folder) == "risky(1)\n"
    assert len(fix(folder, unsafe_fixes=True).fixes.fixed) == 1
    assert text(folder) == "brave(1)\n"


def test_nothing_is_written_if_that_is_not_wanted(write: Callable[..., Path]) -> None:
    folder = write("import math\nx = root(2)\n")
    (change,) = fix(folder, write=False).fixes.changes
    assert text(folder) == "import math\nx = root(2)\n"
    assert change.after == b"import math\nx = math.sqrt(2)\n"


def test_silenced_findings_are_not_fixed(write: Callable[..., Path]) -> None:
    source = "import math\nx = root(1)  # initlint: ignore[TSF101]\ny = root(2)\n"
    folder = write(source)
    fix(folder)
    assert text(folder) == source.replace("root(2)", "math.sqrt(2)")


def test_accepted_findings_are_not_fixed(write: Callable[..., Path], tmp_path: Path) -> None:
    from initlint.baseline import write_baseline

    folder = write("import math\nx = root(1)\n")
    found = check(folder / "model.py", isolated=True, select=["TSF"])
    write_baseline(tmp_path / "accepted.json", found.findings, found.excerpts)
    (folder / "model.py").write_text("import math\nx = root(1)\ny = root(2)\n")
    fix(folder, baseline=tmp_path / "accepted.json")
    assert text(folder) == "import math\nx = root(1)\ny = math.sqrt(2)\n"


@pytest.mark.parametrize("checks", [1, 2])
def test_a_file_that_was_changed_meanwhile_is_left_alone(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, checks: int
) -> None:
    """After the first check, or after the second, when the fixes are made in memory but not written."""
    folder = write({"a.py": "import math\nx = root(2)\n", "b.py": "import math\nx = root(3)\n"})
    examine, done = fixing.examine, []

    def interfere(*arguments: object, **options: object) -> object:
        found = examine(*arguments, **options)  # type: ignore[arg-type]
        done.append(found)
        if len(done) == checks:
            (folder / "a.py").write_text("mine\n")
        return found

    monkeypatch.setattr(fixing, "examine", interfere)
    report = fix(folder)
    assert text(folder, "a.py") == "mine\n"
    assert text(folder, "b.py") == "import math\nx = math.sqrt(3)\n"
    told = [left.reason for left in report.fixes.left_out] + [problem.message for problem in report.errors]
    assert [reason.partition(":")[0] for reason in told] == [
        "the file changed while it was checked" if checks == 1 else "changed while it was checked"
    ]


def test_mode_and_link_of_a_file_are_kept(write: Callable[..., Path]) -> None:
    folder = write({"real.txt": "import math\nx = root(2)\n"})
    (folder / "real.txt").chmod(0o750)
    (folder / "model.py").symlink_to("real.txt")
    fix(folder)
    assert (folder / "model.py").is_symlink()
    assert text(folder, "real.txt") == "import math\nx = math.sqrt(2)\n"
    assert stat.S_IMODE((folder / "real.txt").stat().st_mode) == 0o750
    assert sorted(os.listdir(folder)) == ["model.py", "real.txt"]


def test_a_read_only_file_is_not_written(write: Callable[..., Path]) -> None:
    folder = write("import math\nx = root(2)\n")
    (folder / "model.py").chmod(0o440)
    report = fix(folder)
    assert text(folder) == "import math\nx = root(2)\n"
    assert [problem.message for problem in report.errors] == ["cannot be fixed: it is read-only"]


def test_a_plan_that_fails_is_a_problem_and_the_finding_stays(write: Callable[..., Path]) -> None:
    report = fix(write("unplanned()\n"))
    assert [finding.code for finding in report.findings] == ["TSF103"]
    assert [problem.message for problem in report.errors] == [
        "the fix of TSF103 unplanned-call failed: ZeroDivisionError: division by zero"
    ]


def test_the_report_offers_the_fix_with_its_edits(write: Callable[..., Path]) -> None:
    (finding,) = check(write("x = old(2)\n") / "model.py", isolated=True, select=["TSF"]).findings
    assert finding.patch is not None
    told = [(place.line, place.column, place.end_column, change.text) for place, change in zip(
        finding.patch.places, finding.patch.replacements, strict=True)]  # fmt: skip
    assert told == [(1, 1, 1, "import torch.nn.functional as F\n\n"), (1, 5, 11, "F.log_softmax(2)")]
