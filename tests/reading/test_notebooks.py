"""Jupyter notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from initlint.finding import Problem
from initlint.reading import facts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile


def code(*lines: str) -> dict[str, Any]:
    source = [f"{line}\n" for line in lines[:-1]] + list(lines[-1:])
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": [text], "metadata": {}}


def notebook(*cells: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}).encode()


def read(folder: Path, content: bytes) -> SourceFile | Problem:
    path = folder / "notebook.ipynb"
    path.write_bytes(content)
    return Reader().read(path)


def good(folder: Path, content: bytes) -> SourceFile:
    source = read(folder, content)
    assert isinstance(source, SourceFile), source
    return source


def text_of(folder: Path, *lines: str) -> str:
    return good(folder, notebook(code(*lines))).text()


def test_the_code_cells_are_one_source_and_places_are_in_their_cells(tmp_path: Path) -> None:
    source = good(
        tmp_path,
        notebook(markdown("# Title"), code("import torch", "x = 1"), code(), markdown("x ="), code("", "y = x")),
    )
    assert source.text() == "import torch\nx = 1\n\n\ny = x"
    places = [source.place(statement.start, statement.end) for statement in source.facts.body]
    assert [(place.cell, place.line, place.column, place.end_line, place.end_column) for place in places] == [
        (2, 1, 1, 1, 13),
        (2, 2, 1, 2, 6),
        (5, 2, 1, 2, 6),
    ]


def test_a_source_may_be_one_string_and_end_its_lines_as_it_likes(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": "x = 1\r\ny = 2\n"}, {"cell_type": "code", "source": "z = 3\rw = 4"}]
    source = good(tmp_path, notebook(*cells))
    places = [source.place(statement.start, statement.end) for statement in source.facts.body]
    assert [(place.cell, place.line) for place in places] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_the_third_format_is_read_too(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": "a"}, {"cell_type": "code", "language": "python", "input": ["x = 1"]}]
    content = json.dumps({"nbformat": 3, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}).encode()
    source = good(tmp_path, content)
    assert (source.text(), source.facts.cells) == ("x = 1", (facts.Cell(2, 1),))


@pytest.mark.parametrize(
    ("line", "neutral"),
    [
        ("%matplotlib inline", "pass"),
        ("    %time fit()", "    pass"),
        ("!pip install torch", "pass"),
        ("!echo \"it's", "pass"),
        ("?help", "pass"),
        ("model.fit?", "pass"),
        ("model.fit??", "pass"),
        ("files = !ls *.py", "files = None"),
        ("a, b = %magic x", "a, b = None"),
        ("x[0] =  !ls", "x[0] =  None"),
    ],
)
def test_lines_for_ipython_keep_their_place_but_say_nothing(tmp_path: Path, line: str, neutral: str) -> None:
    before = ["if a:", "    b"] if line.startswith(" ") else ["a"]
    assert text_of(tmp_path, *before, line, "z = 1") == "\n".join([*before, neutral, "z = 1"])


@pytest.mark.parametrize(
    "lines",
    [
        ["x = (a", "% b)"],
        ["x = a \\", "% b"],
        ["x = '''", "!ls", "%magic", "help?", "'''"],
        ['x = """a""" + """', "!b", '"""'],
        ["x = [  # [ '''", "'[', '''", "%d''' % 1,", "]"],
        ["x = a != b", "y = a % b", "print('100 %')", "z = f(a, b='=%d' % c)"],
        ["'x = %d' % y", "d['=!'] = 1"],
        ["# help?", "x = 1  # ?"],
    ],
)
def test_python_that_looks_like_it_is_left_alone(tmp_path: Path, lines: list[str]) -> None:
    assert text_of(tmp_path, *lines) == "\n".join(lines)


def test_a_command_over_several_lines_is_neutral_to_its_end(tmp_path: Path) -> None:
    lines = ["!pip install \\", "    a'b \\", "    c", "x = 1", "y = !ls \\", " -l", "z = 2"]
    assert text_of(tmp_path, *lines) == "pass\n\n\nx = 1\ny = None\n\nz = 2"


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 1", "%%capture out", "%%python3"])
def test_a_cell_that_is_python_under_its_magic_is_read(tmp_path: Path, magic: str) -> None:
    assert text_of(tmp_path, magic, "x = 1") == "pass\nx = 1"


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "%%writefile model.py", "%%javascript"])
def test_a_cell_that_is_something_else_under_its_magic_is_dropped(tmp_path: Path, magic: str) -> None:
    source = good(tmp_path, notebook(code(magic, "for f in *; do", "done"), code("x = 1")))
    (statement,) = source.facts.body
    place = source.place(statement.start, statement.end)
    assert (place.cell, place.line) == (2, 1)


def test_a_syntax_error_names_the_cell_and_the_line_in_it(tmp_path: Path) -> None:
    problem = read(tmp_path, notebook(markdown("text"), code("x = 1", "y = 2"), code("z = 3", "", "w = (")))
    assert isinstance(problem, Problem)
    assert problem.message.startswith("cell 3, line 3: syntax error") and problem.line == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"torch", b"[]", b"{}", b'{"cells": "torch"}', b'{"cells": [', b'{"cells": ["torch\xff"]}', b"[" * 100_000],
)
def test_what_is_no_notebook_is_a_problem(tmp_path: Path, content: bytes) -> None:
    problem = read(tmp_path, content)
    assert isinstance(problem, Problem) and problem.remedy
    sources, problems = Reader().read_all([tmp_path / "notebook.ipynb"])
    assert (sources, problems) == ([], [problem])


@pytest.mark.parametrize(
    "content",
    [
        notebook(),
        notebook({}, {"cell_type": "code"}, {"cell_type": "code", "source": None}),
        notebook(code("x <- torch"), metadata={"kernelspec": {"language": "R"}}),
        notebook(code("x <- torch"), metadata={"language_info": {"name": "julia"}}),
        notebook(metadata=None),
        b'\xef\xbb\xbf{"cells": []}',
    ],
)
def test_a_notebook_without_python_says_nothing(tmp_path: Path, content: bytes) -> None:
    assert good(tmp_path, content).facts.body == ()


def test_a_notebook_on_standard_input_is_its_json() -> None:
    source = Reader().read_text(notebook(code("x = 1")).decode(), "notebook.ipynb")
    assert isinstance(source, SourceFile) and source.text() == "x = 1"
    assert source.place(0, 1).cell == 1


@pytest.mark.parametrize(("lines", "is_read"), [(["a = 1", "nn.Linear"], True), (["a = 1", "nnn.Linear"], False)])
@pytest.mark.parametrize("as_string", [True, False])
def test_a_notebook_matters_if_its_words_do(tmp_path: Path, lines: list[str], is_read: bool, as_string: bool) -> None:
    path = tmp_path / "notebook.ipynb"
    cell = code(*lines)
    path.write_bytes(notebook({**cell, "source": "".join(cell["source"])} if as_string else cell))
    sources, problems = Reader().read_all([path])
    assert (len(sources), problems) == (int(is_read), [])


def test_suppressions_work_in_cells(tmp_path: Path) -> None:
    source = good(tmp_path, notebook(code("x"), code("y = f(  # initlint: ignore[INL101]", "  1)")))
    assert source.facts.suppressions == (facts.Suppression(2, 3, ("INL101",), 2),)
