"""A file that has been read."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from initlint.finding import Place
from initlint.reading.facts import FileFacts


@dataclass(frozen=True)
class SourceFile:
    """A file and what it says."""

    path: Path
    """As found, usable with `open`."""
    display: str
    """Relative to the current directory where possible, with ``/``."""
    facts: FileFacts
    _text: str | None = field(default=None, repr=False, compare=False)
    """Of a source that is in no file."""
    _data: bytes | None = field(default=None, repr=False, compare=False)
    """What was read instead of the file's own content."""

    def place(self, start: int, end: int) -> Place:
        """The place of a stretch of source; in a notebook, in the cell where it starts."""
        line, column = self.facts.position(start)
        end_line, end_column = self.facts.position(end)
        cells = self.facts.cells
        if not cells:
            return Place(self.display, line, column, end_line, end_column)
        cell = cells[max(bisect_right([cell.line for cell in cells], line) - 1, 0)]
        above = cell.line - 1
        return Place(self.display, line - above, column, end_line - above, end_column, cell.number)

    def text(self) -> str:
        """The decoded source, all cells of a notebook joined, read again from the file.

        Raises `OSError` if the file has gone, and `UnreadableError` (a `ValueError`) if it is no source any more.
        """
        if self._text is not None:
            return self._text
        from initlint.reading.parsing import Source

        return Source.of(self.data(), is_notebook=is_notebook(self.path)).text

    def data(self) -> bytes:
        """The bytes of the file; of a text that is in none, in UTF-8. Raises `OSError` if the file has gone."""
        if self._text is not None:
            return self._text.encode("utf-8", "surrogatepass")
        return self.path.read_bytes() if self._data is None else self._data


def is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def displayed(path: Path) -> str:
    """A path as it is shown: relative to the current directory where it is inside, with ``/``."""
    here = os.path.join(os.getcwd(), "")
    place = os.path.abspath(path)
    return place.removeprefix(here).replace(os.sep, "/") if place.startswith(here) else path.as_posix()
