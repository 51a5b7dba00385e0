"""Names, numbers and strings → facts, and the way from a node to what lowers it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst
from msgspec.structs import replace

from initlint.reading import facts
from initlint.reading.cursor import Cursor
from initlint.reading.strings import formatted_text, string_value

MAX_INTEGER = 2**64 - 1
"""The largest that MessagePack holds."""
_CONSTANTS = {"None": None, "True": True, "False": False}

HANDLERS: dict[type[cst.CSTNode], Callable[[Any, Any], Any]] = {}
"""What lowers a node of each class. LibCST's nodes are not typed closely enough to say more than ``Any``."""


class LiteralLowering(Cursor):
    """Lowers expressions, each exactly once and in source order.

    A place includes the parentheses around the expression.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.strings: list[tuple[int, int]] = []
        """Places of the string literals, apart and in order: what looks like a comment in them is none."""
        self.called: list[str] = []
        """Last names of what was called in the definition that is being read."""
        self.depth = 0
        """Number of definitions around."""

    def expression(self, node: Any) -> Any:
        if node.lpar:
            return self._parenthesised(node)
        return HANDLERS[type(node)](self, node)

    def optional(self, node: Any) -> Any:
        return None if node is None else self.expression(node)

    def _parenthesised(self, node: Any) -> Any:
        start = self.open("(")
        for _ in node.lpar[1:]:
            self.open("(")
        lowered = HANDLERS[type(node)](self, node)
        for _ in node.rpar:
            self.close(")")
        return replace(lowered, start=start, end=self.at)

    # ------------------------------------------------------------------------------------------------------- leaves

    def name(self, node: Any) -> str:
        """Move over a name and return it, normalised as Python does."""
        self.leaf(node.value)
        value: str = node.value
        return value if value.isascii() else unicodedata.normalize("NFKC", value)

    def _name(self, node: Any) -> Any:
        value = node.value
        start = self.leaf(value)
        if value in _CONSTANTS:
            return facts.Literal(start, self.at, _CONSTANTS[value])
        if not value.isascii():
            value = unicodedata.normalize("NFKC", value)
        return facts.Name(start, self.at, value)

    def _integer(self, node: Any) -> Any:
        value = node.value
        start = self.leaf(value)
        # Python refuses to read decimals of more than 4300 digits.
        number = int(value, 0) if len(value) < 100 else MAX_INTEGER + 1
        return facts.Opaque(start, self.at) if number > MAX_INTEGER else facts.Literal(start, self.at, number)

    def _float(self, node: Any) -> Any:
        start = self.number(node.value)
        return facts.Literal(start, self.at, float(node.value))

    def _imaginary(self, node: Any) -> Any:
        start = self.number(node.value)
        return facts.Opaque(start, self.at)

    def _ellipsis(self, node: Any) -> Any:
        start = self.ellipsis()
        return facts.Opaque(start, self.at)

    # ------------------------------------------------------------------------------------------------------ strings

    def _string(self, node: Any) -> Any:
        start = self.leaf(node.value)
        self.strings.append((start, self.at))
        value = string_value(node.value)
        return facts.Opaque(start, self.at) if value is None else facts.Literal(start, self.at, value)

    def _formatted(self, node: Any) -> Any:
        start = self.leaf(node.start)
        known = len(self.strings)
        parts = self._parts(node.parts, is_raw="r" in node.start.lower())
        self.at += len(node.end)
        self.strings[known:] = [(start, self.at)]
        return facts.FormattedString(start, self.at, parts)

    def _template(self, node: Any) -> Any:
        lowered = self._formatted(node)
        return facts.Opaque(lowered.start, lowered.end)

    def _parts(self, parts: Sequence[Any], *, is_raw: bool) -> tuple[Any, ...]:
        lowered: list[Any] = []
        for part in parts:
            if hasattr(part, "expression"):
                lowered += self._replacement(part, is_raw=is_raw)
            else:
                self.at += len(part.value)
                lowered.append(formatted_text(part.value, is_raw=is_raw))
        return _joined(lowered)

    def _replacement(self, part: Any, *, is_raw: bool) -> Sequence[Any]:
        """The expression between braces, after its own text if that is shown (``{x=}``)."""
        inside = self.open("{") + 1
        lowered = self.expression(part.expression)
        self.field_end(has_spec=part.format_spec is not None)
        shown = self.text[inside : self.at - 1]
        if part.format_spec is not None:
            self._parts(part.format_spec, is_raw=is_raw)
            self.close("}")
        if part.equal is None:
            return (lowered,)
        return shown if part.conversion is None else shown[: shown.rindex("!")], lowered

    def _concatenated(self, node: Any) -> Any:
        pieces: list[Any] = []
        while type(node) is cst.ConcatenatedString and (not pieces or not node.lpar):
            pieces.append(self.expression(node.left))
            node = node.right
        pieces.append(self.expression(node))
        start, end = pieces[0].start, self.at
        if any(type(piece) is facts.Opaque for piece in pieces):
            return facts.Opaque(start, end)
        parts = _joined([part for piece in pieces for part in _parts_of(piece)])
        if all(type(piece) is facts.Literal for piece in pieces):
            return facts.Literal(start, end, "".join(parts))
        return facts.FormattedString(start, end, parts)


def _parts_of(string: Any) -> Sequence[Any]:
    return (string.value,) if type(string) is facts.Literal else string.parts


def _joined(parts: Sequence[Any]) -> tuple[Any, ...]:
    """The parts of a string, texts that touch made one and empty ones left out."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)


HANDLERS.update(
    {
        cst.Name: LiteralLowering._name,
        cst.Integer: LiteralLowering._integer,
        cst.Float: LiteralLowering._float,
        cst.Imaginary: LiteralLowering._imaginary,
        cst.Ellipsis: LiteralLowering._ellipsis,
        cst.SimpleString: LiteralLowering._string,
        cst.FormattedString: LiteralLowering._formatted,
        cst.ConcatenatedString: LiteralLowering._concatenated,
    }
)
if hasattr(cst, "TemplatedString"):  # LibCST 1.9
    HANDLERS[cst.TemplatedString] = LiteralLowering._template
