"""A small rule pack of the tests' own, and the command line as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

PACK = '''
"""Rules for tests of what is not a rule."""

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.reading import facts
from initlint.rule import Rule


def calls(program, name):
    for module in program.modules:
        for statement in module.source.facts.body:
            if isinstance(statement, facts.Evaluate) and isinstance(statement.value, facts.Call):
                call = statement.value
                if isinstance(call.function, facts.Name) and call.function.id == name:
                    yield call, module.source.place(call.start, call.end)


class Sick(Rule):
    """A call to ``sick``.

    Why: the tests need something to report.
    Predicted: nothing.
    Fix: write ``healthy``.
    Source: none.
    """

    code = "TST101"
    name = "sick-call"
    bad = "sick()  # bad"
    good = "healthy()"

    def check_program(self, program):
        for call, place in calls(program, "sick"):
            worst = call.arguments[0].value.value if call.arguments else "warning"
            yield self.finding(
                place,
                "sick: std 0.000, expected 0.088: all units stay equal.",
                help="Write `healthy()`.",
                severity=Severity(worst),
                predicted={"std": 0.0, "gain": float("inf")},
            )


class Unwell(Rule):
    """A call to ``unwell``; off by default."""

    code = "TST102"
    name = "unwell-call"
    default = False
    bad = "unwell()  # bad"
    good = "healthy()"

    def check_program(self, program):
        for _, place in calls(program, "unwell"):
            yield self.finding(place, "unwell.")


class Explosive(Rule):
    """Raises at a call to ``explode``."""

    code = "TST201"
    name = "explosive-call"
    bad = ""
    good = ""

    def check_program(self, program):
        for _, place in calls(program, "explode"):
            raise ValueError("this rule is broken")
        return iter(())
'''


def write_pack(folder: Path, package: str, modules: Mapping[str, str], *, group: str = "initlint.rules") -> Path:
    """An installed distribution in `folder` that offers `package` as a rule pack; put the folder on the path."""
    (folder / package).mkdir(parents=True)
    for name, source in {"__init__": "", **modules}.items():
        (folder / package / f"{name}.py").write_text(source)
    information = folder / f"{package}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{package} = {package}\n")
    return folder


@pytest.fixture(scope="session", name="write_pack")
def give_write_pack() -> Callable[..., Path]:
    """`write_pack`, for tests that make a pack of their own."""
    return write_pack


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tests' rule pack: TST101 sick-call, TST102 unwell-call (off by default), TST201 explosive-call."""
    return write_pack(tmp_path_factory.mktemp("pack"), "initlint_test_rules", {"calls": PACK})


@pytest.fixture
def rules_installed(pack: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests' rule pack is installed in this process."""
    monkeypatch.syspath_prepend(str(pack))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "initlint_test_rules"]:
        del sys.modules[name]


Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def initlint(pack: Path, tmp_path: Path) -> Callable[..., Completed]:
    """Runs the real command in `tmp_path`, with the tests' rule pack installed and no colour."""

    def run(
        *arguments: str | Path, stdin: str | bytes = "", packs: tuple[Path, ...] | None = None, **variables: str
    ) -> Completed:
        environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
        paths = [str(path) for path in ((pack,) if packs is None else packs)]
        environment["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-m", "initlint", *map(str, arguments)],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**environment, **variables},
            timeout=120,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
