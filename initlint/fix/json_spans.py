"""JSON with the place of each value in its text, so that one can be changed and all else stay as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import TypeAlias

_BLANK = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[-+.\w]+")
DEEPEST = 200
"""Nesting of values beyond which nothing is read."""


@dataclass(frozen=True)
class Spanned:
    """A value and the stretch of text that it is written in."""

    value: Value
    start: int
    end: int


Value: TypeAlias = "str | list[Spanned] | dict[str, Spanned] | None"
"""Of numbers and literals nothing is kept: they are ``None``."""


def parse(text: str) -> Spanned:
    """The value of a whole text. Raises `ValueError` for what is no JSON or too deeply nested."""
    return _value(text, _skip(text, 0), 0)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _value(text: str, at: int, depth: int) -> Spanned:
    opening = text[at : at + 1]
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if opening == '"':
        value, end = scanstring(text, at + 1, False)
        return Spanned(value, at, end)
    if opening == "[":
        return _list(text, at, depth)
    if opening == "{":
        return _object(text, at, depth)
    scalar = _SCALAR.match(text, at)
    if scalar is None:
        raise ValueError(f"no value at {at}")
    return Spanned(None, at, scalar.end())


def _list(text: str, start: int, depth: int) -> Spanned:
    items: list[Spanned] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        items.append(_value(text, at, depth + 1))
        at = _behind_comma(text, items[-1].end, "]")
    return Spanned(items, start, at + 1)


def _object(text: str, start: int, depth: int) -> Spanned:
    members: dict[str, Spanned] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        key, at = scanstring(text, at + 1, False)
        at = _skip(text, _skip(text, at) + 1)
        members[key] = _value(text, at, depth + 1)
        at = _behind_comma(text, members[key].end, "}")
    return Spanned(members, start, at + 1)


def _behind_comma(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != closing:
        raise ValueError(f"{closing} expected at {at}")
    return at
