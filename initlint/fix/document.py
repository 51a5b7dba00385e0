"""The bytes of one file and the text that offsets count in: from one to the other and, edited, back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from initlint.fix.replacement import Replacement, Unfixable, in_order
from initlint.reading.decoding import UTF8_BOM, encoding_of


class Document(Protocol):
    """A file that can be edited."""

    @property
    def text(self) -> str:
        """The source as it was decoded, its line ends as they are: what offsets of facts count in."""

    def edited(self, replacements: Iterable[Replacement]) -> bytes:
        """The file with the replacements, which do not overlap, made in it. Raises `Unfixable`."""


@dataclass(frozen=True)
class Script:
    """A Python file."""

    text: str
    _encoding: str
    _mark: bytes
    """A byte order mark, or nothing."""

    @staticmethod
    def of(data: bytes) -> Script:
        """Raises `Unfixable` if the text cannot be turned into the same bytes again, `UnreadableError` if it is no text."""
        mark = UTF8_BOM if data.startswith(UTF8_BOM) else b""
        encoding = "utf-8" if mark else encoding_of(data)
        script = Script(data[len(mark) :].decode(encoding), encoding, mark)
        if script.edited(()) != data:
            raise Unfixable(f"its encoding, {encoding}, does not lead back to the same bytes")
        return script

    def edited(self, replacements: Iterable[Replacement]) -> bytes:
        """The file with the replacements made in it."""
        try:
            return self._mark + replaced_in(self.text, replacements).encode(self._encoding)
        except UnicodeEncodeError as error:
            raise Unfixable(f"the encoding of the file, {self._encoding}, lacks a character of the fix") from error


def open_document(data: bytes, *, is_notebook: bool) -> Document:
    """Raises `Unfixable` or `UnreadableError`."""
    if not is_notebook:
        return Script.of(data)
    from initlint.fix.notebook import Notebook

    return Notebook.of(data)


def replaced_in(text: str, replacements: Iterable[Replacement]) -> str:
    """The text with the replacements made in it."""
    pieces: list[str] = []
    at = 0
    for change in in_order(replacements):
        pieces += (text[at : change.start], change.text)
        at = change.end
    return "".join((*pieces, text[at:]))


def moved(offset: int, replacements: Sequence[Replacement]) -> int:
    """Where what stands at an offset stands after the replacements; inside of one, at its start."""
    shift = 0
    for change in in_order(replacements):
        if change.end <= offset:
            shift += len(change.text) - (change.end - change.start)
        elif change.start < offset:
            return change.start + shift
    return offset + shift
