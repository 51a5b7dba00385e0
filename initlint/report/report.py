"""What a run found, as one value that every format writes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.finding import Finding, Place, Problem, Severity

if TYPE_CHECKING:
    from initlint.diagnosis.health import Health
    from initlint.fix.outcome import Fixes
    from initlint.network import Network
    from initlint.rule import Rule


@dataclass(frozen=True)
class ProbedTarget:
    """One target of ``probe``, and what became of it."""

    target: str
    network: Network | None = None
    """What was measured; ``None``: it could not be, and `problem` says why."""
    health: Health | None = None
    problem: Problem | None = None
    """Also among the report's errors."""
    notes: tuple[str, ...] = ()
    """About how it ran, beside those in the recording."""
    output: str = ""
    """The end of what it printed."""

    @property
    def verdict(self) -> str | None:
        """``"healthy"``, ``"at risk"`` or ``"broken"``; ``None`` if it could not be probed."""
        return None if self.health is None else self.health.verdict

    @property
    def score(self) -> float | None:
        """From 0 (cannot train) to 1; ``None`` if it could not be probed."""
        return None if self.health is None else self.health.score


@dataclass(frozen=True)
class Report:
    """The outcome of a run. Equal runs give equal findings in equal order: by path, line, column and code."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[Problem, ...] = ()
    """What could not be read or checked. The rest was."""
    networks: tuple[Network, ...] = ()
    """Every model that was traced."""
    targets: tuple[ProbedTarget, ...] = ()
    """Every target that was to be probed, in the order given."""
    untraced: int = 0
    """Functions, scripts and classes that may build models and were not traced to the end, for want of steps."""
    files: tuple[str, ...] = ()
    """The files looked at, whether or not they hold anything to check."""
    rules: tuple[Rule, ...] = ()
    """The rules that ran, in the order of their codes."""
    excerpts: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)
    """The source lines of each finding's place."""
    suppressed: int = 0
    """Findings silenced by comments and per-file ignores."""
    baselined: int = 0
    """Findings accepted by the baseline."""
    seconds: float = 0.0
    """How long the run took."""
    fixes: Fixes | None = None
    """What came of fixing, if that was asked for; the findings are those that are left."""

    def counts(self) -> dict[Severity, int]:
        """Number of findings of each severity, the worst first."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in reversed(Severity)}

    def by_code(self) -> dict[str, int]:
        """Number of findings of each rule that has any, in the order of the codes."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def by_verdict(self) -> dict[str, int]:
        """Number of targets of each verdict that any has; those that could not be probed are ``"not probed"``."""
        return dict(Counter(probed.verdict or "not probed" for probed in self.targets))

    def exit_code(self, fail_on: Severity | None = Severity.WARNING) -> int:
        """0: nothing to report; 1: findings at least as bad as `fail_on` (`None`: never); 2: something failed."""
        if self.errors:
            return 2
        return int(fail_on is not None and any(finding.severity.reaches(fail_on) for finding in self.findings))
