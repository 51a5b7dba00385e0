"""What fixes change, as a unified diff."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import diff_bytes, unified_diff

from initlint.fix.outcome import Change

NO_NEWLINE = b"\n\\ No newline at end of file\n"


def render(changes: Iterable[Change]) -> bytes:
    """One diff of all files in their own encodings, as ``patch -p1`` reads it; of a notebook, of its JSON."""
    return b"".join(line for change in changes for line in _lines(change))


def _lines(change: Change) -> Iterator[bytes]:
    path = os.fsencode(change.display)
    for line in diff_bytes(unified_diff, _split(change.before), _split(change.after), b"a/" + path, b"b/" + path):
        yield line if line.endswith(b"\n") else line + NO_NEWLINE


def _split(data: bytes) -> list[bytes]:
    """Lines with their ends; a form feed or a lone carriage return ends none."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + [lines[-1]] * bool(lines[-1])
