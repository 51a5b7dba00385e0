"""What initlint says: a finding at a place, and a problem that kept a file from being read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.fix.edit import Fix, Plan
    from initlint.fix.replacement import Patch


class Severity(str, Enum):
    """How bad. Ordered: `Severity.INFO < Severity.WARNING < Severity.ERROR`."""

    INFO = "info"
    """Better is known."""
    WARNING = "warning"
    """Learning is at risk; the message says by how much."""
    ERROR = "error"
    """It will not learn, or raises."""

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)

    def reaches(self, other: Severity) -> bool:
        """Whether this is at least as bad as `other`."""
        return self.rank >= other.rank


@dataclass(frozen=True, order=True)
class Place:
    """A stretch of source. Lines and columns count from 1; the end column is exclusive.

    In a notebook, `cell` is the number of the cell and the lines count within it.
    """

    path: str
    """Relative to the current directory where possible, with ``/``."""
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None


@dataclass(frozen=True)
class Finding:
    """One pathology at one place, under a rule's code."""

    code: str
    name: str
    severity: Severity
    place: Place
    """The line to change."""
    message: str
    """Object, value, expected range, consequence."""
    help: str = ""
    """The remedy: where there is one, the exact call to write."""
    predicted: Mapping[str, object] | None = None
    """The numbers behind the message, as plain JSON values."""
    measured: Mapping[str, object] | None = None
    related: tuple[tuple[Place, str], ...] = field(default=())
    """Other places that belong to it, each with a note."""
    fix: Fix | Plan | None = field(default=None, compare=False)
    """What would mend it, as its rule says; a plan is made into a fix when the finding is reported."""
    patch: Patch | None = field(default=None, compare=False)
    """The fix worked out to the letter; ``None`` until it is reported, and where it cannot be made there."""


@dataclass(frozen=True)
class Problem:
    """Why a file could not be read or checked. Each makes the exit code 2; the other files are still checked."""

    path: str
    message: str
    remedy: str = ""
    line: int | None = None
    column: int | None = None
