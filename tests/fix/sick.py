"""The sick fixtures, and how they are mended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from initlint import Report, check

FIXTURES = Path(__file__).parents[2] / "fixtures"


def sick_cases(codes: Iterable[str]) -> list[Path]:
    """Files and folders that rules report something in."""
    return [case for code in codes for case in sorted((FIXTURES / code).glob("bad_*"))]


def fix(path: Path, code: str) -> Report:
    """Make every fix of a rule, also those that change what is drawn or computed."""
    return check(path, isolated=True, extend_select=[code], fix=True, unsafe_fixes=True)
