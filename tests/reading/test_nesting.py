"""What is nested too deeply or chained too long for the parser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initlint.finding import Problem
from initlint.reading import facts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile

Read = Callable[[str], SourceFile]
Fail = Callable[[str], Problem]

SHAPES: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "a" + ")" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "calls in calls": lambda n: "f(" * n + ")" * n,
    "dicts over lines": lambda n: "{a:\n" * n + "b\n" + "}" * n,
    "a sum": lambda n: "+".join("a" * n),
    "a sum over lines": lambda n: "(\n" + "\n+ ".join("a" * n) + "\n)",
    "a sum over lines that end in the operator": lambda n: "(\n" + " +\n".join("a" * n) + "\n)",
    "a sum over continued lines": lambda n: " \\\n + ".join("a" * n),
    "a sum of strings": lambda n: "\n + ".join(["('(+'", *["'a, b'"] * n, "'')"]),
    "alternatives": lambda n: " or ".join("a" * n),
    "negations": lambda n: "not " * n + "a",
    "signs": lambda n: "-" * n + "a",
    "conditionals": lambda n: "a if b else " * n + "c",
    "functions": lambda n: "lambda:" * n + "0",
    "methods": lambda n: "a" + ".b()" * n,
    "methods over lines": lambda n: "(a" + "\n    .b(c=1, d='e')" * n + ")",
    "calls of calls": lambda n: "f" + "()" * n,
    "subscripts": lambda n: "a" + "[0]" * n,
    "strings over lines": lambda n: "(" + "\n    'a'" * n + ")",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [5_000, 20_000])
def test_what_would_overflow_the_parser_is_a_problem_at_its_line(shape: str, size: int, fail: Fail) -> None:
    problem = fail(f"x = 1\ny = {SHAPES[shape](size)}\n")
    assert ("nested more than" in problem.message or "more than 1000 operators" in problem.message) and problem.remedy
    assert problem.line is not None and problem.line >= 2


@pytest.mark.parametrize("shape", SHAPES)
def test_what_people_write_is_read_to_its_end(shape: str, read: Read) -> None:
    text = f"y = {SHAPES[shape](80)}\nz = 1\n"
    statement, last = read(text).facts.body
    assert isinstance(statement, facts.Assign) and statement.value is not None
    assert not isinstance(statement.value, facts.Opaque)
    assert text[last.start :] == "z = 1\n"


@pytest.mark.parametrize("shape", ["a sum", "alternatives", "methods", "calls of calls", "subscripts"])
def test_a_very_long_chain_is_opaque_but_what_follows_is_not(shape: str, read: Read) -> None:
    text = f"y = {SHAPES[shape](400)}\nz = 1\n"
    statement, last = read(text).facts.body
    assert isinstance(statement, facts.Assign) and isinstance(statement.value, facts.Opaque)
    assert text[statement.value.start : statement.value.end] == SHAPES[shape](400)
    assert isinstance(last, facts.Assign) and text[last.start :] == "z = 1\n"


def test_a_long_chain_of_elif_is_read(read: Read) -> None:
    (statement,) = read("if a: b\n" + "elif c: d\n" * 200).facts.body
    for _ in range(200):
        assert isinstance(statement, facts.If)
        (statement,) = statement.otherwise


def test_an_endless_chain_of_elif_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("if a: b\n" + "elif c: d\n" * 3_000)
    problem = Reader().read(path)
    assert isinstance(problem, Problem) and problem.message == "is nested too deeply"


def test_brackets_and_operators_in_strings_and_comments_do_not_count(read: Read) -> None:
    lines = [f"x = '{'(' * 500}'  # {'[' * 500}", f'y = """{"(" * 500}{"+" * 5000}"""', f"z = r'''\\{'-' * 3000}'''"]
    assert len(read("\n".join(lines)).facts.body) == 3


def test_large_tables_are_no_chains(read: Read) -> None:
    rows = "\n".join("    'a': (1 + 2, -3.5, b.c, 'd' 'e')," for _ in range(2000))
    assert len(read(f"table = {{\n{rows}\n}}\nnumbers = [{', '.join(['-1.5'] * 5000)}]").facts.body) == 2


def test_deep_blocks_are_read(read: Read) -> None:
    text = "".join(f"{' ' * depth}if a:\n" for depth in range(95)) + " " * 95 + "b"
    assert len(read(text).facts.body) == 1
