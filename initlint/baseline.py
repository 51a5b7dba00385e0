"""What is accepted today: a file of fingerprints, so that only new findings are reported.

A fingerprint is made of a finding's rule, its file and the text of its line, spaces apart, and of how many equal ones
stand before it: it survives lines that move, and not a line that changes.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from initlint.finding import Finding, Place

FORMAT = 1
"""Version of the file's layout."""
FINGERPRINT_DIGITS = 24
"""Hexadecimal digits kept: 96 bits, so that two findings of one project do not meet by chance."""


class BaselineError(ValueError):
    """A baseline file that cannot be read or written."""


def fingerprints(findings: Iterable[Finding], excerpts: Mapping[Place, tuple[str, ...]], root: Path) -> list[str]:
    """One fingerprint for each finding, in order, all different. Paths count relative to `root`."""
    seen: Counter[tuple[str, str, str]] = Counter()
    made = []
    for finding in findings:
        identity = (finding.code, _relative(finding.place.path, root), line_text(excerpts.get(finding.place, ())))
        made.append(_digest((*identity, str(seen[identity]))))
        seen[identity] += 1
    return made


def line_text(lines: tuple[str, ...]) -> str:
    """The first line of an excerpt, its spaces made one."""
    return " ".join(lines[0].split()) if lines else ""


@dataclass(frozen=True)
class Baseline:
    """The findings a project has accepted."""

    path: Path | None = None
    accepted: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path | None) -> Baseline:
        """The baseline in a file; without one nothing is accepted. Raises `BaselineError`."""
        return cls() if path is None else cls(path, _read(path))

    def fresh(self, findings: Sequence[Finding], excerpts: Mapping[Place, tuple[str, ...]]) -> list[Finding]:
        """The findings that are not accepted."""
        if self.path is None:
            return list(findings)
        marks = fingerprints(findings, excerpts, self.path.absolute().parent)
        return [finding for finding, mark in zip(findings, marks, strict=True) if mark not in self.accepted]


def _read(path: Path) -> frozenset[str]:
    try:
        document: Any = json.loads(path.read_text("utf-8"))
        layout, marks = document["format"], frozenset(entry["fingerprint"] for entry in document["findings"])
    except OSError as error:
        reason = f"{path}: the baseline cannot be read: {error.strerror}; make it with --write-baseline"
        raise BaselineError(reason) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BaselineError(f"{path}: is not a baseline of initlint; make it anew with --write-baseline") from error
    if layout != FORMAT:
        raise BaselineError(f"{path}: is a baseline of format {layout}, expected {FORMAT}; make it anew")
    return marks


def write_baseline(path: Path, findings: Iterable[Finding], excerpts: Mapping[Place, tuple[str, ...]]) -> None:
    """Accept `findings`: write them to `path`, whole or not at all. Raises `BaselineError`."""
    from initlint.report.writing import write_whole

    found = list(findings)
    root = path.absolute().parent
    entries = [
        {
            "path": _relative(finding.place.path, root),
            "code": finding.code,
            "name": finding.name,
            "text": line_text(excerpts.get(finding.place, ())),
            "fingerprint": mark,
        }
        for finding, mark in zip(found, fingerprints(found, excerpts, root), strict=True)
    ]
    document = {"tool": "initlint", "format": FORMAT, "findings": entries}
    try:
        write_whole(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BaselineError(f"{path}: the baseline cannot be written: {error.strerror}") from error


def _relative(path: str, root: Path) -> str:
    try:
        return os.path.relpath(path, root).replace(os.sep, "/")
    except ValueError:  # another drive
        return path


def _digest(parts: tuple[str, ...]) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_DIGITS]
