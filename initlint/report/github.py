"""The report as workflow commands that GitHub Actions shows beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Problem, Severity
from initlint.report.report import Report

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> str:
    """One line a finding and a problem; nothing at all if there is none."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield _command(COMMANDS[finding.severity], _properties(finding), _message(finding))
    for problem in report.errors:
        yield _command("error", _problem_properties(problem), f"{problem.message} {problem.remedy}".strip())


def _properties(finding: Finding) -> dict[str, object]:
    place = finding.place
    title = f"{finding.code} {finding.name}"
    if place.cell is not None:  # lines of a cell are not lines of the file
        return {"file": place.path, "line": 1, "title": title}
    found: dict[str, object] = {"file": place.path, "line": place.line, "endLine": place.end_line, "col": place.column}
    if place.end_line == place.line:  # GitHub takes an end column on one line only
        found["endColumn"] = place.end_column
    return {**found, "title": title}


def _message(finding: Finding) -> str:
    place = finding.place
    cell = "" if place.cell is None else f"cell {place.cell}, line {place.line}: "
    return f"{cell}{finding.message}" + (f"\n{finding.help}" if finding.help else "")


def _problem_properties(problem: Problem) -> dict[str, object]:
    position = {"line": problem.line, "col": problem.column}
    return {"file": problem.path, **{key: value for key, value in position.items() if value}, "title": "initlint"}


def _command(command: str, properties: dict[str, object], message: str) -> str:
    written = ",".join(f"{key}={_escaped_property(str(value))}" for key, value in properties.items())
    return f"::{command} {written}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
