"""What came of fixing: what was fixed, what was left out and why, and the files before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initlint.finding import Finding


@dataclass(frozen=True)
class Change:
    """A file that fixes change."""

    path: Path
    display: str
    before: bytes
    after: bytes


@dataclass(frozen=True)
class LeftOut:
    """A finding whose fix was not made."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Fixes:
    """What came of fixing the findings of a run."""

    fixed: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    changes: tuple[Change, ...] = ()
    is_written: bool = True
    """False: the changes were worked out only."""
    found: int = 0
    """How many findings there were before."""
