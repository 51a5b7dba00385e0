"""Where statements stand on their lines: what is put before, behind and around them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from initlint.fix.replacement import Replacement, Unfixable
from initlint.reading import facts

STEP = "    "
"""One step of indentation as fixes are written, and where a file has none."""
_BLANK = re.compile(r"[ \t\f]*")
_REST_OF_LINE = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Standing:
    """A statement, and the block it stands in."""

    statement: facts.Statement
    block: tuple[facts.Statement, ...]

    @property
    def start(self) -> int:
        return self.statement.start

    @property
    def end(self) -> int:
        return _end(self.statement)


@dataclass(frozen=True)
class Layout:
    """The lines of a file. `text` has its line ends as they are."""

    text: str
    file: facts.FileFacts

    def standing(self, start: int, end: int) -> Standing:
        """The innermost statement that holds a stretch of source. Raises `Unfixable`."""
        found: Standing | None = None
        blocks = [self.file.body]
        while blocks:
            block = blocks.pop()
            for statement in block:
                if self.begin(statement) <= start and end <= _end(statement):
                    blocks = list(blocks_of(statement))
                    if not self.text.startswith("elif", statement.start):  # a part of the statement around it
                        found = Standing(statement, block)
        if found is None:
            raise Unfixable("no statement stands there")
        return found

    def begin(self, statement: facts.Statement) -> int:
        """Where a statement starts; a definition begins the line of its name, or of its first decorator."""
        if not isinstance(statement, (facts.Function, facts.Class)):
            return statement.start
        line = self.line_start(statement.decorators[0].start if statement.decorators else statement.start)
        return line + len(_blank(self.text, line))

    def line_start(self, offset: int) -> int:
        starts = self.file.line_starts
        return starts[bisect_right(starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the line break of an offset's line stands."""
        found = _LINE_END.search(self.text, offset)
        return len(self.text) if found is None else found.start()

    def indentation(self, offset: int) -> str:
        """What the line of an offset begins with."""
        return _blank(self.text, self.line_start(offset))

    def line_break(self, offset: int) -> str:
        """How the line of an offset ends; the last one as the first does."""
        found = _LINE_END.search(self.text, offset) or _LINE_END.search(self.text)
        return "\n" if found is None else found[0]

    @cached_property
    def step(self) -> str:
        """One step of indentation."""
        for outer, inner in _nested(self.file.body):
            near, far = self.indentation(outer.start), self.indentation(inner.start)
            if len(far) > len(near) and far.startswith(near):
                return far[len(near) :]
        return STEP

    def begins_line(self, offset: int) -> bool:
        """Whether nothing but indentation stands before it."""
        start = self.line_start(offset)
        return start + len(_blank(self.text, start)) == offset

    def ends_line(self, offset: int) -> bool:
        """Whether nothing but a comment stands behind it."""
        return _REST_OF_LINE.match(self.text, offset) is not None

    # ------------------------------------------------------------------------------------------------------ statements

    def before(self, at: Standing, text: str) -> Replacement:
        """A statement in front of another. Raises `Unfixable`."""
        start = self.begin(at.statement)
        if self.begins_line(start):
            line = self.line_start(start)
            return Replacement(line, line, f"{self.indentation(start)}{text}{self.line_break(start)}")
        if not self.text[self.line_start(start) : start].rstrip().endswith((":", ";")):
            raise Unfixable("the statement shares its line")
        return Replacement(start, start, f"{_small(text)}; ")

    def behind(self, at: Standing, text: str) -> Replacement:
        """A statement behind another. Raises `Unfixable`."""
        start, end = self.begin(at.statement), at.end
        if self.begins_line(start) and self.ends_line(end):
            indentation = self.indentation(start)
            line = self._behind_comments(self.line_end(end), indentation)
            whole = text if text[:1] in ("\r", "\n") else f"{indentation}{text}"  # a blank line first stays blank
            if self._is_last(line):
                return Replacement(line, line, f"{self.line_break(start)}{whole}")
            line += len(self.line_break(line))
            return Replacement(line, line, f"{whole}{self.line_break(start)}")
        if any(True for _ in blocks_of(at.statement)):
            raise Unfixable("the statement shares its line")
        return Replacement(end, end, f"; {_small(text)}")

    def _behind_comments(self, line_end: int, indentation: str) -> int:
        """The end of the last line of comments below that are indented further."""
        while line_end < len(self.text):
            start = line_end + len(self.line_break(line_end))
            blank = _blank(self.text, start)
            if not self.text.startswith("#", start + len(blank)) or len(blank) <= len(indentation):
                break
            line_end = self.line_end(start)
        return line_end

    def under(self, at: Standing, header: str) -> list[Replacement]:
        """A header above a simple statement, which is indented. Raises `Unfixable`."""
        start, end = at.start, at.end
        if not (self.begins_line(start) and self.ends_line(end)):
            raise Unfixable("the statement shares its line")
        lines = [line for line in self.file.line_starts if self.line_start(start) <= line <= end]
        if len(lines) > 1 and any(quotes in self.text[start:end] for quotes in ('"""', "'''", "\\")):
            raise Unfixable("the statement goes on over lines that cannot be indented")
        above = Replacement(lines[0], lines[0], f"{self.indentation(start)}{header}{self.line_break(start)}{self.step}")
        return [above, *(Replacement(line, line, self.step) for line in lines[1:])]

    def without(self, at: Standing) -> Replacement:
        """A statement taken away, with its line where it has one of its own."""
        start, end = at.start, at.end
        if len(at.block) == 1:
            return Replacement(start, end, "pass")
        if self.begins_line(start) and self.ends_line(end):
            return self._without_line(start, end)
        rest = re.compile(r"[ \t]*;[ \t]*").match(self.text, end)
        if rest is not None:
            return Replacement(start, rest.end(), "")
        before = re.compile(r"[ \t]*;[ \t]*\Z").search(self.text, self.line_start(start), start)
        if before is None:
            raise Unfixable("the statement shares its line")
        return Replacement(before.start(), end, "")

    def _without_line(self, start: int, end: int) -> Replacement:
        first, below = self.line_start(start), self.line_end(end)
        if not self._is_last(below):
            return Replacement(first, below + len(self.line_break(below)), "")
        above = self.text[:first]
        return Replacement(len(above.removesuffix("\n").removesuffix("\r")), below, "")

    def _is_last(self, line_end: int) -> bool:
        """Whether the file, or its cell, ends with that line."""
        starts = self.file.line_starts
        return line_end == len(self.text) or line_end + 1 in (starts[cell.line - 1] for cell in self.file.cells)


