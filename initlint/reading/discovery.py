"""From paths to source files: what a project's own ``.gitignore`` files and common sense leave."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from pathspec import GitIgnoreSpec

from initlint.finding import Problem
from initlint.reading.source import displayed

DEFAULT_INCLUDE = ("*.py", "*.ipynb")
SKIPPED_DIRECTORIES = frozenset({"__pycache__", "build", "dist", "node_modules"})
"""Besides hidden directories, virtual environments and ``*.egg-info``."""


@dataclass(frozen=True)
class Discovery:
    """The files found, in the order of the paths given and sorted below each, and the paths that lead nowhere."""

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]
    named: frozenset[Path] = frozenset()
    """The files that were given themselves."""


def discover(
    paths: Iterable[Path], *, exclude: Sequence[str] = (), include: Sequence[str] = DEFAULT_INCLUDE
) -> Discovery:
    """The source files that the paths name or hold, each once.

    A file that is given itself is always taken. `exclude` holds patterns in the manner of ``.gitignore``, relative to
    the current directory; `include` holds patterns for file names.
    """
    files: dict[str, Path] = {}
    named: set[Path] = set()
    problems: list[Problem] = []
    excluded = _Ignore(os.getcwd(), exclude)
    for path in paths:
        if path.is_dir():
            for real, found in _Walk(excluded, include).files_under(path):
                files.setdefault(real, found)
        elif path.exists():
            named.add(files.setdefault(os.path.realpath(path), path))
        else:
            problems.append(Problem(displayed(path), "does not exist", "Check the path."))
    return Discovery(tuple(files.values()), tuple(problems), frozenset(named))


class _Ignore:
    """Patterns, and the directory they are relative to."""

    def __init__(self, base: str, patterns: Iterable[str]) -> None:
        self._base = base.rstrip(os.sep) + os.sep
        self._spec = GitIgnoreSpec.from_lines(patterns)

    def decides(self, place: str) -> bool | None:
        """Whether to ignore the absolute path (a directory's ends in a slash); ``None`` if no pattern speaks of it."""
        inside = place[len(self._base) :] if place.startswith(self._base) else place.lstrip(os.sep)
        return self._spec.check_file(inside).include


@dataclass(frozen=True)
class _Directory:
    """A directory on the walk."""

    path: Path
    """As it is shown."""
    place: str
    """Absolute, links in it left alone: what patterns are matched with."""
    real: str
    ignores: tuple[_Ignore, ...]
    """The innermost last."""


class _Walk:
    """What lies under one path. Links are followed last, so that a file is found under its own name first."""

    def __init__(self, excluded: _Ignore, include: Sequence[str]) -> None:
        self._excluded = excluded
        self._included = re.compile("|".join(map(translate, include)))
        self._found: dict[str, Path] = {}
        self._seen: set[str] = set()
        self._links: list[tuple[_Directory, os.DirEntry[str]]] = []

    def files_under(self, root: Path) -> list[tuple[str, Path]]:
        """Real path and path as shown of each file."""
        place = os.path.abspath(root)
        self._visit(_Directory(root, place, os.path.realpath(root), _ignores_above(place)))
        while self._links:
            self._follow(*self._links.pop(0))
        return sorted(self._found.items(), key=lambda found: found[1].parts)

    def _visit(self, directory: _Directory) -> None:
        if directory.real in self._seen:
            return
        self._seen.add(directory.real)
        with suppress(OSError), os.scandir(directory.path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
            for entry in listed:
                if entry.is_symlink():
                    self._links.append((directory, entry))
                else:
                    self._take(directory, entry, os.path.join(directory.real, entry.name))

    def _follow(self, directory: _Directory, entry: os.DirEntry[str]) -> None:
        with suppress(OSError):  # a link that leads nowhere or round in circles
            self._take(directory, entry, os.path.realpath(entry.path, strict=True))

    def _take(self, directory: _Directory, entry: os.DirEntry[str], real: str) -> None:
        place = os.path.join(directory.place, entry.name)
        if entry.is_dir():
            if not _is_skipped(entry) and not self._is_ignored(directory, place + os.sep):
                ignores = directory.ignores + _ignores_in(place)
                self._visit(_Directory(directory.path / entry.name, place, real, ignores))
        elif self._included.match(entry.name) and not self._is_ignored(directory, place):
            self._found.setdefault(real, directory.path / entry.name)

    def _is_ignored(self, directory: _Directory, place: str) -> bool:
        return bool(self._excluded.decides(place)) or _is_ignored(directory.ignores, place)


def _is_ignored(ignores: Sequence[_Ignore], place: str) -> bool:
    """The innermost file that speaks of the path decides."""
    decisions = (ignore.decides(place) for ignore in reversed(ignores))
    return next((decision for decision in decisions if decision is not None), False)


def _is_skipped(directory: os.DirEntry[str]) -> bool:
    name = directory.name
    return (
        name.startswith(".")
        or name in SKIPPED_DIRECTORIES
        or name.endswith(".egg-info")
        or os.path.exists(os.path.join(directory.path, "pyvenv.cfg"))
    )


def _ignores_in(place: str) -> tuple[_Ignore, ...]:
    """The ``.gitignore`` file of a directory, if it has one."""
    try:
        with open(os.path.join(place, ".gitignore"), encoding="utf-8", errors="replace") as lines:
            return (_Ignore(place, lines),)
    except OSError:
        return ()


def _ignores_above(place: str) -> tuple[_Ignore, ...]:
    """Those that hold in a directory given on the command line: of itself and of what is above it in its repository.

    If they ignore the directory itself, the ones above do not count: it is asked for all the same.
    """
    above = _directories_of_repository(place)
    ignores = tuple(ignore for directory in above for ignore in _ignores_in(directory))
    return _ignores_in(place) if _is_ignored(ignores, place + os.sep) else ignores + _ignores_in(place)


def _directories_of_repository(place: str) -> list[str]:
    """The directories above, from the root of the git repository down; none if it is the root or in no repository."""
    directories: list[str] = []
    while not os.path.exists(os.path.join(place, ".git")):
        parent = os.path.dirname(place)
        if parent == place:
            return []
        directories.insert(0, parent)
        place = parent
    return directories
