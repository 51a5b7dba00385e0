"""What string literals say, without `ast.literal_eval` (slow, and it warns about escapes that mean nothing)."""

from __future__ import annotations

import re
import unicodedata

_LITERAL = re.compile(r"""([A-Za-z]*)('{3}|"{3}|'|")(.*)\2""", re.DOTALL)
_NEWLINE = re.compile(r"\r\n?")
_ESCAPE = re.compile(
    r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]+)\})"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def string_value(literal: str) -> str | None:
    """The value of a string literal as written, ``None`` for bytes and for text that cannot be stored as UTF-8."""
    if "\\" not in literal and literal[0] in "\"'" and literal[1] != literal[0]:
        return literal[1:-1]
    match = _LITERAL.fullmatch(literal)
    if match is None or "b" in (prefix := match[1].lower()):
        return None
    value = unescape(match[3], is_raw="r" in prefix)
    return None if _has_surrogate(value) else value


def unescape(text: str, *, is_raw: bool) -> str:
    """The value of the text between the quotes; escapes that Python does not know stay as they are."""
    if "\r" in text:
        text = _NEWLINE.sub("\n", text)
    if is_raw or "\\" not in text:
        return text
    return _ESCAPE.sub(_escaped, text)


def formatted_text(text: str, *, is_raw: bool) -> str:
    """The value of a literal stretch of an f-string; what cannot be stored as UTF-8 becomes a question mark."""
    value = unescape(text, is_raw=is_raw).replace("{{", "{").replace("}}", "}")
    return value.encode("utf-8", "replace").decode() if _has_surrogate(value) else value


def _escaped(match: re.Match[str]) -> str:
    newline, simple, octal, *hexadecimal, name = match.groups()
    if newline:
        return ""
    if simple:
        return _SIMPLE.get(simple, simple)
    if octal:
        return chr(int(octal, 8))
    if name:
        return _named(name, match[0])
    code = int(next(filter(None, hexadecimal)), 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _named(name: str, written: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return written


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
