"""Edits at random places of real files, in every encoding and line end: what is not edited stays, and means the same."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from initlint import check
from initlint.fix import Edit, Fix, Name, copied, replaced, statement_after, statement_before, statement_removed
from initlint.fix.document import open_document
from initlint.fix.layout import blocks_of
from initlint.fix.replacement import Unfixable
from initlint.fix.working_out import work_out
from initlint.program.nodes import nodes
from initlint.reading import facts
from initlint.reading.parsing import Source, facts_of
from initlint.reading.source import SourceFile

SHORTEST, LONGEST = 200, 30_000
"""Bytes of a file that is tried."""
ROOTS = (Path(__file__).parents[2], Path(sysconfig.get_paths()["stdlib"]))
LIBRARY = ("asyncio", "collections", "concurrent", "email", "html", "http", "importlib", "json", "unittest", "xml")
BOM = b"\xef\xbb\xbf"
STATEMENT, WRAPPER = "marked_statement", "marked_operand"


@cache
def corpus() -> tuple[Path, ...]:
    """Files of this project and of the standard library."""
    folders = (ROOTS[0] / "initlint", ROOTS[0] / "fixtures", *(ROOTS[1] / name for name in LIBRARY))
    found = [path for folder in folders for path in folder.rglob("*.py")]
    return tuple(path for path in sorted(set(found)) if SHORTEST < path.stat().st_size < LONGEST)


@st.composite
def real_files(draw: st.DrawFn) -> bytes:
    """A real file, written as some editor or other might."""
    data = draw(st.sampled_from(corpus())).read_bytes()
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")
    assume("\r" not in text and "\f" not in text and "coding" not in text[:400])
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        assume(False)
    text = text.rstrip("\n") + draw(st.sampled_from(("\n", "", "\n\n")))
    line_end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    return draw(st.sampled_from((b"", BOM))) + text.replace("\n", line_end).encode()


def read(data: bytes) -> SourceFile:
    source = Source.of(data, is_notebook=False)
    return SourceFile(Path("model.py"), "model.py", facts_of(source), source.text)


def outline(node: Any) -> Any:
    """What a tree says, without places and without what is marked."""
    if isinstance(node, facts.Evaluate) and calls(node.value, STATEMENT):
        return None
    if isinstance(node, facts.Call) and calls(node, WRAPPER):
        return outline(node.arguments[0].value)
    if isinstance(node, msgspec.Struct):
        names = [name for name in node.__struct_fields__ if name not in ("start", "end", "body_end", "called")]
        return type(node).__name__, *(outline(getattr(node, name)) for name in names)
    if isinstance(node, tuple):
        return tuple(found for found in map(outline, node) if found is not None)
    return node


def calls(node: facts.Node, name: str) -> bool:
    return isinstance(node, facts.Call) and isinstance(node.function, facts.Name) and node.function.id == name


def made(data: bytes, edit: Edit) -> bytes:
    """The file with the edit; a place where it cannot be made is no example."""
    try:
        document = open_document(data, is_notebook=False)
        patch = work_out(Fix("Try", (edit,), True), read(data), document)
    except Unfixable:
        assume(False)
    after = document.edited(patch.replacements)
    assert remains(document.text, patch.replacements) == kept(after, patch.replacements)
    return after


def remains(text: str, replacements: Any) -> list[str]:
    """The stretches of a text between the replacements."""
    bounds = [0, *(place for change in replacements for place in (change.start, change.end)), len(text)]
    return [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]


def kept(data: bytes, replacements: Any) -> list[str]:
    """The same stretches, found in the file afterwards."""
    text, at, found = data.removeprefix(BOM).decode(), 0, []
    start = 0
    for change in replacements:
        begin = at + change.start - start
        found.append(text[at:begin])
        assert text.startswith(change.text, begin)
        at, start = begin + len(change.text), change.end
    return [*found, text[at:]]


def statements(body: tuple[facts.Statement, ...]) -> Iterator[facts.Statement]:
    for statement in body:
        yield statement
        for block in blocks_of(statement):
            yield from statements(block)


given_files = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@given_files
@given(real_files(), st.randoms(use_true_random=False), st.sampled_from((statement_before, statement_after)))
def test_a_statement_can_be_put_anywhere_without_changing_another(data: bytes, random: Any, put: Any) -> None:
    before = read(data).facts
    found = list(statements(before.body))
    assume(found)
    after = made(data, put(random.choice(found), f"{STATEMENT}(0)"))
    now = read(after).facts
    assert sum(calls(node, STATEMENT) for node in nodes(now.body)) == 1
    assert outline(now.body) == outline(before.body)


@given_files
@given(real_files(), st.randoms(use_true_random=False))
def test_an_expression_keeps_its_meaning_wherever_it_is_put(data: bytes, random: Any) -> None:
    before = read(data).facts
    values = [node.value for node in nodes(before.body) if isinstance(node, (facts.Assign, facts.Return, facts.Await))]
    operands = [
        side for node in nodes(before.body) if isinstance(node, facts.Binary) for side in (node.left, node.right)
    ]
    found = [value for value in (*values, *operands) if value is not None]
    assume(found)
    chosen = random.choice(found)
    after = made(data, replaced(chosen, f"{WRAPPER}(", copied(chosen), ")"))
    assert outline(read(after).facts.body) == outline(before.body)


@given_files
@given(real_files(), st.randoms(use_true_random=False))
def test_an_operand_is_bracketed_where_its_neighbours_need_it(data: bytes, random: Any) -> None:
    """Each call ``f(x, ...)`` becomes ``x``: the same as if the call had been read as its argument."""
    before = read(data).facts
    found = [node for node in nodes(before.body) if isinstance(node, facts.Call) and node.arguments]
    plain = [call for call in found if not call.arguments[0].star and call.arguments[0].keyword is None]
    plain = [call for call in plain if not isinstance(call.arguments[0].value, facts.Literal)]  # may become a docstring
    assume(plain)
    chosen = random.choice(plain)
    after = made(data, replaced(chosen, copied(chosen.arguments[0].value)))
    marked = made(data, replaced(chosen, f"{WRAPPER}(", copied(chosen.arguments[0].value), ")"))
    assert outline(read(after).facts.body) == outline(read(marked).facts.body)


@given_files
@given(real_files(), st.randoms(use_true_random=False))
def test_a_statement_goes_alone(data: bytes, random: Any) -> None:
    before = read(data).facts
    simple = [
        node for node in statements(before.body) if isinstance(node, (facts.Assign, facts.Evaluate, facts.Return))
    ]
    assume(simple)
    after = read(made(data, statement_removed(random.choice(simple)))).facts
    gone = len(list(statements(before.body))) - len(list(statements(after.body)))
    assert gone in (0, 1)  # none: ``pass`` has taken its place


@given_files
@given(real_files(), st.randoms(use_true_random=False))
def test_an_import_is_added_above_all_that_needs_it(data: bytes, random: Any) -> None:
    assume(b"torch" not in data)
    before = read(data).facts
    found = [node for node in nodes(before.body) if isinstance(node, facts.Return) and node.value is not None]
    assume(found)
    chosen = random.choice(found).value
    after = made(data, replaced(chosen, f"{WRAPPER}(", copied(chosen), ", ", Name("torch.nn.functional.relu"), ")"))
    now = read(after).facts
    added = [node for node in now.body if isinstance(node, facts.Import) and "torch" in node.names[0].name]
    assert len(added) == 1
    assert outline(tuple(node for node in now.body if node not in added)) == outline(before.body)
    compile(after, "model.py", "exec", dont_inherit=True)


SICK = ("early", "then", "guard", "gone", "block")
SICK_WITH_OPERAND = ("old", "root", "bare", "times")


@pytest.mark.usefixtures("fixing_rules")
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(real_files(), st.randoms(use_true_random=False))
def test_fixing_real_files_is_done_once_and_touches_nothing_else(data: bytes, random: Any) -> None:
    sick, lines = infected(data, random)
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.py")
        path.write_bytes(sick)
        fixes = check(path, isolated=True, select=["TSF"], fix=True).fixes
        after = path.read_bytes()
        assert touched(sick, after) <= lines
        again = check(path, isolated=True, select=["TSF"], fix=True).fixes
        assert (again.changes, again.fixed) == ((), ())
        assert path.read_bytes() == after
    assert {each.path.name for each in fixes.changes} <= {"model.py"}


def infected(data: bytes, random: Any) -> tuple[bytes, set[int]]:
    """The file with a few calls renamed so that they are reported, and the lines of the statements they stand in."""
    source = read(data)
    found = [node for node in nodes(source.facts.body) if isinstance(node, facts.Call)]
    named = [node for node in found if isinstance(node.function, (facts.Name, facts.Attribute))]
    assume(named)
    assume(all(getattr(node.function, "id", "") not in (*SICK, *SICK_WITH_OPERAND) for node in named))  # sick before
    chosen = random.sample(named, min(3, len(named)))
    chosen = [one for one in chosen if not any(two is not one and two.start <= one.start <= two.end for two in chosen)]
    edits = []
    for call in chosen:
        has_operand = bool(call.arguments) and not call.arguments[0].star and call.arguments[0].keyword is None
        edits.append(replaced(call.function, random.choice(SICK_WITH_OPERAND if has_operand else SICK)))
    document = open_document(data, is_notebook=False)
    try:
        patch = work_out(Fix("Infect", tuple(edits), True), source, document)
    except Unfixable:
        assume(False)
    lines = {line for call in chosen for line in lines_around(source.facts, call)}
    return document.edited(patch.replacements), lines


def lines_around(file: facts.FileFacts, call: facts.Call) -> range:
    holding = [one for one in statements(file.body) if one.start <= call.start and call.end <= one.end]
    innermost = min(holding, key=lambda one: one.end - one.start, default=call)
    start, end = min(innermost.start, call.start), max(innermost.end, call.end)
    return range(file.position(start)[0], file.position(end)[0] + 1)


def touched(before: bytes, after: bytes) -> set[int]:
    """The lines that are not in the file afterwards, from 1."""
    texts = (data.removeprefix(BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n") for data in (before, after))
    old, new = (text.split(b"\n") for text in texts)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    changes = [code for code in matcher.get_opcodes() if code[0] in ("replace", "delete")]
    return {line for _, start, end, _, _ in changes for line in range(start + 1, end + 1)}
