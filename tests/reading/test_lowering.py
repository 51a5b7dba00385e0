"""What a source says and where: compared with CPython's `ast`, and by hand for syntax newer than this Python's."""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libcst
import msgspec
import pytest
from facts_comparison import differences
from snippets import SNIPPETS

from initlint.finding import Problem
from initlint.reading import facts
from initlint.reading.facts import FileFacts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile

Read = Callable[[str], SourceFile]
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
SAMPLE = 150
"""Files of the standard library read in a run of the tests."""
LARGEST = 40_000
"""Bytes of those files."""


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_source_means_and_places_what_ast_says(name: str, read: Read) -> None:
    source = read(SNIPPETS[name])
    assert differences(SNIPPETS[name], source.facts) == []


def test_the_comparison_with_ast_notices_a_shift_and_a_change(read: Read) -> None:
    assert differences("x = y", read(" x = y".strip() + "z").facts)
    assert differences("x = f(y)", read("x = f(z)").facts)
    assert differences("x =  y", read("x = y").facts)
    assert differences("(y)", read("(y )").facts)


def sample() -> list[Path]:
    """The same files each time."""
    files = [path for path in sorted(STANDARD_LIBRARY.rglob("*.py")) if "site-packages" not in path.parts]
    return random.Random(0).sample([path for path in files if path.stat().st_size <= LARGEST], SAMPLE)


def test_the_standard_library_is_read_as_ast_reads_it() -> None:
    reader = Reader()
    for path in sample():
        source = reader.read(path)
        if isinstance(source, Problem):
            assert source.message and not source.message.startswith("cannot be followed"), source
            continue
        try:
            assert differences(source.text(), source.facts) == [], path
        except SyntaxError:  # deliberately broken files of the standard library's own tests
            continue
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(source.facts), type=FileFacts) == source.facts


# ------------------------------------------------------------------------------------------ newer than Python 3.11


def only_statement(read: Read, text: str) -> Any:
    (statement,) = read(text).facts.body
    return statement


def written(text: str, node: facts.Node) -> str:
    return text[node.start : node.end]


def test_quotes_comments_and_lines_are_free_inside_f_strings(read: Read) -> None:
    text = "x = f'{a['b'] # }\n + f'{c:{d}}'}' + e"
    value = only_statement(read, text).value
    (part,) = value.left.parts
    assert [written(text, node) for node in (value.left, part, part.right, value.right)] == [
        "f'{a['b'] # }\n + f'{c:{d}}'}'",
        "a['b'] # }\n + f'{c:{d}}'",
        "f'{c:{d}}'",
        "e",
    ]


def test_type_parameters_are_moved_over(read: Read) -> None:
    text = "def f[T: (int, str) = int, *Ts = *tuple[int], **P = [x]](a: T) -> T: return a\nclass A[T](B[T]): pass"
    function, definition = read(text).facts.body
    assert isinstance(function, facts.Function) and isinstance(definition, facts.Class)
    assert written(text, function) == "f" and [one.name for one in function.parameters] == ["a"]
    assert [written(text, base.value) for base in definition.bases] == ["B[T]"]


def test_a_type_alias_says_nothing(read: Read) -> None:
    text = "type X[T: int] = list[T]\ntype = 1\ntype type = type\ny = 2"
    assert [written(text, statement) for statement in read(text).facts.body] == ["type = 1", "y = 2"]


@pytest.mark.skipif(not hasattr(libcst, "LazyImport"), reason="needs LibCST 1.9")
def test_lazy_imports_are_imports(read: Read) -> None:
    text = "lazy import a.b as c\nlazy from .d import (e as f, g)\nlazy = lazy"
    first, second, last = read(text).facts.body
    assert isinstance(first, facts.Import) and first.names == (facts.ImportedName("a.b", "c"),)
    assert isinstance(second, facts.Import) and (second.module, second.level, second.names[1].name) == ("d", 1, "g")
    assert [written(text, one) for one in (first, second, last)] == text.split("\n")


@pytest.mark.skipif(not hasattr(libcst, "StarredDictComp"), reason="needs LibCST 1.9")
def test_comprehensions_that_unpack_are_followed(read: Read) -> None:
    text = "{**a for a in b}; [*a for a in b]; z"
    opaque, unpacked, last = (one.value for one in read(text).facts.body if isinstance(one, facts.Evaluate))
    assert isinstance(opaque, facts.Opaque) and written(text, opaque) == "{**a for a in b}"
    assert isinstance(unpacked, facts.Comprehension) and isinstance(unpacked.element, facts.Starred)
    assert written(text, last) == "z"


def test_template_strings_are_opaque(read: Read) -> None:
    text = "x = t'{a:{b}}#' + c"
    value = only_statement(read, text).value
    assert isinstance(value.left, facts.Opaque)
    assert (written(text, value.left), written(text, value.right)) == ("t'{a:{b}}#'", "c")


# ------------------------------------------------------------------------------------------------------ by themselves


def test_a_place_includes_the_parentheses_around_an_expression(read: Read) -> None:
    text = "x = ((a) + b)"
    value = only_statement(read, text).value
    assert (written(text, value), written(text, value.left)) == ("((a) + b)", "(a)")


def test_elif_is_an_if_alone_in_otherwise(read: Read) -> None:
    statement = only_statement(read, "if a: b\nelif c: d\nelse: e")
    (inner,) = statement.otherwise
    assert isinstance(inner, facts.If) and inner.test.id == "c" and inner.otherwise[0].value.id == "e"


def test_a_definition_ends_with_its_body(read: Read) -> None:
    text = 'def f():\n    """Doc."""\n\n\n# comment\nclass A:\n    x = (1,\n         2)  # comment\n'
    function, definition = read(text).facts.body
    assert isinstance(function, facts.Function) and isinstance(definition, facts.Class)
    assert text[: function.body_end].endswith('"""Doc."""') and text[: definition.body_end].endswith("2)")


def test_a_definition_knows_what_is_called_in_it(read: Read) -> None:
    source = read("class A:\n    def f(self):\n        nn.Linear(1)(a(b.c()))\n    d()\ne()")
    (definition, _) = source.facts.body
    assert isinstance(definition, facts.Class)
    assert set(definition.called) == {"Linear", "a", "c", "d"} and source.facts.called == ("e",)


@pytest.mark.parametrize(
    ("text", "line"),
    [("x = 1\ndef f(:\n    pass\n", 2), ("x = (1,\n\ny = 2\n", 1), ("x = 'a\n", 1), ("print 'a'\n", 1)],
)
def test_a_syntax_error_is_a_problem_at_its_line(text: str, line: int, fail: Callable[[str], Problem]) -> None:
    problem = fail(text)
    assert problem.message.startswith("syntax error: ") and problem.line == line and problem.column


def test_what_only_libcst_refuses_is_a_problem_at_its_line(fail: Callable[[str], Problem]) -> None:
    problem = fail("x = 1\n(y): int = 2\n")
    assert problem.message.startswith("syntax error: ") and problem.line == 2
