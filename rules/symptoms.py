"""What the rules on symptoms share: each puts one kind of diagnosis of a probed network into words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Finding, Place, Severity
from initlint.network import Network
from initlint.rule import Rule

from .explaining import health_of, is_explained

SHOWN = 3
"""Layers named in a message."""


class SymptomRule(Rule):
    """A rule that only a probe can see. It is silent where a rule on causes reports the same layers."""

    symptom: ClassVar[Symptom]
    remedy: ClassVar[str]
    least: ClassVar[Severity] = Severity.WARNING
    """Diagnoses that are less bad are not reported."""
    implied_by: ClassVar[tuple[Symptom, ...]] = ()
    """Symptoms that say the same and more."""
    has_causes: ClassVar[bool] = True
    """Whether a rule on causes makes it silent."""

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """One finding for each diagnosis that nothing else explains."""
        for diagnosis in health_of(network).diagnoses:
            if diagnosis.symptom is self.symptom and not self.is_silent(network, diagnosis):
                yield self.finding(
                    _place(network, diagnosis),
                    self.message(network, diagnosis),
                    help=self.remedy,
                    severity=diagnosis.severity,
                    measured=_numbers(network, diagnosis),
                    related=_related(network, diagnosis),
                )

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        raise NotImplementedError

    def is_silent(self, network: Network, diagnosis: Diagnosis) -> bool:
        """Whether it is not bad enough, or something else says the same and more."""
        if not diagnosis.severity.reaches(self.least):
            return True
        if self.has_causes and is_explained(network, diagnosis):
            return True
        others = (other for other in health_of(network).diagnoses if other.severity.reaches(Severity.WARNING))
        return any(other.symptom in self.implied_by for other in others)


def listed(names: tuple[str, ...]) -> str:
    """Which ones, and how many: ``fc1 to fc9 (9)``."""
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{names[0]} to {names[-1]} ({len(names)})"


def extent(diagnosis: Diagnosis) -> str:
    """Along which layers."""
    return listed(diagnosis.names) or "the depth"


def each_layer(diagnosis: Diagnosis, key: str) -> str:
    """By how much a layer, where there are several."""
    factor = number(diagnosis, key)
    return f", x {factor:.2g} a layer" if factor is not None and len(diagnosis.names) > 1 else ""


def number(diagnosis: Diagnosis, key: str) -> float | None:
    """One of its numbers."""
    found = diagnosis.evidence.get(key)
    return float(found) if isinstance(found, (int, float)) else None


def subject(network: Network, diagnosis: Diagnosis) -> str:
    """The layer or parameter that it is about, else the network."""
    layer = diagnosis.layer
    if layer is not None and (layer.name or layer.kind):
        return layer.name or layer.kind
    return diagnosis.parameter.name if diagnosis.parameter is not None else network.name


def _place(network: Network, diagnosis: Diagnosis) -> Place:
    if diagnosis.layer is not None:
        return diagnosis.layer.place
    return diagnosis.parameter.place if diagnosis.parameter is not None else network.place


def _related(network: Network, diagnosis: Diagnosis) -> list[tuple[Place, str]]:
    row = diagnosis.layer.measured if diagnosis.layer is not None else None
    called = row.called if row is not None else None
    return [(called, "called here")] if called is not None and called != _place(network, diagnosis) else []


def _numbers(network: Network, diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "network": network.name,
        "value": diagnosis.value,
        "limit": diagnosis.limit,
        "names": list(diagnosis.names),
        **diagnosis.evidence,
    }
