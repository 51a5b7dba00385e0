"""A report with one of everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from initlint.finding import Finding, Place, Problem, Severity
from initlint.report.report import Report
from initlint.rule import Rule
from initlint.suppression import UNUSED_SUPPRESSION


class Shown(Rule):
    """A rule for reports.

    Why: somebody must be told.
    Fix: write it otherwise.
    """

    code = "TST101"
    name = "shown-rule"
    bad = "sick()  # bad"
    good = "healthy()"


def finding(**changes: object) -> Finding:
    whole = Finding(
        "TST101",
        "shown-rule",
        Severity.WARNING,
        Place("pkg/model.py", 3, 5, 3, 11),
        "fc.weight: std 0.000, expected 0.088.",
        "Remove it.",
        {"std": 0.0, "gain": float("inf"), "loss": float("nan"), "shape": (2, None)},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    return finding


@pytest.fixture
def report() -> Report:
    """A finding in a file, one over two lines with a note, one in a notebook, an idle comment; two problems."""
    plain = finding()
    long = finding(
        severity=Severity.ERROR,
        place=Place("pkg/model.py", 7, 1, 8, 2),
        help="",
        related=((Place("pkg/other file.py", 2, 1, 2, 4), "defined here"),),
    )
    notebook = finding(place=Place("notes.ipynb", 2, 1, 2, 5, cell=3), severity=Severity.INFO)
    idle = finding(code="INL001", name="unused-suppression", place=Place("z.py", 1, 1, 1, 5))
    return Report(
        findings=(notebook, plain, long, idle),
        errors=(Problem("bad.py", "syntax error", "Mend it.", 4, 2), Problem("gone.py", "no such file")),
        files=("notes.ipynb", "pkg/model.py", "z.py", "bad.py"),
        rules=(UNUSED_SUPPRESSION, Shown()),
        excerpts={plain.place: ("    sick()",), long.place: ("sick(", ")"), notebook.place: ("sick()",)},
        suppressed=2,
        baselined=1,
    )
