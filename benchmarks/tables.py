"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def row(cells: Sequence[object]) -> str:
    """One line, without its end."""
    return f"| {' | '.join(map(str, cells))} |"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole table: words in the first column, numbers in the others."""
    lines = [headings, ("---", *("---:" for _ in headings[1:])), *rows]
    return "".join(f"{row(line)}\n" for line in lines)
