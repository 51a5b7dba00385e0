"""Colour and progress, on a real pseudo-terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

STAGES = ("starting", "reading", "tracing", "judging")
pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")


def run_in_terminal(pack: Path, folder: Path, *arguments: str, **variables: str) -> tuple[str, int]:
    """What the command shows on a terminal, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        path = os.pathsep.join([str(pack), os.environ.get("PYTHONPATH", "")])
        kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "CI")}
        environment = {**kept, "PYTHONPATH": path, "TERM": "xterm-256color", **variables}
        os.execve(sys.executable, [sys.executable, "-m", "initlint", *arguments], environment)
    shown = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not read:
            break
        shown += read
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def sick(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text("import torch\nsick()\n")
    return tmp_path


def test_a_terminal_gets_colour_and_a_pipe_does_not(initlint, pack: Path, sick: Path) -> None:
    shown, code = run_in_terminal(pack, sick, "check", "--select", "TST")
    assert code == 1
    assert "\x1b[33;1mwarning\x1b[0m" in shown
    assert "\x1b" not in initlint("check", "--select", "TST").stdout


def test_no_color_is_honoured_on_a_terminal(pack: Path, sick: Path) -> None:
    shown, _ = run_in_terminal(pack, sick, "check", "--select", "TST", NO_COLOR="1")
    assert "\x1b[33" not in shown
    assert "TST101" in shown


@pytest.mark.parametrize(("choice", "is_coloured"), [("always", True), ("never", False)])
def test_color_overrides_what_the_stream_is(initlint, pack: Path, sick: Path, choice: str, is_coloured: bool) -> None:
    assert ("\x1b[" in initlint("check", "--select", "TST", "--color", choice).stdout) == is_coloured
    shown, _ = run_in_terminal(pack, sick, "check", "--select", "TST", "--color", choice)
    assert ("\x1b[33" in shown) == is_coloured


def test_a_report_in_a_file_has_no_colour_though_the_terminal_has(pack: Path, sick: Path) -> None:
    run_in_terminal(pack, sick, "check", "--select", "TST", "--output", "report.txt")
    assert "\x1b" not in (sick / "report.txt").read_text()


def run_with_patience(sick: Path, pack: Path, seconds: float) -> str:
    """What a run shows that counts as long after so many seconds, so that the test need not take them."""
    text = f"import initlint.cli.progress as progress\nprogress.PATIENCE = {seconds}\n"
    (sick / "sitecustomize.py").write_text(text)
    shown, code = run_in_terminal(Path(f"{sick}{os.pathsep}{pack}"), sick, "check", "model.py", "--select", "TST")
    assert code == 1
    assert "TST101" in shown
    return shown


def test_a_short_run_shows_no_progress(pack: Path, sick: Path) -> None:
    shown = run_with_patience(sick, pack, 3600.0)
    assert not any(stage in shown for stage in STAGES)


def test_a_long_run_shows_how_far_it_is_and_takes_it_away_again(sick: Path, pack: Path) -> None:
    shown = run_with_patience(sick, pack, 0.0)
    assert any(stage in shown for stage in STAGES)
    assert shown.index("TST101") > max(shown.find(stage) for stage in STAGES)


def test_source_text_cannot_steer_the_terminal(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import torch\nsick()  # \x1b[2J\x07\n")
    shown, _ = run_in_terminal(pack, tmp_path, "check", "--select", "TST", NO_COLOR="1")
    assert "\x1b[2J" not in shown
