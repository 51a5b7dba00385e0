"""Whatever is read: facts that can be stored, or a problem. Never anything else."""

from __future__ import annotations

import ast
import random
import string
import warnings
from pathlib import Path

import msgspec
import pytest
from facts_comparison import differences
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snippets import SNIPPETS

from initlint.finding import Problem
from initlint.reading.facts import FileFacts
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile

PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
FEW = settings(PATIENT, max_examples=25)
"""A generated program takes a second."""


def check(text: str) -> None:
    outcome = Reader().read_text(text, "module.py")
    if isinstance(outcome, Problem):
        assert outcome.message and not outcome.message.startswith("cannot be followed"), (outcome, text)
        return
    packed = msgspec.msgpack.encode(outcome.facts)
    assert msgspec.msgpack.decode(packed, type=FileFacts) == outcome.facts
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError):  # LibCST is more lenient, and reads newer syntax
        return
    assert differences(text, outcome.facts) == [], text


def test_generated_programs_are_read_as_ast_reads_them() -> None:
    hypothesmith = pytest.importorskip("hypothesmith")

    @FEW
    @given(hypothesmith.from_node())
    def read(text: str) -> None:
        check(text)

    read()


@PATIENT
@given(st.lists(st.sampled_from(sorted(SNIPPETS.values())), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_sources_cut_and_glued_at_random_never_crash_the_reader(snippets: list[str], chance: random.Random) -> None:
    text = "".join(snippets)
    start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    inserted = chance.choice(
        ["", "(", ")", "'", '"""', "#", "\\", "\n", "\t", "{", "\x0c", "\r", "é", "\ud800", "\0", "f'{"]
    )
    check(text[:start] + inserted + text[end:])


@PATIENT
@given(st.text(st.sampled_from(string.printable + "é→\u2028\ufeff"), max_size=80))
def test_text_at_random_never_crashes_the_reader(text: str) -> None:
    check(text)


@PATIENT
@given(st.binary(max_size=200), st.sampled_from(["module.py", "notebook.ipynb"]))
def test_bytes_at_random_never_crash_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path: Path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(data)
    assert isinstance(Reader().read(path), (SourceFile, Problem))
