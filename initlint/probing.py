"""One run of ``probe``: from targets, or from a model at hand, to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    from torch import Tensor, nn

    from initlint.network import Network
    from initlint.probe.containment import Outcome
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

        targets.append(_probed(request.target, run_contained(request, hear)))
    tell("judging", len(requests), len(requests))
    return bench.report(targets)


def _probed(target: str, outcome: Outcome) -> ProbedTarget:
    notes, output = outcome.notes, outcome.output
    if isinstance(outcome.result, Problem):
        return ProbedTarget(target, problem=outcome.result, notes=notes, output=output)
    return replace(diagnosed(outcome.result), notes=notes, output=output)


def diagnosed(recording: Recording) -> ProbedTarget:
    """What was measured, as a network with its diagnosis."""
    from initlint.diagnosis.health import diagnose
    from initlint.probe.linking import link

    network = link(recording)
    return ProbedTarget(recording.target, network, diagnose(network))


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


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """What `probe` found. Printed it is the table of the command line; a notebook shows it as a table of its own."""

    report: Report

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules report, by file and line."""
        return self.report.findings

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Why a target given as text could not be probed."""
        return self.report.errors

    @property
    def target(self) -> ProbedTarget:
        """The model with its measurements."""
        return self.report.targets[0]

    @property
    def network(self) -> Network | None:
        """The measured network; its `measured` is the recording."""
        return self.target.network

    @property
    def score(self) -> float | None:
        """From 0 (cannot train) to 1; ``None`` if it could not be probed."""
        return self.target.score

    @property
    def verdict(self) -> str | None:
        """``"healthy"``, ``"at risk"`` or ``"broken"``."""
        return self.target.verdict

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The layers in signal order, with the fields that ``--format json`` gives them."""
        from initlint.report.measured import describe_layers

        return [] if self.network is None else describe_layers(self.network)

    def __str__(self) -> str:
        from initlint.report import probe, text

        drawing = probe.Drawing()
        return probe.render(self.report.targets, drawing) + text.render(self.report, drawing.palette)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from initlint.report import notebook

        return notebook.render(self.report)


def probe(
    model: nn.Module | Callable[..., object] | str,
    inputs: Tensor | tuple[object, ...] | Mapping[str, object] | Sequence[str] | str | None = None,
    *,
    labels: Tensor | None = None,
    loss: str | Callable[..., Tensor] | None = None,
    arguments: Mapping[str, object] | None = None,
    device: str = "auto",
    dtype: str = "float32",
    autocast: str | None = None,
    batch: int | None = None,
    seeds: int = 1,
    is_eval: bool | None = None,
    steps: int = 0,
    optimizer: str = "sgd",
    learning_rate: float = 0.1,
    passes: Sequence[str] | None = None,
    select: Sequence[str] | None = None,
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    severity: Severity | str | None = None,
    config: str | Path | None = None,
    isolated: bool = False,
) -> ProbeResult:
    """Run a model once, forward and backward, and judge whether it can learn.

    `model` is a built model, a class, or a function that returns a model (both are called with `arguments`). Of a built
    model nothing is changed: modes, buffers, gradients, hooks and random state are afterwards as before. A text names a
    target as on the command line and is probed in a process of its own.

    `inputs` is the one tensor or the tuple that the model is called with, a dictionary of named arguments, or texts as for
    ``--input``; ``None``: worked out from the model. `loss` takes the output and `labels`, or the output alone.
    `passes` are the extra passes to run, by default all: "jacobian", "unwritten", "time". With several `seeds` what can be
    built again is, and medians are judged. The other parameters are the options of the command.

    Raises `ProbeError` where a model at hand cannot be probed, whatever the model itself raises, and what `check` raises.
    """
    from initlint.probe.request import ALL_PASSES, Request

    configuration = load_configuration((), file=None if config is None else Path(config), isolated=isolated)
    configuration = configuration.override(severity=None if severity is None else Severity(severity))
    selection = Selection(None if select is None else tuple(select), tuple(extend_select), tuple(ignore))
    request = Request(
        target=model if isinstance(model, str) else _name_of(model),
        arguments=dict(arguments or {}),
        device=device,
        dtype=dtype,
        autocast=autocast,
        batch=batch,
        seeds=seeds,
        steps=steps,
        optimizer=optimizer,
        learning_rate=learning_rate,
        passes=ALL_PASSES if passes is None else tuple(passes),
        loss=loss if isinstance(loss, str) else None,
        is_eval=bool(is_eval),
        inputs=_texts(inputs) if isinstance(model, str) else (),
    )
    if isinstance(model, str):
        return ProbeResult(run([request], configuration, selection))
    from initlint.probe.calling import record_here

    bench = Bench(configuration, selection)
    recording = record_here(
        model, inputs, request, labels=labels, loss=None if isinstance(loss, str) else loss, is_eval=is_eval
    )
    return ProbeResult(bench.report([diagnosed(recording)]))


def _name_of(model: object) -> str:
    return str(getattr(model, "__qualname__", type(model).__qualname__))


def _texts(inputs: object) -> tuple[str, ...]:
    """Inputs of a target in another process; raises `ValueError` for tensors, which do not get there."""
    given = () if inputs is None else (inputs,) if isinstance(inputs, str) else inputs
    if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
        raise ValueError("inputs of a target given as text must be texts like '8,3,224,224', or None")
    return tuple(given)
