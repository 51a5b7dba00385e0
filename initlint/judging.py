"""The second half of a run: every rule asked, a failing one survived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from initlint.collector import paused_collector
from initlint.finding import Finding, Problem
from initlint.frameworks.composites import SPOKEN
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.fix.edit import Fix, Plan
    from initlint.gathering import Progress
    from initlint.network import Network
    from initlint.program import Program


class Judge:
    """Asks rules about a program, and keeps what they say and where they fail."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.findings: list[Finding] = []
        self.networks: list[Network] = []
        self.problems: list[Problem] = []
        self._rules = rules

    def judge(self, program: Program, tell: Progress) -> None:
        """Trace the program's networks and ask every rule about each, then about the whole."""
        tell("tracing", 0, None)
        with paused_collector():
            try:
                self.networks.extend(program.networks())
            except Exception as error:
                self.problems.append(failure("tracing the models", ".", error))
            self._ask_all(program, tell)

    def _ask_all(self, program: Program, tell: Progress) -> None:
        for number, network in enumerate(self.networks, 1):
            for rule in self._rules:
                self._ask(rule, network.place.path, partial(_in_words_of, network, rule, rule.check_network))
            tell("judging", number, len(self.networks))
        for rule in self._rules:
            self._ask(rule, ".", lambda: rule.check_program(program))  # noqa: B023

    def judge_measured(self, networks: Iterable[Network]) -> None:
        """Ask every rule that has a measured witness about each network that was probed."""
        for network in networks:
            for rule in self._rules:
                if rule.is_measured():
                    self._ask(rule, network.place.path, partial(_in_words_of, network, rule, rule.check_measured))

    def _ask(self, rule: Rule, path: str, question: Callable[[], Iterable[Finding]]) -> None:
        try:
            self.findings.extend(question())
        except Exception as error:
            self.problems.append(failure(f"rule {rule.code} {rule.name}", path, error))


def _in_words_of(network: Network, rule: Rule, check: Callable[[Network], Iterable[Finding]]) -> Iterable[Finding]:
    """Findings as the users of the network's framework would say it; without fixes that are not written for it."""
    findings = check(network)
    if network.framework not in SPOKEN:
        return findings
    speak = SPOKEN[network.framework]
    kept = (each if rule.mends_dialects else replace(each, fix=None) for each in findings)
    return (replace(each, message=speak(each.message), help=speak(each.help), fix=_said(each, speak)) for each in kept)


def _said(finding: Finding, speak: Callable[[str], str]) -> Plan | None:
    """The fix of a finding with its title in other words."""
    fix = finding.fix

    def plan(program: Program) -> Fix | None:
        made = fix(program) if callable(fix) else fix
        return None if made is None else replace(made, title=speak(made.title))

    return None if fix is None else plan


def failure(what: str, path: str, error: Exception) -> Problem:
    """What is said of an error in initlint or in a rule pack."""
    spoken = " ".join(str(error).split())
    return Problem(
        path,
        f"{what} failed: {type(error).__name__}{': ' + spoken if spoken else ''}",
        "This is a fault in initlint or in the rule pack, not in your code; the rest was checked. Please report it.",
    )


def worst_of_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each code and place: the worst, of equals the first."""
    best: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.place)
        if key not in best or finding.severity.rank > best[key].severity.rank:
            best[key] = finding
    return iter(best.values())


def by_place(finding: Finding) -> tuple[object, ...]:
    """What findings are sorted by: file, cell, line and column, then code."""
    place = finding.place
    return place.path, place.cell or 0, place.line, place.column, finding.code, place.end_line, place.end_column
