"""From bytes to text."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.finding import Problem
from initlint.reading import facts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile


def read(folder: Path, data: bytes) -> SourceFile | Problem:
    path = folder / "module.py"
    path.write_bytes(data)
    return Reader().read(path)


def good(folder: Path, data: bytes) -> SourceFile:
    source = read(folder, data)
    assert isinstance(source, SourceFile), source
    return source


def bad(folder: Path, data: bytes) -> Problem:
    problem = read(folder, data)
    assert isinstance(problem, Problem), problem
    assert problem.path.endswith("module.py") and problem.message
    return problem


@pytest.mark.parametrize(
    ("cookie", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("# -*- coding: utf-8 -*-\n", "utf-8-sig"),
        ("# -*- coding: latin-1 -*-\n", "latin-1"),
        ("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
        ("# coding=koi8-r\n", "koi8-r"),
        ("# coding: shift_jis\n", "shift_jis"),
    ],
)
def test_a_file_is_decoded_as_its_mark_or_first_lines_say(tmp_path: Path, cookie: str, encoding: str) -> None:
    word = {"koi8-r": "слой", "shift_jis": "層"}.get(encoding, "größe")
    source = good(tmp_path, f"{cookie}x = '{word}'\n".encode(encoding))
    assert source.text() == f"{cookie}x = '{word}'\n"
    (statement,) = source.facts.body
    assert isinstance(statement, facts.Assign) and isinstance(statement.value, facts.Literal)
    assert statement.value.value == word


def test_places_count_characters_whatever_the_encoding(tmp_path: Path) -> None:
    source = good(tmp_path, "\ufeffä = 'é'; y = 1".encode())
    statement = source.facts.body[1]
    place = source.place(statement.start, statement.end)
    assert (place.line, place.column, place.end_line, place.end_column) == (1, 10, 1, 15)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_where_python_ends_them(tmp_path: Path, newline: str) -> None:
    lines = ["x = '''a", "b'''", "\x0cy = (1,", "  2)", "z = '\x0b\u2028\x85'"]
    source = good(tmp_path, newline.join(lines).encode())
    assert len(source.facts.line_starts) == 5
    places = [source.place(statement.start, statement.end) for statement in source.facts.body]
    assert [(place.line, place.end_line) for place in places] == [(1, 2), (3, 4), (5, 5)]
    assert places[1].column == 2
    (first, *_) = source.facts.body
    assert isinstance(first, facts.Assign) and first.value == facts.Literal(first.value.start, first.value.end, "a\nb")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert good(tmp_path, b"").facts.body == ()


def test_a_binary_file_is_a_problem_at_its_line(tmp_path: Path) -> None:
    problem = bad(tmp_path, b"import torch\nx = 1\0\n")
    assert "NUL" in problem.message and problem.line == 2 and problem.remedy


def test_bytes_that_do_not_decode_are_a_problem_at_their_line(tmp_path: Path) -> None:
    problem = bad(tmp_path, b"import torch\n\nx = '\xe9'\n")
    assert "0xe9" in problem.message and problem.line == 3 and "UTF-8" in problem.remedy


@pytest.mark.parametrize(
    "data",
    [
        b"# -*- coding: nonsense -*-\n",
        b"\xef\xbb\xbf# coding: latin-1\n",
        "x = 1".encode("utf-16"),
        b"# coding: rot13\nx = 1\n",
        b"# coding: hex\nx = 1\n",
        b"# coding: idna\nx = '\xe9'\n",
    ],
)
def test_an_encoding_that_is_no_use_is_a_problem(tmp_path: Path, data: bytes) -> None:
    assert bad(tmp_path, data).remedy


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    problem = Reader().read(tmp_path / "gone.py")
    assert isinstance(problem, Problem) and "cannot be read" in problem.message
    assert isinstance(Reader().read(tmp_path), Problem)


def test_text_that_is_in_no_file_needs_no_decoding() -> None:
    source = Reader().read_text("# coding: latin-1\nx = 'é'\n", "somewhere/new.py")
    assert isinstance(source, SourceFile)
    assert (source.display, source.text()) == ("somewhere/new.py", "# coding: latin-1\nx = 'é'\n")
    (statement,) = source.facts.body
    assert isinstance(statement, facts.Assign) and isinstance(statement.value, facts.Literal)
    assert statement.value.value == "é"
