"""The first half of a run: from paths to the sources and the program that the rules judge."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count, pairwise
from linecache import getline
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.finding import Place, Problem
from initlint.suppression import source_line

if TYPE_CHECKING:
    from initlint.configuration import Configuration
    from initlint.program import Program
    from initlint.reading.reader import Reader
    from initlint.reading.source import SourceFile

LONGEST_EXCERPT = 4
"""Source lines kept of a finding's place."""
Progress = Callable[[str, int, "int | None"], None]
"""Told a stage, how much of it is done and how much there is, if that is known."""


class Gathered:
    """What was read: the program, and the sources that findings are reported for."""

    program: Program

    def __init__(self) -> None:
        self.files: tuple[str, ...] = ()
        """Displayed paths of all files looked at."""
        self.problems: list[Problem] = []
        self.sources: dict[str, SourceFile] = {}
        """By displayed path; files of the run that only an import leads to join while the program is traced."""
        self._texts: dict[str, str] = {}

    @classmethod
    def from_paths(
        cls,
        paths: Sequence[Path],
        configuration: Configuration,
        tell: Progress,
        contents: Mapping[Path, bytes] | None = None,
    ) -> Gathered:
        """Read everything under `paths`; at the absolute paths in `contents`, those bytes instead of the files'."""
        from initlint.reading.discovery import discover
        from initlint.reading.reader import Reader
        from initlint.reading.source import displayed

        gathered = cls()
        found = discover(paths, exclude=_prunable(configuration), **_included(configuration))
        files = tuple(path for path in found.files if path in found.named or not configuration.excludes(path))
        reader = Reader(jobs=configuration.jobs or processors(), cache=configuration.cache_dir, contents=contents)
        done = count(1)
        sources, problems = reader.read_all(
            files, always=found.named, on_file=lambda path: tell("reading", next(done), len(files))
        )
        gathered.files = tuple(map(displayed, files))
        gathered.problems = [*found.problems, *problems]
        gathered._link(sources, files, reader)
        gathered.program.is_thorough = configuration.thorough
        return gathered

    @classmethod
    def from_text(cls, text: str, filename: str) -> Gathered:
        """Read one text that is in no file, or not yet."""
        from initlint.reading.reader import Reader

        gathered = cls()
        gathered.files = (filename,)
        reader = Reader()
        source = reader.read_text(text, filename)
        if isinstance(source, Problem):
            gathered.problems = [source]
        gathered._link([] if isinstance(source, Problem) else [source], (), reader)
        return gathered

    @classmethod
    def from_files(cls, paths: Iterable[str]) -> Gathered:
        """Read single files that something is to be said of, given by their displayed paths.

        What is no readable source (a cell that was typed in, generated code) is left out. There is no program.
        """
        from initlint.reading.reader import Reader
        from initlint.reading.source import SourceFile

        gathered = cls()
        gathered.files = tuple(sorted(set(paths)))
        read = (Reader().read(Path(path)) for path in gathered.files if Path(path).is_file())
        gathered.sources = {source.display: source for source in read if isinstance(source, SourceFile)}
        return gathered

    def _link(self, sources: list[SourceFile], paths: Sequence[Path], reader: Reader) -> None:
        from initlint.program import Program

        own = {path.absolute() for path in paths}

        def load(path: Path) -> SourceFile | Problem:
            source = reader.read(path)
            if path.absolute() in own:
                self._keep(source)
            return source

        self.sources.update({source.display: source for source in sources})
        self.program = Program(sources, paths, load)

    def _keep(self, source: SourceFile | Problem) -> None:
        """A file of the run that only an import has led to. What fails in other people's files is not reported."""
        if isinstance(source, Problem):
            self.problems.append(source)
        else:
            self.sources[source.display] = source

    def excerpts(self, places: Iterable[Place]) -> dict[Place, tuple[str, ...]]:
        """The source lines of each place; no lines for a file that has gone meanwhile."""
        return {place: self._excerpt(place) for place in places}

    def _excerpt(self, place: Place) -> tuple[str, ...]:
        source = self.sources.get(place.path)
        if source is None:
            return _remembered(place)
        text = self._text(source)
        first = source_line(source, place) - 1
        height = min(place.end_line - place.line + 1, LONGEST_EXCERPT)
        bounds = (*source.facts.line_starts, len(text))[first : first + height + 1]
        return tuple(text[start:end].rstrip("\r\n") for start, end in pairwise(bounds))

    def _text(self, source: SourceFile) -> str:
        if source.display not in self._texts:
            try:
                self._texts[source.display] = source.text()
            except (OSError, ValueError):
                self._texts[source.display] = ""
        return self._texts[source.display]


def _remembered(place: Place) -> tuple[str, ...]:
    """The first line of a place in no file, where Python knows it: in a cell of a notebook that runs, for one."""
    line = getline(place.path, place.line).rstrip("\r\n")
    return (line,) if line else ()


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _prunable(configuration: Configuration) -> tuple[str, ...]:
    """The globs that discovery can apply itself: it takes them relative to the current directory."""
    return configuration.exclude if configuration.root == Path.cwd() else ()


def _included(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    return {} if configuration.include is None else {"include": configuration.include}
