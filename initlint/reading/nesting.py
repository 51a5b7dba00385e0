"""Refuses the few texts that LibCST cannot parse: its parser is recursive and overflows the stack, or takes hours.

Generated code is where they are found. The test is cheap because nearly every file is cleared without being scanned.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import sub

from initlint.reading.failure import UnreadableError

MAX_BRACKETS = 100
"""Brackets inside brackets. CPython itself refuses more than 200."""
MAX_LINKS = 1000
"""Operators, calls and attributes in one expression without a comma between. LibCST needs a second for 2000 ``+``."""
_LONG_LINE = 500
"""Characters in which no one writes an expression of `MAX_LINKS` links by hand."""
_MANY_LINES = 16
"""Lines of usual length that hold no such expression."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_STRING = r"""'{3}(?:[^\\]|\\.)*?'{3}|"{3}(?:[^\\]|\\.)*?"{3}|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\""""
_TOKEN = re.compile(
    rf"(?P<link>{_STRING}|\b(?:and|or|not|if|else|lambda|in|is|await)\b|[-+~]|[*/%@&|^<>.]+)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;])|(?P<newline>(?<!\\)\n)|#[^\n]*",
    re.DOTALL,
)
_CONTINUED = (
    r"""\n(?:(?<=[-+*/%@&|^<>\\]\n)|(?<=and\n)|(?<=or\n)|[ \t)]*(?:[-+*/%@&|^<>.]|and\b|or\b|not\b)"""
    r"""|(?<=["']\n)[ \t]*[bfru]?["'])[^\n]*"""
)
"""The end of a line and the next line, with a link of a chain between."""
_CONTINUED_LINES = re.compile(rf"{_CONTINUED}(?:{_CONTINUED}){{{_MANY_LINES}}}")


def refuse_deep(text: str, starts: Sequence[int]) -> None:
    """Raise `UnreadableError` if the text nests too deeply or chains too long. `starts` are those of its lines."""
    if _is_deep(text) or _is_long(text, starts):
        _scan(text, starts)


def _is_deep(text: str) -> bool:
    """May be wrong for brackets in strings and comments, but never misses."""
    brackets = text.encode("ascii", "ignore").translate(None, _NO_BRACKETS)
    for removed in range(MAX_BRACKETS):
        fewer = brackets.replace(b"()", b"").replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            return len(brackets) > MAX_BRACKETS - removed
        brackets = fewer
    return bool(brackets)


def _is_long(text: str, starts: Sequence[int]) -> bool:
    """Whether there is a line, or are so many lines that continue one, that a chain could be too long."""
    if len(text) < 2 * MAX_LINKS:
        return False
    longest = max(map(sub, (*starts[1:], len(text)), starts))
    return longest > _LONG_LINE or _CONTINUED_LINES.search(text) is not None


def _scan(text: str, starts: Sequence[int]) -> None:
    links = [0]
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "end" or (kind == "newline" and len(links) == 1):
            links[-1] = 0
        elif kind == "close":
            links = links[:-1] or [0]
        elif kind in ("link", "open"):
            links[-1] += 1
            _refuse(links, token.start(), starts)
            if kind == "open":
                links.append(0)


def _refuse(links: Sequence[int], offset: int, starts: Sequence[int]) -> None:
    """`links` are those in each of the brackets that are open at the offset, and outside of them."""
    if len(links) > MAX_BRACKETS:
        message = f"is nested more than {MAX_BRACKETS} brackets deep"
    elif links[-1] > MAX_LINKS:
        message = f"has an expression of more than {MAX_LINKS} operators"
    else:
        return
    raise UnreadableError(message, "Exclude it, or build it in steps.", bisect_right(starts, offset))
