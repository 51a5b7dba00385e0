"""All that is kept of one file."""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from initlint.reading.facts.statements import Statement


class Suppression(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A comment that silences rules on lines ``first`` to ``last`` (from 1, inclusive)."""

    first: int
    last: int
    rules: tuple[str, ...]
    """Codes or names; empty: every rule."""
    line: int
    """Where the comment stands."""
    is_noqa: bool = False


class Cell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A code cell of a notebook: its lines start at ``line`` of the joined source."""

    number: int
    """Counted over all the cells of the notebook, from 1."""
    line: int


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    body: tuple[Statement, ...]
    line_starts: tuple[int, ...]
    """Offset at which each line starts; the first is 0."""
    suppressions: tuple[Suppression, ...] = ()
    cells: tuple[Cell, ...] = ()
    """Empty for anything but a notebook."""
    called: tuple[str, ...] = ()
    """Last names of everything called outside of all definitions, each once."""

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, lines counted over the whole source (all cells joined)."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1
