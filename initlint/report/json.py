"""The report as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

from initlint import __version__
from initlint.finding import Finding, Place, Problem
from initlint.fix.outcome import Fixes, Proof
from initlint.fix.replacement import Patch
from initlint.report.measured import describe_target
from initlint.report.networks import describe
from initlint.report.report import Report


def render(report: Report, *, show_networks: bool = False) -> str:
    """One JSON document, valid whatever the numbers: a number that is not finite is written as a string."""
    document: dict[str, Any] = {
        "version": __version__,
        "tool": "initlint",
        "findings": [describe_finding(finding) for finding in report.findings],
        "errors": [describe_problem(problem) for problem in report.errors],
        "summary": _summary(report),
    }
    if show_networks:
        document["networks"] = [describe(network) for network in report.networks]
    if report.fixes is not None:
        document["fixes"] = _fixes(report.fixes)
    if report.targets:
        document["targets"] = [describe_target(probed) for probed in report.targets]
    return json.dumps(plain(document), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def describe_finding(finding: Finding) -> dict[str, object]:
    """One finding as JSON values."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        **_location(finding.place),
        "message": finding.message,
        "help": finding.help,
        "evidence": {"predicted": finding.predicted, "measured": finding.measured},
        "related": [{**_location(place), "message": note} for place, note in finding.related],
        "fix": None if finding.patch is None else describe_patch(finding.patch, finding.place.path),
    }


def describe_patch(patch: Patch, path: str) -> dict[str, object]:
    """A fix as JSON values; it names its file only if that is not `path`."""
    edits = [
        {**_span(place), "text": change.text} for place, change in zip(patch.places, patch.replacements, strict=True)
    ]
    found: dict[str, object] = {"title": patch.title, "safe": patch.safe, "edits": edits}
    return found if patch.path == path else {**found, "path": patch.path}


def describe_problem(problem: Problem) -> dict[str, object]:
    """One problem as JSON values; line and column are ``None`` where it has none."""
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "help": problem.remedy,
    }


def plain(value: object) -> Any:
    """`value` made of what JSON has: what is not finite or not known to JSON becomes a string."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)


def _location(place: Place) -> dict[str, object]:
    return {"path": place.path, **_span(place)}


def _span(place: Place) -> dict[str, object]:
    found: dict[str, object] = {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
    return found if place.cell is None else {**found, "cell": place.cell}


def _fixes(fixes: Fixes) -> dict[str, object]:
    left_out = [{"finding": describe_finding(each.finding), "reason": each.reason} for each in fixes.left_out]
    return {
        "written": fixes.is_written,
        "found": fixes.found,
        "fixed": [describe_finding(finding) for finding in fixes.fixed],
        "left_out": left_out,
        "files": [change.display for change in fixes.changes],
        "proofs": [_proof(proof) for proof in fixes.proofs],
    }


def _proof(proof: Proof) -> dict[str, object]:
    sides = {"before": proof.before, "after": proof.after}
    measured = {key: None if side is None else vars(side) for key, side in sides.items()}
    return {"finding": describe_finding(proof.finding), "model": proof.model, **measured, "effect": proof.effect}


def _summary(report: Report) -> dict[str, object]:
    return {
        "files": len(report.files),
        "networks": len(report.networks),
        "untraced": report.untraced,
        **({"targets": len(report.targets), "by_verdict": report.by_verdict()} if report.targets else {}),
        "findings": len(report.findings),
        "by_severity": {severity.value: count for severity, count in report.counts().items()},
        "by_code": report.by_code(),
        "suppressed": report.suppressed,
        "baselined": report.baselined,
        "fixable": sum(finding.patch is not None for finding in report.findings),
        "errors": len(report.errors),
    }
