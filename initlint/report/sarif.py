"""The report as SARIF 2.1.0, which code-scanning services read."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from initlint import __version__
from initlint.baseline import fingerprints
from initlint.finding import Finding, Place, Problem, Severity
from initlint.fix.replacement import Patch
from initlint.report.json import plain
from initlint.report.report import Report
from initlint.rule import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "initlint/v1"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report) -> str:
    """One SARIF log of one run."""
    index = {rule.code: number for number, rule in enumerate(report.rules)}
    marks = fingerprints(report.findings, report.excerpts, Path())
    results = [
        _result(one, index.get(one.code, -1), mark, report) for one, mark in zip(report.findings, marks, strict=True)
    ]
    driver = {"name": "initlint", "version": __version__, "rules": [_descriptor(rule) for rule in report.rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(plain(log), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _descriptor(rule: Rule) -> dict[str, Any]:
    document = rule.document()
    told = "\n\n".join(f"**{label}.** {text}" for label, text in document.items())
    examples = f"Bad:\n\n```python\n{rule.bad.strip()}\n```\n\nGood:\n\n```python\n{rule.good.strip()}\n```"
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": document.get("Why") or rule.summary()},
        "help": {
            "text": document.get("Fix") or rule.summary(),
            "markdown": "\n\n".join(filter(None, (told, examples))),
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity], "enabled": rule.default},
    }


def _result(finding: Finding, index: int, fingerprint: str, report: Report) -> dict[str, Any]:
    text = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.place, report.excerpts.get(finding.place, ()))],
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "properties": {"predicted": finding.predicted, "measured": finding.measured},
    }
    if finding.patch is not None and finding.place.cell is None:
        result["fixes"] = [_fix(finding.patch)]
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(place), "message": {"text": note}}
            for number, (place, note) in enumerate(finding.related)
        ]
    return result


def _fix(patch: Patch) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(place), "insertedContent": {"text": change.text}}
        for place, change in zip(patch.places, patch.replacements, strict=True)
    ]
    change = {"artifactLocation": {"uri": _uri(patch.path)}, "replacements": replacements}
    return {"description": {"text": patch.title}, "artifactChanges": [change]}


def _location(place: Place, excerpt: tuple[str, ...] = ()) -> dict[str, Any]:
    artifact = {"uri": _uri(place.path)}
    if place.cell is not None:  # lines of a cell are not lines of the file
        name = f"cell {place.cell}, line {place.line}"
        physical = {"artifactLocation": artifact, "region": {"startLine": 1}}
        return {"physicalLocation": physical, "logicalLocations": [{"name": name, "kind": "cell"}]}
    region = _region(place)
    if excerpt:
        region["snippet"] = {"text": "\n".join(excerpt)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _region(place: Place) -> dict[str, Any]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _uri(path: str) -> str:
    if path.startswith("/"):
        return PurePosixPath(path).as_uri()
    return quote(path, errors="surrogateescape")


def _invocation(report: Report) -> dict[str, Any]:
    notifications = [_notification(problem) for problem in report.errors]
    return {"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}


def _notification(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
    if problem.line is not None:
        location["region"] = {"startLine": max(1, problem.line)}
        if problem.column is not None:
            location["region"]["startColumn"] = max(1, problem.column)
    text = f"{problem.message} {problem.remedy}".strip()
    return {"level": "error", "message": {"text": text}, "locations": [{"physicalLocation": location}]}
