"""What importing the theory brings along."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys

import pytest

import initlint.signal

MODULES = ("size", "activations")

LOADED = """
import sys
before = set(sys.modules)
import initlint.signal.stack, initlint.signal.meanfield, initlint.signal.defaults
print(*(set(sys.modules) - before))
"""


def test_the_theory_imports_the_standard_library_and_itself_alone() -> None:
    output = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    foreign = {
        name
        for name in output.split()
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("initlint.signal")
    }
    assert foreign <= {"initlint"}


def test_every_exported_name_exists() -> None:
    assert all(hasattr(initlint.signal, name) for name in initlint.signal.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_hold(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"initlint.signal.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
