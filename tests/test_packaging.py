"""What is shipped: the packages listed, a wheel that works away from the checkout, and what a run imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import initlint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "initlint", "rules", ".pre-commit-hooks.yaml")
PUBLIC = [
    "Finding",
    "Place",
    "ProbeResult",
    "Problem",
    "Report",
    "Rule",
    "Severity",
    "__version__",
    "check",
    "check_text",
    "probe",
]
MAY_BE_IMPORTED = {"initlint", "initlint_rules", "click", "msgspec", "pathspec", "tomli", "__mp_main__"} | {
    "libcst",
    "typing_extensions",
    "yaml",
    "_yaml",
}
"""By ``initlint check``, beside the standard library. The second set is LibCST and what it imports."""


def copy_project(folder: Path) -> Path:
    """The project's files that are shipped, without anything that was built."""
    folder.mkdir(parents=True)
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def test_the_packages_listed_are_those_in_the_tree() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "initlint").rglob("__init__.py")}
    assert set(listed) - {"initlint_rules"} == found
    modules = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "initlint").rglob("*.py")}
    assert modules == found


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the built wheel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    project = copy_project(folder / "project")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, project], check=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "environment"], check=True)
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([python, "-m", "pip", "--quiet", "install", wheel], check=True)
    return python


def test_the_wheel_works_away_from_the_checkout_and_without_torch(empty_environment: Path, tmp_path: Path) -> None:
    fixture = sorted((ROOT / "fixtures" / "INL101").glob("bad_*.py"))[0]
    shutil.copy(fixture, tmp_path / "model.py")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [empty_environment, "-m", "initlint", "check", "--format", "json", "model.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "INL101" in {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    no_torch = subprocess.run([empty_environment, "-c", "import torch"], env=environment, capture_output=True)
    assert no_torch.returncode != 0


def imported_by(statement: str, folder: Path) -> set[str]:
    """Top-level modules outside the standard library that a statement imports in a new process."""
    program = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print('imported:', *sorted(names))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    assert imported_by("import initlint", tmp_path) == {"initlint"}


def test_a_check_imports_neither_torch_nor_the_code_it_reads(tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text("import torch\nraise SystemExit('imported')\n")
    names = imported_by("from initlint.cli import run; run(['check', 'my_model.py'])", tmp_path)
    assert {"initlint", "libcst"} <= names <= MAY_BE_IMPORTED


def test_the_public_names_are_these_and_all_are_there() -> None:
    assert initlint.__all__ == PUBLIC
    assert dir(initlint) == PUBLIC
    assert all(getattr(initlint, name) is not None for name in PUBLIC)
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        initlint.chek  # noqa: B018


def test_the_command_is_also_a_module(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "initlint", "--version"], capture_output=True, text=True)
    assert done.stdout == f"initlint {initlint.__version__}\n"
