"""A notebook as a document: cells are edited inside its JSON, all else stays byte for byte."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, groupby

from initlint.fix.json_spans import Spanned, parse
from initlint.fix.replacement import Replacement, Unfixable, in_order
from initlint.reading.decoding import UTF8_BOM, normalise_line_ends
from initlint.reading.facts import Cell
from initlint.reading.notebooks import join_cells

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_TOKEN = re.compile(rf"{_HIGH}{_LOW}|\\u[0-9a-fA-F]{{4}}|\\.|[^\\]", re.DOTALL)
_NEWLINES = ("\\n", "\\u000a", "\\u000A")


@dataclass(frozen=True)
class _Part:
    """A cell in the joined source."""

    start: int
    end: int
    source: Spanned
    """The string, or the list of strings, that holds it."""

    @property
    def strings(self) -> list[Spanned]:
        """The strings that make up its source."""
        value = self.source.value
        return value if isinstance(value, list) else [self.source]


@dataclass(frozen=True)
class Notebook:
    """A notebook whose cells can be edited."""

    text: str
    _json: str
    _mark: bytes
    _parts: tuple[_Part, ...]

    @staticmethod
    def of(data: bytes) -> Notebook:
        """Raises `Unfixable`, or `UnreadableError` for what is no notebook."""
        text, cells = join_cells(data)
        mark = UTF8_BOM if data.startswith(UTF8_BOM) else b""
        written = data[len(mark) :].decode("utf-8")
        try:
            sources = _sources(parse(written))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Unfixable("the notebook's JSON is not laid out as expected") from error
        return Notebook(text, written, mark, tuple(_parts(text, cells, sources)))

    def edited(self, replacements: Iterable[Replacement]) -> bytes:
        """The file with the replacements made in it. Raises `Unfixable`."""
        pieces: list[str] = []
        at = 0
        for part, changes in groupby(in_order(replacements), self._part):
            start, end, text = _rewritten(part, list(changes), self.text, self._json)
            pieces += (self._json[at:start], text)
            at = end
        return self._mark + "".join((*pieces, self._json[at:])).encode("utf-8")

    def _part(self, change: Replacement) -> _Part:
        part = self._parts[bisect_right([part.start for part in self._parts], change.start) - 1]
        if change.end > part.end:
            raise Unfixable("it reaches over the end of a cell")
        return part


def _sources(document: Spanned) -> list[Spanned | None]:
    """The source of each cell, in the order in which cells are numbered."""
    assert isinstance(document.value, dict)
    sheets = [document] if "cells" in document.value else _items(document.value["worksheets"])
    cells = [cell for sheet in sheets for cell in _items(_member(sheet, "cells"))]
    return [_member(cell, "source") or _member(cell, "input") for cell in cells]


def _items(found: Spanned | None) -> list[Spanned]:
    return found.value if found is not None and isinstance(found.value, list) else []


def _member(found: Spanned, key: str) -> Spanned | None:
    return found.value.get(key) if isinstance(found.value, dict) else None


def _parts(text: str, cells: tuple[Cell, ...], sources: list[Spanned | None]) -> Iterator[_Part]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    ends = [starts[cell.line - 1] - 1 for cell in cells[1:]] + [len(text)]
    for cell, end in zip(cells, ends, strict=True):
        source = sources[cell.number - 1]
        assert source is not None
        yield _Part(starts[cell.line - 1], end, source)


def _rewritten(part: _Part, changes: list[Replacement], text: str, written: str) -> tuple[int, int, str]:
    """A stretch of the JSON and what to write there: the strings of a cell from the first changed to the last."""
    strings = part.strings
    tokens = [_tokens(written[each.start + 1 : each.end - 1]) for each in strings]
    bounds = list(accumulate(map(len, tokens), initial=0))
    lines = _Lines(text[part.start : part.end], "".join(str(each.value) for each in strings))
    spans = [(lines.moved(each.start - part.start), lines.moved(each.end - part.start)) for each in changes]
    first = _index(bounds, spans[0][0])
    last = max(_index(bounds, spans[-1][1]), first)
    flat = [token for each in tokens[first : last + 1] for token in each]
    for change, (start, end) in reversed(list(zip(changes, spans, strict=True))):
        escaped = [json.dumps(char, ensure_ascii=written.isascii())[1:-1] for char in change.text]
        flat[start - bounds[first] : end - bounds[first]] = escaped
    is_list = part.source is not strings[0]
    made = _separator(part.source, strings, written).join(_strings(flat)) if is_list else f'"{"".join(flat)}"'
    return strings[first].start, strings[last].end, made


def _tokens(raw: str) -> list[str]:
    """A JSON string cut into what is written for each of its characters."""
    return _TOKEN.findall(raw)


def _index(bounds: list[int], offset: int) -> int:
    """The string that holds the character at an offset, the last one for the end."""
    return max(0, min(bisect_right(bounds, offset) - 1, len(bounds) - 2))


def _strings(tokens: list[str]) -> Iterator[str]:
    """JSON strings of one line each."""
    line: list[str] = []
    for token in tokens:
        line.append(token)
        if token in _NEWLINES:
            yield f'"{"".join(line)}"'
            line = []
    if line:
        yield f'"{"".join(line)}"'


def _separator(source: Spanned, strings: list[Spanned], written: str) -> str:
    """What stands between two strings of the list, or would."""
    if len(strings) > 1:
        return written[strings[0].end : strings[1].start]
    return "," + (written[source.start + 1 : strings[0].start] or " ")


class _Lines:
    """The lines of a cell in the joined source, where some are made neutral, and in the notebook."""

    def __init__(self, joined: str, written: str) -> None:
        self._joined = joined.split("\n")
        self._written = normalise_line_ends(written).split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in self._joined), initial=0))
        self._own = list(accumulate((len(line) + 1 for line in self._written), initial=0))

    def moved(self, offset: int) -> int:
        """The offset in the notebook's own text. Raises `Unfixable` inside of a line that is not Python."""
        line = bisect_right(self._starts, offset) - 1
        column = offset - self._starts[line]
        if column and self._joined[line] != self._written[line]:
            raise Unfixable("the line is a command of IPython")
        return self._own[line] + column
