"""Reads files: from the cache where it can, in several processes where it pays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from initlint.finding import Problem
from initlint.reading.cache import Cache
from initlint.reading.facts import FileFacts
from initlint.reading.failure import Failure, UnreadableError
from initlint.reading.parsing import Source, facts_of, read_source, unpack
from initlint.reading.relevance import is_dispensable
from initlint.reading.source import SourceFile, displayed, is_notebook
from initlint.reading.workers import Raw, read_in_processes

_LEAST_FOR_PROCESSES = 100_000
"""Bytes of source below which starting a process takes longer than parsing."""


@dataclass(frozen=True)
class _Unread:
    """A file that has to be parsed."""

    path: Path
    raw: Raw
    key: str


class Reader:
    """Reads source files.

    `jobs` is the number of processes to parse with. Facts are kept in the directory `cache`, if there is one.
    `contents` is read instead of the files at those absolute paths, which are always parsed.
    """

    def __init__(
        self, *, jobs: int = 1, cache: Path | None = None, contents: Mapping[Path, bytes] | None = None
    ) -> None:
        self._jobs = jobs
        self._contents = contents or {}
        self._cache = None if cache is None else Cache(cache)

    def read_all(
        self,
        files: Sequence[Path],
        *,
        always: Collection[Path] = (),
        on_file: Callable[[Path], None] | None = None,
    ) -> tuple[list[SourceFile], list[Problem]]:
        """What the files say, in their order, and what is wrong with the others.

        A file that cannot matter is not parsed and is in neither list, unless it is one of `always`. `on_file` is
        called once for each file, when it is done.
        """
        outcomes: dict[Path, SourceFile | Problem | None] = {}
        for path, outcome in self._outcomes(list(dict.fromkeys(files)), frozenset(always)):
            outcomes[path] = outcome
            if on_file is not None:
                on_file(path)
        found = [outcomes[path] for path in dict.fromkeys(files)]
        sources = [one for one in found if isinstance(one, SourceFile)]
        return sources, [one for one in found if isinstance(one, Problem)]

    def read(self, path: Path) -> SourceFile | Problem:
        """What one file says, whether or not it seems to matter."""
        if (data := self._contents.get(path.absolute())) is not None:
            return self._instead(path, data)
        raw = _content(path)
        looked = raw if isinstance(raw, Problem) else self._remembered(path, raw)
        return self._parse(looked) if isinstance(looked, _Unread) else looked

    def _instead(self, path: Path, data: bytes) -> SourceFile | Problem:
        """What `data` says in the place of the file."""
        read = _outcome(path, read_source(data, is_notebook=is_notebook(path)))
        return read if isinstance(read, Problem) else replace(read, _data=data)

    def read_text(self, text: str, display: str) -> SourceFile | Problem:
        """What a text says that is in no file, or not yet in the one `display` names.

        The text of a notebook is its JSON.
        """
        path = Path(display)
        try:
            source = Source.of_text(text, is_notebook=is_notebook(path))
            return SourceFile(path, display, facts_of(source), source.text)
        except UnreadableError as error:
            return _problem(display, error.failure)

    def _outcomes(
        self, files: Sequence[Path], always: Collection[Path]
    ) -> Iterator[tuple[Path, SourceFile | Problem | None]]:
        """Each file with what became of it (``None``: it cannot matter), as they are done."""
        waiting: list[_Unread] = []
        for path in files:
            looked = self._look(path, may_skip=path not in always)
            if not isinstance(looked, _Unread):
                yield path, looked
            elif self._jobs > 1:
                waiting.append(looked)
            else:
                yield path, self._parse(looked)
        if sum(len(unread.raw.data) for unread in waiting) < _LEAST_FOR_PROCESSES:
            yield from ((unread.path, self._parse(unread)) for unread in waiting)
        else:
            yield from self._parse_in_processes(waiting)

    def _look(self, path: Path, *, may_skip: bool) -> SourceFile | Problem | _Unread | None:
        """Everything short of parsing; ``None`` if that is not worth it."""
        if (data := self._contents.get(path.absolute())) is not None:
            return self._instead(path, data)
        raw = _content(path)
        if isinstance(raw, Problem):
            return raw
        if may_skip and is_dispensable(raw.data, is_notebook=raw.is_notebook):
            return None
        return self._remembered(path, raw)

    def _remembered(self, path: Path, raw: Raw) -> SourceFile | Problem | _Unread:
        if self._cache is None:
            return _Unread(path, raw, "")
        key = self._cache.key(raw.data, is_notebook=raw.is_notebook)
        return self._cached(path, key) or _Unread(path, raw, key)

    def _cached(self, path: Path, key: str) -> SourceFile | Problem | None:
        packed = self._cache.load(key) if self._cache is not None else None
        try:
            return None if packed is None else _outcome(path, packed)
        except ValueError:  # a corrupt entry
            return None

    def _parse(self, unread: _Unread) -> SourceFile | Problem:
        return self._keep(unread, read_source(unread.raw.data, is_notebook=unread.raw.is_notebook))

    def _parse_in_processes(self, waiting: Sequence[_Unread]) -> Iterator[tuple[Path, SourceFile | Problem]]:
        for index, packed in read_in_processes([unread.raw for unread in waiting], self._jobs):
            unread = waiting[index]
            yield unread.path, _lost(unread.path) if packed is None else self._keep(unread, packed)

    def _keep(self, unread: _Unread, packed: bytes) -> SourceFile | Problem:
        if self._cache is not None:
            self._cache.store(unread.key, packed)
        return _outcome(unread.path, packed)


def _content(path: Path) -> Raw | Problem:
    try:
        return Raw(path.read_bytes(), is_notebook(path))
    except OSError as error:
        return Problem(displayed(path), f"cannot be read: {error.strerror or error}", "Check that it is readable.")


def _outcome(path: Path, packed: bytes) -> SourceFile | Problem:
    """Raises `ValueError` if `packed` is corrupt."""
    unpacked = unpack(packed)
    if isinstance(unpacked, FileFacts):
        return SourceFile(path, displayed(path), unpacked)
    return _problem(displayed(path), unpacked)


def _problem(display: str, failure: Failure) -> Problem:
    return Problem(display, failure.message, failure.remedy, failure.line, failure.column)


def _lost(path: Path) -> Problem:
    return Problem(displayed(path), "cannot be parsed: the process that read it died", "Exclude it.")
