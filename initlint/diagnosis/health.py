"""Whether a measured network can learn: one verdict, one number, and the first place where it goes wrong.

Judged over the depth and relative to what is there; absolute sizes of gradients say nothing. What is zero on purpose is
no fault.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from initlint.diagnosis.depth import depth_readings
from initlint.diagnosis.learning import learning_readings
from initlint.diagnosis.symptoms import LIMITS, Diagnosis, Reading, Symptom
from initlint.diagnosis.trajectory import trajectories
from initlint.diagnosis.units import non_finite_readings, unit_readings
from initlint.finding import Severity
from initlint.network.network import Network

__all__ = ["LIMITS", "Diagnosis", "Health", "Symptom", "diagnose"]

VERDICTS = {Severity.ERROR: "broken", Severity.WARNING: "at risk", Severity.INFO: "healthy"}
BROKEN_SCORE = 0.1
"""The score of what is broken is at most this."""

RISKY_SCORE = 0.5
"""Below it several symptoms, none of them enough by itself, come to as much as one that is."""


@dataclass(frozen=True, eq=False)
class Health:
    """The state of a network before its first step."""

    verdict: str
    """``"healthy"``, ``"at risk"`` (plain SGD may not train it) or ``"broken"`` (plain SGD does not, whatever the
    learning rate)."""
    score: float
    """From 0 (cannot train) to 1."""
    first: Diagnosis | None
    """The worst diagnosis; of several as bad the one that comes first in signal order."""
    diagnoses: tuple[Diagnosis, ...]
    """The worst first; at most one of a symptom and severity."""


def diagnose(network: Network) -> Health:
    """The health of a measured network. One that was only read has nothing measured and comes out healthy; see
    `initlint.diagnosis.forecast`."""
    return judge(list(readings_of(network)))


def judge(readings: Sequence[Reading]) -> Health:
    """What all that was read off a network comes to."""
    found = sorted(_strongest(readings), key=_order)
    worst = max((each.severity for each in found), key=lambda each: each.rank, default=Severity.INFO)
    score = _score(readings, worst)
    if worst is Severity.INFO and score < RISKY_SCORE:
        worst = Severity.WARNING
        found.sort(key=lambda each: each.health)
    first = found[0] if found and worst is not Severity.INFO else None
    return Health(VERDICTS[worst], score, first, tuple(found))


def readings_of(network: Network) -> Iterator[Reading]:
    """All that can be read off it; beside values that are not finite nothing else can be."""
    paths = trajectories(network)
    broken = list(non_finite_readings(network))
    if broken:
        yield from broken
        return
    yield from unit_readings(network, paths)
    yield from depth_readings(network, paths)
    yield from learning_readings(network)


def _strongest(readings: Sequence[Reading]) -> list[Diagnosis]:
    """Of each symptom the worst diagnosis: trunks of several outputs share most of their layers."""
    found: dict[Symptom, Diagnosis] = {}
    for reading in readings:
        made = reading.judged()
        if made is not None and (made.symptom not in found or _order(made) < _order(found[made.symptom])):
            found[made.symptom] = made
    return list(found.values())


def _order(diagnosis: Diagnosis) -> tuple[float, ...]:
    place = diagnosis.layer.id if diagnosis.layer is not None else math.inf
    return -diagnosis.severity.rank, place, diagnosis.health


def _score(readings: Sequence[Reading], worst: Severity) -> float:
    """The product of each symptom's worst health: two halves of a trouble are a whole one."""
    healths: dict[Symptom, float] = {}
    for reading in readings:
        healths[reading.symptom] = min(healths.get(reading.symptom, 1.0), reading.health)
    score = math.prod(healths.values())
    return min(score, BROKEN_SCORE * (1 + score) / 2) if worst is Severity.ERROR else score
