"""Which files of a project are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from initlint.reading.discovery import discover

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes files in a directory of their own, which becomes the current one; contents by keyword-less pairs."""
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)

    def make(*names: str, **contents: str) -> Path:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(contents.get(name, ""))
        return root

    return make


def ignore(directory: str, *patterns: str) -> None:
    Path(directory).mkdir(parents=True, exist_ok=True)
    Path(directory, ".gitignore").write_text("\n".join(patterns) + "\n")


def found(*paths: str, **options: object) -> list[str]:
    return [path.as_posix() for path in discover(map(Path, paths or (".",)), **options).files]  # type: ignore[arg-type]


def test_a_directory_is_searched_to_its_depth_in_a_fixed_order(tree: Tree) -> None:
    tree("b.py", "a/z.py", "a/b/c.py", "a/a.ipynb", "notes.txt", "stub.pyi")
    assert found() == ["a/a.ipynb", "a/b/c.py", "a/z.py", "b.py"]


@pytest.mark.parametrize(
    "directory", [".git", ".venv", "build", "dist", "node_modules", "__pycache__", "initlint.egg-info", "a/.hidden"]
)
def test_what_is_no_source_of_the_project_is_skipped(tree: Tree, directory: str) -> None:
    tree("a.py", f"{directory}/x.py")
    assert found() == ["a.py"]


def test_a_virtual_environment_is_skipped_whatever_its_name(tree: Tree) -> None:
    tree("a.py", "env/pyvenv.cfg", "env/lib/python3.11/site-packages/x.py")
    assert found() == ["a.py"]


def test_a_skipped_directory_is_searched_when_it_is_given(tree: Tree) -> None:
    tree("build/x.py", ".hidden/y.py")
    assert found("build", ".hidden") == ["build/x.py", ".hidden/y.py"]


def test_gitignore_files_hold_at_their_level_and_below(tree: Tree) -> None:
    tree("a.py", "drop.py", "sub/drop.py", "sub/b.py", "sub/deep/b.py", "sub/deep/keep.py", "other/b.py")
    ignore(".", "drop.py")
    ignore("sub", "/b.py", "deep/*", "!deep/keep.py")
    assert found() == ["a.py", "other/b.py", "sub/deep/keep.py"]


def test_an_inner_gitignore_can_take_back_what_an_outer_one_ignores(tree: Tree) -> None:
    tree("gen_a.py", "sub/gen_b.py")
    ignore(".", "gen_*.py")
    ignore("sub", "!gen_b.py")
    assert found() == ["sub/gen_b.py"]


def test_nothing_in_an_ignored_directory_can_be_taken_back(tree: Tree) -> None:
    tree("sub/a.py", "b.py")
    ignore(".", "sub/")
    ignore("sub", "!a.py")
    assert found() == ["b.py"]


def test_gitignore_files_above_hold_up_to_the_root_of_the_repository(tree: Tree) -> None:
    tree("repository/.git/HEAD", "repository/sub/a.py", "repository/sub/gen.py", "repository/sub/top.py")
    ignore(".", "top.py")
    ignore("repository", "gen.py")
    assert found("repository/sub") == ["repository/sub/a.py", "repository/sub/top.py"]


def test_an_ignored_directory_is_searched_when_it_is_given(tree: Tree) -> None:
    tree(".git/HEAD", "data/a.py", "data/sub/b.py")
    ignore(".", "data/")
    assert found("data") == ["data/a.py", "data/sub/b.py"]


def test_a_file_that_is_given_is_taken_whatever_its_name_and_whatever_ignores_it(tree: Tree) -> None:
    tree(".git/HEAD", "script", "ignored.py", "build/x.py")
    ignore(".", "ignored.py")
    discovery = discover(map(Path, ("script", "ignored.py", "build/x.py")), exclude=["*"])
    assert [path.as_posix() for path in discovery.files] == ["script", "ignored.py", "build/x.py"]
    assert discovery.named == frozenset(discovery.files)


def test_exclude_patterns_are_relative_to_the_current_directory(tree: Tree) -> None:
    root = tree("a.py", "tests/a.py", "sub/tests/a.py", "sub/b_pb2.py")
    assert found(exclude=["/tests", "*_pb2.py"]) == ["a.py", "sub/tests/a.py"]
    assert found(str(root), exclude=["/tests"]) == [
        f"{root}/{name}" for name in ("a.py", "sub/b_pb2.py", "sub/tests/a.py")
    ]


def test_include_patterns_choose_the_file_names(tree: Tree) -> None:
    tree("a.py", "b.pyi", "c.ipynb")
    assert found(include=["*.pyi", "*.py"]) == ["a.py", "b.pyi"]


def test_a_path_that_does_not_exist_is_a_problem_and_the_rest_is_found(tree: Tree) -> None:
    tree("a.py")
    discovery = discover([Path("missing"), Path("a.py")])
    assert discovery.files == (Path("a.py"),)
    (problem,) = discovery.problems
    assert (problem.path, problem.message) == ("missing", "does not exist") and problem.remedy


def test_a_file_is_found_once_however_often_it_is_reached(tree: Tree) -> None:
    root = tree("sub/a.py", "b.py")
    assert found("b.py", ".", "sub", str(root), "sub/a.py") == ["b.py", "sub/a.py"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_linked_file_is_found_once_and_under_its_own_name(tree: Tree) -> None:
    tree("z/real.py", "outside/x.py", "in/own.py")
    os.symlink("../z/real.py", "in/a_link.py")
    os.symlink("z", "a_directory_link")
    os.symlink("../outside", "in/linked")
    assert found() == ["in/own.py", "outside/x.py", "z/real.py"]
    assert found("in") == ["in/a_link.py", "in/linked/x.py", "in/own.py"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_round_in_circles_or_into_nothing_are_survived(tree: Tree) -> None:
    tree("a/b/c.py")
    os.symlink("..", "a/b/up")
    os.symlink("loop", "loop")
    os.symlink("nowhere.py", "dangling.py")
    assert found() == ["a/b/c.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_directory_that_cannot_be_listed_is_passed_over(tree: Tree) -> None:
    tree("closed/a.py", "b.py")
    os.chmod("closed", 0)
    assert found() == ["b.py"]
    os.chmod("closed", 0o700)
