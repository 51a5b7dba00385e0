"""The hook, run by the real pre-commit in a repository of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_packaging import ROOT, copy_project

pytest.importorskip("pre_commit")

Completed = subprocess.CompletedProcess[str]
CLEAN = "import torch\nfrom torch import nn\n\nnet = nn.Linear(2, 2)\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def hook_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """The project as a repository, its commit, and where pre-commit keeps what it installs from it."""
    project = copy_project(tmp_path_factory.mktemp("hook") / "initlint")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Ship")
    return project, git(project, "rev-parse", "HEAD"), tmp_path_factory.mktemp("home")


@pytest.fixture
def run_hook(hook_home: tuple[Path, str, Path], tmp_path: Path) -> Callable[..., Completed]:
    """Runs the hook over the files staged in `tmp_path`."""
    project, revision, home = hook_home
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {project.as_uri()}\n    rev: {revision}\n    hooks:\n      - id: initlint\n"
    )

    def run(*arguments: str) -> Completed:
        git(tmp_path, "add", "--all")
        variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SKIP")}
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--color", "never", *arguments],
            cwd=tmp_path,
            env={**variables, "PRE_COMMIT_HOME": str(home)},
            capture_output=True,
            text=True,
        )

    return run


def sick_model() -> str:
    return sorted((ROOT / "fixtures" / "INL101").glob("bad_*.py"))[0].read_text()


def test_the_hook_passes_a_clean_commit_and_stops_a_sick_one(run_hook, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(CLEAN)
    clean = run_hook()
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "Passed" in clean.stdout
    (tmp_path / "model.py").write_text(sick_model())
    sick = run_hook()
    assert sick.returncode == 1
    assert "INL101" in sick.stdout


def test_the_hook_leaves_nothing_that_git_would_add(run_hook, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(CLEAN)
    run_hook()
    assert git(tmp_path, "status", "--porcelain") == "A  .pre-commit-config.yaml\nA  model.py"


def test_the_hook_speaks_of_the_given_files_only_and_of_none_that_the_project_excludes(
    run_hook, tmp_path: Path
) -> None:
    (tmp_path / "initlint.toml").write_text('exclude = ["vendored"]\n')
    (tmp_path / "vendored").mkdir()
    (tmp_path / "vendored" / "model.py").write_text(sick_model())
    (tmp_path / "other.py").write_text(sick_model())
    (tmp_path / "model.py").write_text(f"from other import *\n{CLEAN}")
    assert run_hook("--files", "model.py", "vendored/model.py").returncode == 0
    assert run_hook("--all-files").returncode == 1
