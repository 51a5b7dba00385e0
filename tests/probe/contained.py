"""What tests of a probe in a process of its own ask of where they run, and of what comes out."""

from __future__ import annotations

import os
import sys

import pytest

from initlint.finding import Problem
from initlint.probe.containment import Outcome

IS_LINUX = sys.platform.startswith("linux")
linux_only = pytest.mark.skipif(not IS_LINUX, reason="reads /proc")
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def problem(outcome: Outcome) -> Problem:
    """The problem that an outcome is."""
    assert isinstance(outcome.result, Problem), outcome
    return outcome.result
