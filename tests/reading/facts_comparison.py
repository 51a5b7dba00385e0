"""Facts against those that CPython's own `ast` gives: what differs, in content or in place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
from ast_oracle import UNKNOWN, expected_facts

from initlint.reading import facts

_OPENING = re.compile(r"\((?:[\s(\\]|#.*)*")


def differences(text: str, mine: facts.FileFacts, limit: int = 20) -> list[str]:
    """How the facts differ from what `ast` says of the text: none, if they are right."""
    return list(islice(_Comparison(text).compare(mine.body, expected_facts(text), "body"), limit))


class _Comparison:
    def __init__(self, text: str) -> None:
        self.text = text

    def compare(self, mine: Any, expected: Any, path: str, in_string: bool = False) -> Iterator[str]:
        if isinstance(mine, tuple) and isinstance(expected, tuple):
            if len(mine) != len(expected):
                yield f"{path}: {len(mine)} items instead of {len(expected)}: {mine} / {expected}"
            for index, pair in enumerate(zip(mine, expected, strict=False)):
                yield from self.compare(*pair, f"{path}[{index}]", in_string)
        elif type(mine) is not type(expected):
            yield f"{path}: {mine!r} instead of {expected!r}"
        elif isinstance(mine, msgspec.Struct):
            # Before 3.12, ast places what is inside f-strings wrongly.
            in_string = in_string or isinstance(mine, facts.FormattedString)
            inside = in_string and not isinstance(mine, facts.FormattedString)
            if isinstance(mine, facts.Node) and not inside and not self._is_placed(mine, expected):
                yield f"{path}: {self._shown(mine)} instead of {self._shown(expected)}"
            if isinstance(mine, facts.Name) and not self._is_there(mine):
                yield f"{path}: name {mine.id} at {self._shown(mine)}"
            for field in mine.__struct_fields__:
                if field not in ("start", "end", "called"):
                    pair = getattr(mine, field), getattr(expected, field)
                    yield from self.compare(*pair, f"{path}.{type(mine).__name__}:{field}", in_string)
        elif path.endswith(":body_end") and self._is_semicolon(mine, expected):
            return
        elif mine != expected and not (mine != mine and expected != expected):
            yield f"{path}: {mine!r} instead of {expected!r}"

    def _is_placed(self, mine: facts.Node, expected: facts.Node) -> bool:
        """Mine may include parentheses that ast leaves out: as many closing ones as opening ones."""
        if expected.start == UNKNOWN or (mine.start, mine.end) == (expected.start, expected.end):
            return True
        if mine.start == expected.start and self._is_semicolon(mine.end, expected.end):
            return True
        if isinstance(mine, facts.Comprehension) and mine.kind == "generator" and mine.start > expected.start:
            return self.text[expected.start] == "(" and mine.start == mine.element.start
        before, after = self.text[mine.start : expected.start], self.text[expected.end : mine.end]
        code = re.sub(r"#.*", "", after)
        return (
            mine.start < expected.start
            and mine.end > expected.end
            and _OPENING.fullmatch(before) is not None
            and re.sub(r"#.*", "", before).count("(") == code.count(")")
            and re.fullmatch(r"[\s)\\]*\)", code) is not None
        )

    def _is_semicolon(self, mine: int, expected: int) -> bool:
        """To ast, a block ends after a semicolon."""
        return self.text[mine:expected].strip() == ";"

    def _is_there(self, name: facts.Name) -> bool:
        written = re.sub(r"#.*|[()\s\\]", "", self.text[name.start : name.end])
        return unicodedata.normalize("NFKC", written) == name.id

    def _shown(self, node: facts.Node) -> str:
        return f"{node.start}-{node.end} {self.text[node.start : node.end][:60]!r}"
