"""From what a rule says of a fix to the characters to change."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.fix.document import Document
from initlint.fix.edit import Binding, Copy, Edit, Fix, Kind, Name, Part
from initlint.fix.layout import STEP, Layout
from initlint.fix.naming import spell
from initlint.fix.replacement import Patch, Replacement, Unfixable, in_order, overlap
from initlint.reading.source import SourceFile

_OPENING = ("", "(", ",", "[", "{", ":", "=")
"""Characters behind which an expression needs no brackets; the end of a text counts as one."""
_CLOSING = ("", ")", ",", "]", "}", ":")
_BRACKETS = ("(", ",", "[", "{"), (")", ",", "]", "}")
"""Neighbours between which an expression may go on over lines."""
_COMPARISONS = ("==", "!=", "<=", ">=")


def work_out(fix: Fix, source: SourceFile, document: Document) -> Patch:
    """The patch that a fix comes to in the file it is about. Raises `Unfixable`."""
    layout = Layout(document.text, source.facts)
    changes = in_order(change for edit in fix.edits for change in _Writer(layout, edit).changes())
    changes = list(dict.fromkeys(changes))
    if not changes or overlap(changes):
        raise Unfixable("its edits overlap")
    places = tuple(source.place(change.start, change.end) for change in changes)
    return Patch(fix.title, fix.safe, source.display, tuple(changes), places)


class _Writer:
    """Writes one edit out."""

    def __init__(self, layout: Layout, edit: Edit) -> None:
        self._layout = layout
        self._edit = edit
        self._imports: list[Replacement] = []

    def changes(self) -> Iterator[Replacement]:
        """The replacements it comes to, imports included."""
        yield from self._changes()
        yield from self._imports

    def _changes(self) -> Iterator[Replacement]:
        edit, layout = self._edit, self._layout
        if edit.kind is Kind.REPLACE:
            yield Replacement(edit.start, edit.end, self._apart(self._written()))
            return
        at = layout.standing(edit.start, edit.end)
        if edit.kind is Kind.BEFORE:
            yield layout.before(at, self._written())
        elif edit.kind is Kind.AFTER:
            yield layout.behind(at, self._written())
        elif edit.kind is Kind.UNDER:
            yield from layout.under(at, self._written())
        else:
            yield layout.without(at)

    def _apart(self, text: str) -> str:
        """The text, kept apart from words that it would run into: ``f(x)if y`` without ``f``."""
        whole, start, end = self._layout.text, self._edit.start, self._edit.end
        before = " " if _is_word(whole[max(start - 1, 0) : start]) and _is_word(text[:1]) else ""
        return before + text + (" " if _is_word(whole[end : end + 1]) and _is_word(text[-1:]) else "")

    def _written(self) -> str:
        parts = self._edit.parts
        return "".join(self._part(part, number) for number, part in enumerate(parts))

    def _part(self, part: Part, number: int) -> str:
        if isinstance(part, Name):
            text, missing = spell(part.dotted, self._edit.start, self._layout)
            self._imports += [missing] if missing is not None else []
            return text
        if isinstance(part, Copy):
            return self._copied(part, number)
        return self._indented(part)

    def _indented(self, text: str) -> str:
        """A rule's text with the file's own line ends and indentation."""
        if "\n" not in text:
            return text
        layout, start = self._layout, self._edit.start
        outer = layout.indentation(layout.standing(start, start).start)
        first, *others = text.split("\n")
        *whole, last = others  # on the last line the next part goes on
        lines = [outer + _stepped(line, layout.step) if line else "" for line in whole]
        return layout.line_break(start).join((first, *lines, outer + _stepped(last, layout.step)))

    def _copied(self, part: Copy, number: int) -> str:
        text = self._layout.text[part.start : part.end]
        left, right = self._neighbour(number, -1), self._neighbour(number, 1)
        if text[0].isdigit() and right == ".":  # a number takes the dot for its own
            return f"({text})"
        is_broken = _is_broken(text) and not (left in _BRACKETS[0] and right in _BRACKETS[1])
        if is_bracketed(text) or (part.binding is Binding.ATOM and not is_broken):
            return text
        is_bare = part.binding is Binding.BARE
        is_enclosed = left in _OPENING and right in _CLOSING
        return f"({text})" if is_bare or not is_enclosed or is_broken else text

    def _neighbour(self, number: int, direction: int) -> str:
        """The character that comes to stand beside a part, blanks left out."""
        near = self._edit.parts[number + direction :: direction] if number + direction >= 0 else ()
        for part in near:
            text = part.strip(" ") if isinstance(part, str) else "x"
            if text:
                return "" if text[0 if direction > 0 else -1] == "\n" else text[0 if direction > 0 else -1]
        return self._outside(direction) if self._edit.kind is Kind.REPLACE else ""

    def _outside(self, direction: int) -> str:
        """The character beside what is replaced, within its statement."""
        text, edit = self._layout.text, self._edit
        at = self._layout.standing(edit.start, edit.end)
        if direction > 0:
            return text[edit.end : at.end].lstrip()[:1]
        before = text[at.start : edit.start].rstrip()
        return "" if before.endswith(("return", "yield")) else "x" if before.endswith(_COMPARISONS) else before[-1:]


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _stepped(line: str, step: str) -> str:
    bare = line.lstrip(" ")
    return step * ((len(line) - len(bare)) // len(STEP)) + bare


def _is_broken(text: str) -> bool:
    """Whether a line ends outside of the text's own brackets: ``x`` and ``.f()`` on the next line."""
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char in "\r\n" and depth <= 0:
            return True
    return False


def is_bracketed(text: str) -> bool:
    """Whether one pair of brackets encloses the whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for number, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return number == len(text) - 1
    return False
