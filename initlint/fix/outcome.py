"""What came of fixing: what was fixed, what was left out and why, and the files before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initlint.finding import Finding


@dataclass(frozen=True)
class Change:
    """A file that fixes change."""

    path: Path
    display: str
    before: bytes
    after: bytes


@dataclass(frozen=True)
class LeftOut:
    """A finding whose fix was not made."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Gauge:
    """A number that a rule judges a probed model by."""

    key: str
    """Its name among plain JSON values."""
    words: str
    """What it is, for a person: ``"std of the logits"``."""
    value: float


@dataclass(frozen=True)
class Measured:
    """What a probe measured of a model."""

    score: float
    """From 0 (cannot train) to 1."""
    gradient: float | None
    """Second moment of the gradient at the first hidden layer over that at the last; ``None`` for shallow models."""

    is_reported: bool
    """Whether the rule of the finding reports what was measured."""
    gauge: Gauge | None = None
    """What the rule judges by, where that is one number."""

    def compared(self, after: Measured) -> str:
        """Both measurements in words: ``gradient at the first layer 3e-17 -> 0.8, score 0.01 -> 0.97``."""
        told = [f"score {self.score:.2g} -> {after.score:.2g}"]
        if self.gradient is not None and after.gradient is not None:
            told.insert(0, f"gradient at the first layer {self.gradient:.1g} -> {after.gradient:.1g}")
        if self.gauge is not None and after.gauge is not None:
            told.insert(0, f"{self.gauge.words} {self.gauge.value:.2g} -> {after.gauge.value:.2g}")
        return ", ".join(told)

    def paired(self, after: Measured) -> dict[str, object]:
        """Both measurements as plain JSON values, each number before and after."""
        names = ("score", "gradient", "is_reported")
        pairs: dict[str, object] = {name: [vars(self)[name], vars(after)[name]] for name in names}
        if self.gauge is not None and after.gauge is not None:
            pairs[self.gauge.key] = [self.gauge.value, after.gauge.value]
        return pairs


@dataclass(frozen=True)
class Proof:
    """What an unsafe fix was measured to do, or why that could not be measured."""

    finding: Finding
    model: str = ""
    """Name of the model that was probed."""
    before: Measured | None = None
    after: Measured | None = None
    reason: str = ""

    @property
    def evidence(self) -> dict[str, object] | None:
        """What was measured, as plain JSON values."""
        if self.before is None or self.after is None:
            return None
        return {"model": self.model, **self.before.paired(self.after)}

    @property
    def effect(self) -> str:
        """In words."""
        if self.before is None or self.after is None:
            return f"not measured: {self.reason}"
        is_gone = self.before.is_reported and not self.after.is_reported
        gone = f", {self.finding.code} no more" if is_gone else ""
        return f"{self.model}: {self.before.compared(self.after)}{gone} (measured)"


@dataclass(frozen=True)
class Fixes:
    """What came of fixing the findings of a run."""

    fixed: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    changes: tuple[Change, ...] = ()
    is_written: bool = True
    """False: the changes were worked out only."""
    found: int = 0
    """How many findings there were before."""
    proofs: tuple[Proof, ...] = ()
    """Of the unsafe fixes that were made, where that was asked for."""