def _blank(text: str, start: int) -> str:
    found = _BLANK.match(text, start)
    return "" if found is None else found[0]


def _small(text: str) -> str:
    """A statement that may share a line. Raises `Unfixable` for one with a block."""
    if "\n" in text or "\r" in text or text.rstrip().endswith(":"):
        raise Unfixable("the statement shares its line")
    return text


def blocks_of(statement: facts.Statement) -> Iterator[tuple[facts.Statement, ...]]:
    """The blocks of a compound statement; a simple one has none."""
    if isinstance(statement, (facts.If, facts.For, facts.While)):
        yield from (statement.body, statement.otherwise)
    elif isinstance(statement, (facts.With, facts.Function, facts.Class)):
        yield statement.body
    elif isinstance(statement, facts.Try):
        yield from (statement.body, *(each.body for each in statement.handlers), statement.otherwise, statement.final)
    elif isinstance(statement, facts.Match):
        yield from (case.body for case in statement.cases)


def _nested(body: tuple[facts.Statement, ...]) -> Iterator[tuple[facts.Statement, facts.Statement]]:
    """Each statement with a block, beside the first one in the block."""
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        for block in blocks_of(statement):
            if block:
                yield statement, block[0]
            waiting.extend(reversed(block))


def _end(statement: facts.Statement) -> int:
    return statement.body_end if isinstance(statement, (facts.Function, facts.Class)) else statement.end
