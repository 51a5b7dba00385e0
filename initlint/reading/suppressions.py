"""Comments that silence rules, and the lines they silence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from initlint.reading.facts import Suppression


class Extent(NamedTuple):
    """A logical line, as offsets: a simple statement line, or the header of a block."""

    start: int
    end: int
    block_end: int
    """Where the block under a header ends; the same as `end` for a simple line."""


_WORD = re.compile(r"initlint:\s*ignore|\bnoqa\b", re.IGNORECASE)
_COMMENT = re.compile(r"#[^\r\n]*")
_IGNORE = re.compile(r"#\s*initlint:\s*ignore(?P<file>-file)?(?:\s*\[(?P<rules>[^\]#]*)\]|(?![-\w\[]|\s*\[))")
_NOQA = re.compile(r"#\s*noqa\b(?P<colon>\s*:\s*(?P<rules>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?)?", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]{2,8}\d{1,3}")
"""A rule's code or the start of one. What else a ``noqa`` names is another linter's."""


class Commented(NamedTuple):
    """What the comments of a file are matched with."""

    text: str
    line_starts: Sequence[int]
    strings: Sequence[tuple[int, int]]
    """Places of the string literals, sorted and apart."""
    extents: Sequence[Extent]

    def line(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)


def may_suppress(text: str) -> bool:
    """Whether looking for suppressions is worth it."""
    return "initlint:" in text or "noqa" in text or "NOQA" in text


def find_suppressions(source: Commented) -> tuple[Suppression, ...]:
    """All suppressions of a file, in the order they stand."""
    lines = dict.fromkeys(source.line(found.start()) for found in _WORD.finditer(source.text))
    comments = {line: comment for line in lines if (comment := _comment(source, line))}
    reaches = _reaches(source, comments)
    return tuple(one for line, comment in comments.items() for one in _suppressions(source, comment, reaches[line]))


def _comment(source: Commented, line: int) -> str:
    """The comment on a line, empty if there is none."""
    start = source.line_starts[line - 1]
    end = source.line_starts[line] if line < len(source.line_starts) else len(source.text)
    while (start := source.text.find("#", start, end)) >= 0 and _is_in_string(source, start):
        start += 1
    comment = _COMMENT.match(source.text, start, end) if start >= 0 else None
    return comment[0] if comment else ""


def _is_in_string(source: Commented, offset: int) -> bool:
    before = bisect_right(source.strings, (offset, offset)) - 1
    return before >= 0 and offset < source.strings[before][1]


class _Reach(NamedTuple):
    """The lines that a comment may speak of."""

    line: int
    first: int
    last: int
    block_last: int


def _reaches(source: Commented, lines: Iterable[int]) -> dict[int, _Reach]:
    """For each line, the logical line it belongs to and the end of the block under it."""
    reaches = {line: _Reach(line, line, line, line) for line in lines}
    for extent in source.extents:
        first, last = source.line(extent.start), source.line(extent.end)
        for line in range(first, last + 1):
            if line in reaches:
                block_last = source.line(extent.block_end)
                old = reaches[line]
                new = min(first, old.first), max(last, old.last), max(block_last, old.block_last)
                reaches[line] = _Reach(line, *new)
    return reaches


def _suppressions(source: Commented, comment: str, reach: _Reach) -> Iterator[Suppression]:
    for found in _IGNORE.finditer(comment):
        rules = _words(found["rules"] or "")
        if rules or found["rules"] is None:
            lines = (1, len(source.line_starts)) if found["file"] else (reach.first, reach.block_last)
            yield Suppression(*lines, rules, reach.line)
    for found in _NOQA.finditer(comment):
        rules = tuple(word for word in _words((found["rules"] or "").upper()) if _CODE.fullmatch(word))
        if rules or found["colon"] is None:
            yield Suppression(reach.first, reach.last, rules, reach.line, True)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)
