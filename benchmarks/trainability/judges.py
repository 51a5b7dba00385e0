"""Who says whether a model can learn: the source read, or the model run once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

import initlint
from initlint import Finding, Severity
from initlint.diagnosis.forecast import forecast
from trainability.features import features
from trainability.model import Model
from trainability.training import BATCH, digits

SEEDS = 3
"""Constructions that the probe takes the median over."""
VERDICTS = {Severity.INFO: ("healthy", 1.0), Severity.WARNING: ("at risk", 0.5), Severity.ERROR: ("broken", 0.0)}
"""What the worst finding of `check` comes to: verdict and score."""


ORDER = ("healthy", "at risk", "broken")
"""Of verdicts."""
FORECAST = frozenset({"INL201", "INL202", "INL203", "INL204", "INL209", "INL301", "INL302", "INL305"})
"""Rules on the scale of signal and gradient over the depth."""


@dataclass(frozen=True)
class Judgement:
    """What was said of a model before any training."""

    score: float
    """0 (cannot train) to 1."""
    verdict: str
    """``"healthy"``, ``"at risk"`` or ``"broken"``."""
    codes: str
    """Of the findings."""
    features: dict[str, float] = field(default_factory=dict)
    """What was measured."""


Judge: TypeAlias = Callable[[Model], Judgement]


def by_check(model: Model) -> Judgement:
    """`initlint.check_text` on the source, every rule asked, and the forecast of the networks in it; the worse counts.

    Of a finding that a forecast weighs, on the scale of a stack, the forecast tells how bad it is.
    """
    report = initlint.check_text(model.source, f"{model.name}.py", select=["ALL"])
    found = [finding for finding in report.findings if finding.code not in FORECAST]
    worst = max((finding.severity for finding in found), key=lambda severity: severity.rank, default=Severity.INFO)
    verdict, score = VERDICTS[worst]
    healths = [health for network in report.networks if (health := forecast(network)) is not None]
    said = max([verdict, *(health.verdict for health in healths)], key=ORDER.index)
    return Judgement(score * min((health.score for health in healths), default=1.0), said, _codes(report.findings))


def by_probe_of_digits() -> Judge:
    """`initlint.probe` on the first training digits with their classes, as one gives it a real batch."""
    data = digits()

    def judge(model: Model) -> Judgement:
        return _probed(model, data.inputs[:BATCH].view(-1, *model.shape), labels=data.classes[:BATCH])

    return judge


def by_probe_at_random(model: Model) -> Judgement:
    """`initlint.probe` on noise of mean 0 and variance 1, which it draws if it is given no batch."""
    return _probed(model, torch.randn(BATCH, *model.shape, generator=torch.Generator().manual_seed(0)))


def _probed(model: Model, inputs: torch.Tensor, labels: torch.Tensor | None = None) -> Judgement:
    result = initlint.probe(maker(model), inputs, labels=labels, seeds=SEEDS, isolated=True)
    assert result.score is not None and result.verdict is not None and result.network is not None
    assert result.network.measured is not None
    return Judgement(result.score, result.verdict, _codes(result.findings), features(result.network.measured))


def maker(model: Model) -> Callable[[], torch.nn.Module]:
    """The class or factory that the source defines."""
    names: dict[str, Any] = {}
    exec(compile(model.source, f"{model.name}.py", "exec"), names)
    made: Callable[[], torch.nn.Module] = names[model.target]
    return made


def _codes(findings: tuple[Finding, ...]) -> str:
    return " ".join(sorted({finding.code for finding in findings}))


JUDGES: dict[str, Callable[[], Judge]] = {
    "check": lambda: by_check,
    "probe-digits": by_probe_of_digits,
    "probe-random": lambda: by_probe_at_random,
}
"""What makes each, by the name in the tables."""
