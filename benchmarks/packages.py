"""The production libraries and the training code that the benchmarks read: which, and where their source lies."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
LIST = HERE / "packages.txt"
REPOSITORIES = HERE / "repositories.txt"
FOLDER = HERE.parent / ".packages"
"""Where `fetch.py` unpacks them. Git ignores it."""


def pinned() -> dict[str, str]:
    """Version of each package, by the name of its folder."""
    pairs = (line.split("==") for line in LIST.read_text(encoding="utf-8").split())
    return {name.replace("-", "_"): version for name, version in pairs}


def repositories() -> dict[str, str]:
    """Commit of each repository of training code, by the name of its folder: ``owner+name``."""
    pairs = (line.split() for line in REPOSITORIES.read_text(encoding="utf-8").splitlines())
    return {name.replace("/", "+"): commit for name, commit in pairs}


def folder_of(name: str, under: Path) -> Path:
    """The unpacked source of a package. Leaves the program with a hint if it is not there."""
    folder = under / name
    if not folder.is_dir():
        raise SystemExit(f"{folder}: not there; run benchmarks/fetch.py first, or name another place with --packages")
    return folder


def count_lines(folder: Path) -> int:
    """Lines of all Python files."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))
