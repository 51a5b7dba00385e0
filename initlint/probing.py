"""One run of ``probe``: from targets, or from a model at hand, to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from initlint.baseline import Baseline
from initlint.configuration import Configuration, load_configuration
from initlint.finding import Finding, Problem, Severity
from initlint.gathering import Gathered, Progress
from initlint.judging import Judge, by_place, worst_of_each
from initlint.report.report import ProbedTarget, Report
from initlint.rule import load_rules
from initlint.selection import UNCHANGED, Selection, select_rules
from initlint.suppression import PerFileIgnores, Suppressions

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.probe.recording import Recording
    from initlint.probe.request import Request


def _untold(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


def run(
    requests: Sequence[Request],
    configuration: Configuration,
    selection: Selection = UNCHANGED,
    *,
    tell: Progress = _untold,
) -> Report:
    """Probe each target in a process of its own, and report what the rules find in what was measured.

    A target that cannot be probed is in the report's `errors`; the others are still probed. Raises what `check` raises.
    """
    from initlint.probe.containment import run_contained

    bench = Bench(configuration, selection)
    targets = []
    for number, request in enumerate(requests):

        def hear(stage: str, target: str = request.target, number: int = number) -> None:
            tell(f"{target}: {stage}", number, len(requests))

        outcome = run_contained(request, hear)
        targets.append(_outcome(request.target, outcome))
    tell("judging", len(requests), len(requests))
    return bench.report(targets)


def probed_target(recording: Recording) -> ProbedTarget:
    """What was measured, as a network with its diagnosis."""
    from initlint.network.health import diagnose
    from initlint.network.trajectory import trunk
    from initlint.probe.linking import link

    network = link(recording)
    return ProbedTarget(recording.target, network, diagnose(network), trunk(network))


class Bench:
    """The rules that judge a run, and what silences them. Made before anything runs, so that mistakes are told at once."""

    def __init__(self, configuration: Configuration, selection: Selection) -> None:
        """Raises `SelectionError`, `BaselineError` or `RulePackError`."""
        known = load_rules()
        chosen = select_rules(known, (configuration.selection, selection))
        self._began = perf_counter()
        self._rules = tuple(rule for rule in chosen if rule.is_measured())
        self._ignores = PerFileIgnores(configuration.per_file_ignores, configuration.root, known)
        self._baseline = Baseline.read(configuration.baseline)
        self._mildest = configuration.severity

    def report(self, targets: Sequence[ProbedTarget]) -> Report:
        """Judge what was measured."""
        judge = Judge(self._rules)
        judge.judge_measured(probed.network for probed in targets if probed.network is not None)
        found = list(worst_of_each(judge.findings))
        gathered = Gathered.from_files(finding.place.path for finding in found)
        suppressions = Suppressions(gathered.sources, self._ignores)
        loud = [*suppressions.loud(found), *self._sourceless(found, gathered)]
        shown = sorted((one for one in loud if one.severity.reaches(self._mildest)), key=by_place)
        excerpts = gathered.excerpts(finding.place for finding in shown)
        fresh = self._baseline.fresh(shown, excerpts)
        problems = [probed.problem for probed in targets if probed.problem is not None]
        return Report(
            findings=tuple(fresh),
            errors=tuple(dict.fromkeys((*problems, *judge.problems))),
            targets=tuple(targets),
            files=gathered.files,
            rules=self._rules,
            excerpts=excerpts,
            suppressed=suppressions.silenced,
            baselined=len(shown) - len(fresh),
            seconds=perf_counter() - self._began,
        )

    def _sourceless(self, findings: Iterable[Finding], gathered: Gathered) -> list[Finding]:
        """The findings in what is no file: no comment silences them."""
        apart = (finding for finding in findings if finding.place.path not in gathered.sources)
        return [finding for finding in apart if not self._ignores.covers(finding)]
