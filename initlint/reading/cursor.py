"""Where things stand in the source: LibCST nodes carry no position, so the reader follows the text beside the tree.

The lowering visits the leaves (names, numbers, strings) in source order and asks the cursor for each; the cursor skips
what is no leaf. Opening and closing brackets are asked for one by one, so that it never mistakes one for another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Hard keywords that start no expression and hold no value: skipped on the way to a leaf. (Soft keywords, and the words
# that a node begins with, are asked for by name.)
_SKIPPED_WORDS = (
    "and|as|assert|async|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|nonlocal"
    "|not|or|pass|raise|return|try|while|with"
)
_WORD_END = r"(?![\w\x80-\U0010ffff])"
_COMMENT = r"#[^\r\n]*"

_leaf_at = re.compile(rf"(?:[\s\\()\[\]{{}},:.;=+\-*/%@&|^~<>!]+|{_COMMENT}|(?:{_SKIPPED_WORDS}){_WORD_END})*").match
_open_at = re.compile(rf"(?:[\s\\)\]}},:.;=+\-*/%@&|^~<>!]+|{_COMMENT}|(?:{_SKIPPED_WORDS}){_WORD_END})*").match
_word_at = re.compile(rf"(?:[\s\\()\[\]{{}},:.;=+\-*/%@&|^~<>!]+|{_COMMENT})*").match
_close_at = re.compile(rf"(?:[\s\\,:/*=]+|{_COMMENT})*").match
_ellipsis_at = re.compile(rf"(?:[\s\\)\]}},:;=+\-*/%@&|^~<>!]+|{_COMMENT}|(?:{_SKIPPED_WORDS}){_WORD_END})*").match
_field_end_at = re.compile(rf"(?:[\s\\]+|{_COMMENT})*(?:=(?:[\s\\]+|{_COMMENT})*)?(?:![A-Za-z]\s*)?").match
_header_end_at = re.compile(rf"(?:[\s\\)\]}},*/]+|{_COMMENT})*").match
_colon_at = re.compile(rf"(?:[\s\\,]+|{_COMMENT})*").match
_blank_at = re.compile(rf"(?:[\s\\]+|{_COMMENT})*").match
_star_at = re.compile(rf"(?:[\s\\.]+|{_COMMENT}|import)*").match


class LostPlaceError(Exception):
    """The tree names a token that the text does not hold where it should stand."""


class Cursor:
    """A reading position in `text`. Each method moves it over one token and returns where that token starts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def leaf(self, value: str) -> int:
        """Move over the next name, number or string, which reads `value`."""
        start = _leaf_at(self.text, self.at).end()  # type: ignore[union-attr]
        if not self.text.startswith(value, start):
            raise LostPlaceError(f"{value!r} at offset {start}")
        self.at = start + len(value)
        return start

    def number(self, value: str) -> int:
        """Move over the next number; the dot of ``.5`` counts as punctuation on the way to its digits."""
        if value[0] == ".":
            return self.leaf(value[1:]) - 1
        return self.leaf(value)

    def word(self, word: str) -> int:
        """Move over the keyword that comes next; only punctuation stands before it."""
        return self._token(_word_at, word)

    def open(self, bracket: str) -> int:
        """Move over an opening bracket, the next one in the text."""
        if self.text.startswith(bracket, self.at):
            self.at += 1
            return self.at - 1
        return self._token(_open_at, bracket)

    def close(self, bracket: str) -> int:
        """Move over a closing bracket; nothing but commas and the like stands before it."""
        if self.text.startswith(bracket, self.at):
            self.at += 1
            return self.at - 1
        return self._token(_close_at, bracket)

    def colon(self) -> int:
        """Move over a colon of a slice."""
        return self._token(_colon_at, ":")

    def comma(self) -> int:
        """Move over the comma that ends a tuple."""
        return self._token(_blank_at, ",")

    def field_end(self, *, has_spec: bool) -> None:
        """Move over what follows the expression in a field of an f-string, up to its format or its closing brace."""
        self._token(_field_end_at, ":" if has_spec else "}")

    def header_end(self) -> int:
        """Move over the colon that ends the header of a block, and over the brackets that close before it."""
        return self._token(_header_end_at, ":")

    def prefix(self, operator: str, before: int, operand: int) -> int:
        """Where the prefix operator of an operand stands: somewhere behind the token that ends at `before`.

        There may be another operator before it, and comments on both sides.
        """
        start = operand - len(operator)
        if self.text.startswith(operator, start):
            return start
        found = re.compile(rf"{re.escape(operator)}(?:\s|\\|{_COMMENT}[\r\n])*\Z").search(self.text, before, operand)
        if found is None:
            raise LostPlaceError(f"{operator!r} before offset {operand}")
        return found.start()

    def ellipsis(self) -> int:
        return self._token(_ellipsis_at, "...")

    def import_star(self) -> int:
        return self._token(_star_at, "*")

    def _token(self, skip: Callable[[str, int], re.Match[str] | None], token: str) -> int:
        start = skip(self.text, self.at).end()  # type: ignore[union-attr]
        if not self.text.startswith(token, start):
            raise LostPlaceError(f"{token!r} at offset {start}")
        self.at = start + len(token)
        return start
