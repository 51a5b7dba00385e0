"""Jupyter notebooks as one Python source: the code cells joined, what only IPython understands neutralised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from initlint.reading.decoding import normalise_line_ends
from initlint.reading.facts import Cell
from initlint.reading.failure import UnreadableError

_PYTHON_MAGICS = frozenset({"capture", "prun", "py", "pypy", "python", "python3", "time", "timeit"})
"""Cell magics whose cell is Python all the same."""

_SPECIAL = re.compile(r"^\s*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_COMMAND = re.compile(r"([ \t]*)(?:[%!?]|[\w.*%]+\?{1,2}[ \t]*$)")
_ASSIGNMENT = re.compile(r"([ \t]*[A-Za-z_][\w.,\[\] \t]*=[ \t]*)[%!]")
_PIECE = re.compile(r"""#.*|'{3}|"{3}|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[()\[\]{}]""")
_TRIPLE_END = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ("'''", '"""')}


def join_cells(data: bytes) -> tuple[str, tuple[Cell, ...]]:
    """The source of a notebook's code cells, and where each cell starts in it. Empty if it is in another language.

    Columns and lines within a cell are those of the notebook. Raises `UnreadableError`.
    """
    notebook = _load(data)
    lines = 1
    sources: list[str] = []
    cells: list[Cell] = []
    if _language(notebook) not in ("python", "ipython", "python3"):
        return "", ()
    for number, source in _code_cells(notebook):
        sources.append(_neutralise(source))
        cells.append(Cell(number, lines))
        lines += sources[-1].count("\n") + 1
    return "\n".join(sources), tuple(cells)


def _load(data: bytes) -> Mapping[str, Any]:
    try:
        notebook = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"is not valid JSON: {error}", "Save the notebook again, or exclude it.") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
        raise UnreadableError("is no notebook: it has no cells", "Exclude it.")
    return notebook


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = _mapping(notebook.get("metadata"))
    named = _mapping(metadata.get("language_info")).get("name") or _mapping(metadata.get("kernelspec")).get("language")
    return str(named or "python").lower()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _code_cells(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Number and source of each code cell; numbers count all cells, from 1."""
    sheets = [notebook] if "cells" in notebook else map(_mapping, notebook["worksheets"])
    cells = [_mapping(cell) for sheet in sheets for cell in sheet.get("cells") or ()]
    for number, cell in enumerate(cells, 1):
        if cell.get("cell_type") == "code" and cell.get("language", "python") == "python":
            source = cell.get("source", cell.get("input", ""))
            text = "".join(map(str, source)) if isinstance(source, list) else source
            if isinstance(text, str):
                yield number, normalise_line_ends(text).removesuffix("\n")


def _neutralise(source: str) -> str:
    if not _SPECIAL.search(source):
        return source
    lines = source.split("\n")
    magic = _CELL_MAGIC.match(source)
    if magic and magic[1] not in _PYTHON_MAGICS:
        return "\n" * (len(lines) - 1)
    return "\n".join(_neutral_lines(lines))


def _neutral_lines(lines: list[str]) -> Iterator[str]:
    state = _LineState()
    in_command = False
    for line in lines:
        if in_command:
            in_command = line.endswith("\\")
            yield ""
            continue
        neutral = _neutral(line) if state.is_fresh else line
        in_command = neutral != line and line.endswith("\\")
        state.read(neutral)
        yield neutral


def _neutral(line: str) -> str:
    """The line itself if it is Python."""
    if command := _COMMAND.match(line):
        return command[1] + "pass"
    if assignment := _ASSIGNMENT.match(line):
        return assignment[1] + "None"
    return line


class _LineState:
    """Whether the next line starts a statement, or goes on inside brackets, a string or after a backslash."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._is_continued = False

    @property
    def is_fresh(self) -> bool:
        return not (self._depth or self._quote or self._is_continued)

    def read(self, line: str) -> None:
        self._is_continued = line.endswith("\\")
        at = self._end_of_string(line, 0) if self._quote else 0
        while piece := _PIECE.search(line, at):
            at = piece.end()
            if piece[0] in _TRIPLE_END:
                self._quote = piece[0]
                at = self._end_of_string(line, at)
            elif piece[0] in "([{":
                self._depth += 1
            elif piece[0] in ")]}":
                self._depth = max(0, self._depth - 1)

    def _end_of_string(self, line: str, at: int) -> int:
        """Where the open triple-quoted string ends, the end of the line if it goes on."""
        end = _TRIPLE_END[self._quote].match(line, at)
        if end is None:
            return len(line)
        self._quote = ""
        return end.end()
