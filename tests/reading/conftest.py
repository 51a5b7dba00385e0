"""Reading source without a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from initlint.finding import Problem
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile


@pytest.fixture
def read() -> Callable[[str], SourceFile]:
    """Reads a text that must be readable."""

    def read_good(text: str) -> SourceFile:
        source = Reader().read_text(text, "module.py")
        assert isinstance(source, SourceFile), source
        return source

    return read_good


@pytest.fixture
def fail() -> Callable[[str], Problem]:
    """Reads a text that must not be readable."""

    def read_bad(text: str) -> Problem:
        problem = Reader().read_text(text, "module.py")
        assert isinstance(problem, Problem), problem
        return problem

    return read_bad
