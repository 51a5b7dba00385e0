"""``initlint check --fix``, ``--unsafe-fixes`` and ``--diff`` as a user runs them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

SICK = "import math\nx = root(2)\nrisky(x)\nstuck()\n"


@pytest.fixture
def run(initlint: Run, fixing_pack: Path, tmp_path: Path) -> Run:
    """``initlint check --select TSF`` on a sick file."""
    (tmp_path / "model.py").write_text(SICK)

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        return initlint("check", "--isolated", "--no-cache", "--select", "TSF", *arguments, packs=(fixing_pack,))

    return check


def test_without_options_fixes_are_offered(run: Run, tmp_path: Path) -> None:
    done = run("model.py")
    assert "    fix: Mend it (--fix)\n" in done.stdout
    assert "    fix: Mend it (--fix --unsafe-fixes)\n" in done.stdout
    assert done.stdout.endswith("traced. 2 fixable with --fix, 1 more with --fix --unsafe-fixes.\n")
    assert (tmp_path / "model.py").read_text() == SICK


def test_fix_mends_what_is_safe_and_reports_the_rest(run: Run, tmp_path: Path) -> None:
    done = run("--fix", "model.py")
    assert (tmp_path / "model.py").read_text() == SICK.replace("root(", "math.sqrt(")
    assert "model.py:4:1: TSF102: not fixed: TSF102 would still be reported\nFixed 1 of 3 in 1 file.\n" in done.stdout
    assert done.returncode == 1


def test_the_exit_code_is_0_when_nothing_is_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import math\nx = root(2)\n")
    assert run("--fix", "model.py").returncode == 0


def test_unsafe_fixes_are_made_too(run: Run, tmp_path: Path) -> None:
    run("--fix", "--unsafe-fixes", "model.py")
    assert (tmp_path / "model.py").read_text() == "import math\nx = math.sqrt(2)\nbrave(x)\nstuck()\n"


def test_diff_can_be_applied_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    source = SICK.replace("\n", "\r\n") + "early()"
    (tmp_path / "model.py").write_bytes(source.encode())
    done = run("--diff", "--unsafe-fixes", "model.py")
    assert (tmp_path / "model.py").read_bytes() == source.encode()
    assert "Would fix 3 of 4 in 1 file.\n" in done.stderr
    assert done.returncode == 1
    assert "@@ -1,5 +1,6 @@" in done.stdout
    assert done.stdout.count("\\ No newline at end of file") == 2
    subprocess.run(["git", "apply", "-p1", "--unsafe-paths", "-"], input=done.stdout.encode(), cwd=tmp_path, check=True)
    run("--fix", "--unsafe-fixes", "model.py")
    wanted = "import math\r\nx = math.sqrt(2)\r\nbrave(x)\r\nstuck()\r\nfirst()\r\nlate()"
    assert (tmp_path / "model.py").read_bytes().decode() == wanted


def test_json_holds_the_fix_of_each_finding_and_what_was_done(run: Run) -> None:
    offered = json.loads(run("--format", "json", "model.py").stdout)["findings"][0]["fix"]
    edit = {"line": 2, "column": 5, "end_line": 2, "end_column": 12, "text": "math.sqrt(2)"}
    assert offered == {"title": "Mend it", "safe": True, "edits": [edit]}
    fixes = json.loads(run("--fix", "--format", "json", "model.py").stdout)["fixes"]
    assert [fixes["found"], fixes["written"], fixes["files"]] == [3, True, ["model.py"]]
    assert [finding["line"] for finding in fixes["fixed"]] == [2]
    assert [each["finding"]["line"] for each in fixes["left_out"]] == [4]


WRONG = [
    ("--unsafe-fixes", "model.py"),
    ("--fix", "--verify", "model.py"),
    ("--fix", "-"),
    ("--diff", "--format", "json", "model.py"),
    ("--fix", "--write-baseline", "--baseline", "b.json", "model.py"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_options_that_make_no_sense_together_are_refused(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2
