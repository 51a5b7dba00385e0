"""A table that fits the width of a terminal: columns shrink, and where that is not enough the least needed ones go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from initlint.report.excerpt import columns

GAP = 1
"""Spaces between two columns of numbers; words stand twice as far from what follows."""


@dataclass(frozen=True)
class Column:
    """One column: its heading and its cells from top to bottom."""

    heading: str
    cells: tuple[str, ...]
    is_number: bool = False
    least: int | None = None
    """Columns it can shrink to; ``None``: it cannot. Words lose their beginning: the end of a path tells more."""
    brief: tuple[str, ...] | None = None
    """What stands in the cells where there is no room for them as they are."""
    rank: int = 0
    """The highest go first where there is no room; 0 stays."""

    @property
    def width(self) -> int:
        """Columns that it takes as it is."""
        return max(map(columns, (self.heading, *self.cells)))

    def gap(self) -> int:
        """Spaces behind it."""
        return GAP if self.is_number else 2 * GAP


def fit(table: Sequence[Column], width: int, cut: str) -> list[Column]:
    """The columns as they fit in `width`, separators included: brief, then without the least needed, then narrowed."""
    if total_width(table) <= width:
        return list(table)
    kept = [column if column.brief is None else replace(column, cells=column.brief) for column in table]
    while total_width(kept) - width > sum(map(_slack, kept)):
        least_needed = max(kept, key=lambda column: column.rank)
        if least_needed.rank == 0:
            break
        kept.remove(least_needed)
    return _narrowed(kept, max(0, total_width(kept) - width), cut)


def total_width(table: Sequence[Column]) -> int:
    """Columns that the table takes."""
    return sum(column.width + column.gap() for column in table) - (table[-1].gap() if table else 0)


def lines(table: Sequence[Column]) -> list[str]:
    """The heading and the rows."""
    widths = [column.width for column in table]
    rows = zip(*((column.heading, *column.cells) for column in table), strict=True)
    return ["".join(_cell(*each) for each in zip(table, row, widths, strict=True)).rstrip() for row in rows]


def _cell(column: Column, text: str, width: int) -> str:
    spaces = " " * (width - columns(text))
    return (spaces + text if column.is_number else text + spaces) + " " * column.gap()


def _slack(column: Column) -> int:
    return 0 if column.least is None else max(0, column.width - column.least)


def _narrowed(table: list[Column], excess: int, cut: str) -> list[Column]:
    """The columns `excess` narrower in all; the one that can give most gives first."""
    widths = [column.width for column in table]
    for _ in range(min(excess, sum(map(_slack, table)))):
        given = [_slack(column) - column.width + width for column, width in zip(table, widths, strict=True)]
        widths[given.index(max(given))] -= 1
    return [_cut(column, width, cut) for column, width in zip(table, widths, strict=True)]


def _cut(column: Column, width: int, cut: str) -> Column:
    cells = tuple(shorten(text, width, cut) for text in column.cells)
    return replace(column, heading=column.heading[:width], cells=cells)


def shorten(text: str, width: int, cut: str) -> str:
    """`text`, without its beginning if it does not fit."""
    if columns(text) <= width:
        return text
    kept = text
    while kept and columns(kept) + columns(cut) > width:
        kept = kept[1:]
    return cut + kept
