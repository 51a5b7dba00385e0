"""Fixes: rules say what to change, this room changes it, and nothing else, in files."""

from initlint.fix.edit import (
    Copy,
    Edit,
    Fix,
    Name,
    Plan,
    copied,
    inserted,
    replaced,
    statement_after,
    statement_before,
    statement_removed,
    statement_under,
)

__all__ = [
    "Copy",
    "Edit",
    "Fix",
    "Name",
    "Plan",
    "copied",
    "inserted",
    "replaced",
    "statement_after",
    "statement_before",
    "statement_removed",
    "statement_under",
]
