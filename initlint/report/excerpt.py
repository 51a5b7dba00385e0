"""A finding's source lines, its place underlined."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import accumulate, takewhile

from initlint.finding import Finding
from initlint.report.palette import Palette

TAB = "    "
CUT = "…"
LEAST_ROOM = 20
"""Columns of source shown however narrow the terminal is."""


def draw_excerpt(finding: Finding, lines: tuple[str, ...], palette: Palette, width: int) -> Iterator[str]:
    """The lines with their numbers, each followed by its underline; too long ones cut to `width`."""
    place = finding.place
    digits = len(str(place.line + len(lines) - 1))
    for offset, line in enumerate(lines):
        number = place.line + offset
        begin = place.column - 1 if offset == 0 else len(line) - len(line.lstrip())
        end = place.end_column - 1 if number == place.end_line else len(line.rstrip())
        shown, before, marked = _fit(line, begin, max(end, begin + 1), max(width - digits - 3, LEAST_ROOM))
        bar = palette.paint("|", "dim")
        yield f"{palette.paint(f'{number:>{digits}}', 'dim')} {bar} {shown}".rstrip()
        if line.strip():
            yield f"{' ' * digits} {bar} {' ' * before}{palette.severity(finding.severity, '^' * marked)}"
    if place.line + len(lines) <= place.end_line and lines:
        yield f"{' ' * digits} {palette.paint(CUT, 'dim')}"


def _fit(line: str, begin: int, end: int, room: int) -> tuple[str, int, int]:
    """A line as shown in `room` columns, and where in it the mark begins and how wide it is, in columns."""
    before, marked, after = (printable(part) for part in (line[:begin], line[begin:end], line[end:]))
    if columns(before) + columns(marked) > room and columns(before) > LEAST_ROOM // 2:
        before = CUT + _cut_left(before, max(LEAST_ROOM // 2, room - columns(marked)) - 1)
    whole = before + marked + after
    shown = whole if columns(whole) <= room else _cut_right(whole, room - 1) + CUT
    return shown, columns(before), max(1, min(columns(marked), room - columns(before)))


def printable(text: str) -> str:
    """Tabs as spaces, and control characters (which could steer a terminal) as a replacement character."""
    return "".join(
        TAB if char == "\t" else "\ufffd" if unicodedata.category(char) in ("Cc", "Cs") else char for char in text
    )


def columns(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(char) for char in text)


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut_right(text: str, room: int) -> str:
    """The beginning of `text` that fits in `room` columns."""
    ends = accumulate(map(_columns_of, text))
    return text[: sum(1 for _ in takewhile(lambda end: end <= room, ends))]


def _cut_left(text: str, room: int) -> str:
    """The end of `text` that fits in `room` columns."""
    return _cut_right(text[::-1], room)[::-1]
