"""The report for a reader at a terminal: grouped by file, each finding with its source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from initlint.finding import Finding, Place, Problem
from initlint.report import fixes
from initlint.report.excerpt import draw_excerpt, printable
from initlint.report.palette import Palette
from initlint.report.report import Report

WIDEST = 120
"""Columns that prose is wrapped to at most; longer lines are hard to read."""
NARROWEST = 40
INDENT = "  "


def render(
    report: Report, palette: Palette, *, width: int = 100, show_statistics: bool = False, show_summary: bool = True
) -> str:
    """The whole report; ends in one summary line."""
    width = max(NARROWEST, min(width, WIDEST))
    lines: list[str] = []
    for path, findings in groupby(report.findings, key=lambda finding: finding.place.path):
        lines += [palette.paint(printable(path), "bold"), ""]
        for finding in findings:
            lines += [*_finding(finding, report, palette, width), ""]
    for problem in report.errors:
        lines += [*_problem(problem, palette, width), ""]
    if show_statistics:
        lines += [*statistics(report, palette), ""]
    if report.fixes is not None:
        lines += fixes.told(report.fixes)
    if show_summary:
        lines.append(summary(report, palette))
    return "".join(f"{line}\n" for line in lines)


def statistics(report: Report, palette: Palette) -> Iterator[str]:
    """How many findings each rule has, the most first."""
    names = {finding.code: finding for finding in report.findings}
    for code, count in sorted(report.by_code().items(), key=lambda item: -item[1]):
        worst = max((one.severity for one in report.findings if one.code == code), key=lambda severity: severity.rank)
        yield f"{count:>6}  {palette.severity(worst, code)} {names[code].name}"


def summary(report: Report, palette: Palette) -> str:
    """The closing line."""
    counts = [(severity, count) for severity, count in report.counts().items() if count]
    told = ", ".join(palette.severity(severity, plural(count, severity.value)) for severity, count in counts)
    failed = palette.paint(plural(len(report.errors), "problem"), "red", "bold") if report.errors else ""
    said = ", ".join(filter(None, (told, failed))) or palette.paint("Nothing to report", "green")
    aside = [f"{report.suppressed} suppressed"] * bool(report.suppressed)
    aside += [f"{report.baselined} in the baseline"] * bool(report.baselined)
    note = f" ({', '.join(aside)})" if aside else ""
    offer = fixes.offered(report.findings)
    return f"{said} in {_extent(report)}{note}.{f' {offer}.' if offer else ''}"


def _extent(report: Report) -> str:
    """What was looked at."""
    if report.targets:
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in report.by_verdict().items())
        return f"{plural(len(report.targets), 'target')}: {verdicts}"
    cut = f", {report.untraced} more cut off as too long to trace" if report.untraced else ""
    return f"{plural(len(report.files), 'file')}, {plural(len(report.networks), 'network')} traced{cut}"


def plural(count: int, noun: str) -> str:
    """``"1 file"``, ``"2 files"``; "info" has no plural."""
    return f"{count} {noun}" if count == 1 or noun == "info" else f"{count} {noun}s"


def where(place: Place) -> str:
    """Line and column of a place, in a notebook with the cell."""
    return f"{place.line}:{place.column}" if place.cell is None else f"cell {place.cell}, {place.line}:{place.column}"


def _finding(finding: Finding, report: Report, palette: Palette, width: int) -> Iterator[str]:
    head = f"{where(finding.place)} {palette.severity(finding.severity)} {palette.paint(finding.code, 'bold')}"
    yield f"{INDENT}{head} {finding.name}"
    yield from _wrapped(finding.message, width)
    excerpt = report.excerpts.get(finding.place, ())
    yield from (f"{INDENT * 2}{line}" for line in draw_excerpt(finding, excerpt, palette, width - 2 * len(INDENT)))
    for place, note in finding.related:
        yield from _wrapped(
            f"{place.path}:{where(place)}: {note}", width, palette.paint("note: ", "cyan"), len("note: ")
        )
    if finding.help:
        yield from _wrapped(finding.help, width, palette.paint("help: ", "green"), len("help: "))
    if offered := fixes.offer(finding):
        yield from _wrapped(offered, width, palette.paint("fix: ", "green"), len("fix: "))


def _problem(problem: Problem, palette: Palette, width: int) -> Iterator[str]:
    position = "" if problem.line is None else f":{problem.line}" + f":{problem.column}" * (problem.column is not None)
    yield f"{palette.paint(printable(problem.path) + position, 'bold')} {palette.paint('problem', 'red', 'bold')}"
    yield from _wrapped(problem.message, width)
    if problem.remedy:
        yield from _wrapped(problem.remedy, width, palette.paint("help: ", "green"), len("help: "))


def _wrapped(text: str, width: int, label: str = "", label_width: int = 0) -> Iterator[str]:
    """`text` in lines of `width`; the first begins with `label`, the others stand under its text."""
    edge = INDENT * 2
    room = max(NARROWEST // 2, width - len(edge) - label_width)
    for number, line in enumerate(
        wrap(printable(" ".join(text.split())), room, break_long_words=False, break_on_hyphens=False)
    ):
        yield f"{edge}{label if number == 0 else ' ' * label_width}{line}"
