"""What can be wrong with a measured network, how far it is off, and the limits it is judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from initlint.finding import Severity
from initlint.network.network import Layer
from initlint.network.parameter import Parameter


class Symptom(str, Enum):
    """What a probe can see go wrong. The value is the code of the rule that reports it."""

    VANISHING_ACTIVATIONS = "INL601"
    EXPLODING_ACTIVATIONS = "INL602"
    VANISHING_GRADIENTS = "INL603"
    EXPLODING_GRADIENTS = "INL604"
    SATURATED_UNITS = "INL605"
    DEAD_UNITS = "INL606"
    SYMMETRIC_UNITS = "INL607"
    NON_FINITE = "INL608"
    NO_GRADIENT = "INL609"
    INPUT_IGNORED = "INL610"
    ILL_CONDITIONED_JACOBIAN = "INL611"
    INITIAL_LOSS_OFF = "INL612"
    HALF_PRECISION_UNDERFLOW = "INL613"
    UPDATE_RATIO = "INL614"


@dataclass(frozen=True)
class Limit:
    """From which value on a symptom is told of, and how bad it is. All values grow with the harm."""

    info: float
    """Worth knowing."""
    risk: float
    """Plain SGD fails: the health is 0.5 here."""
    fatal: float = math.inf
    """Plain SGD trains it at no learning rate: of the benchmark's not one. Of those that are only too small, rather than too
    large, equal or not finite, Adam still trains some."""
    steepness: float = 4.0
    """Exponent with which the health falls around `risk`."""
    floor: float = 0.0
    """The health never falls below it: of a symptom that alone does not keep a network from training."""

    def health(self, value: float) -> float:
        """1 far inside, 0.5 at `risk`, to 0 far beyond."""
        if math.isnan(value) or value == math.inf:
            return self.floor
        smooth: float = 1 / (1 + (max(value, 0.0) / self.risk) ** self.steepness)
        return self.floor + (1 - self.floor) * smooth

    def severity(self, value: float) -> Severity | None:
        """`None` for a value not worth a word."""
        if math.isnan(value) or value >= self.fatal:
            return Severity.ERROR
        if value >= self.risk:
            return Severity.WARNING
        return Severity.INFO if value >= self.info else None


GRADIENT = Limit(info=2.0, risk=4.5, fatal=10.0)
"""Decades of the gradient over the depth. Of 66 networks on scikit-learn's digits (width 128, best of three learning rates)
plain SGD fails on all beyond 3.5 and on none below 3.3; Adam still trains at 8.6 and no longer at 14.8 decades. Of the
trainability benchmark's plain stacks, with up to 1200 steps, SGD trains 88 of 99 below 4.5, 5 of 10 from there to 6, and
none of 44 beyond."""
PREDICTED_GRADIENT = Limit(info=2.0, risk=5.0, fatal=10.0)
"""The same where it is predicted, which is of the mean over all draws: from here on `check` reports plain stacks, too. Of the
benchmark's, the last one trains at 5.3."""
VANISHING_NORMALISED = Limit(info=3.0, risk=5.5, fatal=30.0)
"""Where norms make the weights' scale free, a small gradient costs time and no more. XCiT, whose class token reads the image
through one attention at the end, has 4.1."""
EXPLODING = Limit(info=1.5, risk=2.7, fatal=10.0)
"""In a plain stack, which a step that suits the last layers throws off. Of the benchmark's, 15
of 20 train below 2.5 and 1 of 11 beyond."""
EXPLODING_NORMALISED = Limit(info=3.0, risk=4.5, steepness=5.0)
"""Where norms make the weights' scale free: too large a gradient makes them grow and their steps small (Arora et al. 2019,
arXiv:1812.03981). The benchmark's train up to 3.4."""
EXPLODING_SHORTCUTS = Limit(info=4.0, risk=6.0, steepness=5.0)
"""... and a sum or a concatenation keeps a short way beside the long one: the large part is that of the many paths. A
residual network of 27 blocks has 4 decades, Inception v3 5.3; the benchmark's train at 5.5."""
EXPLODING_RESIDUAL = Limit(info=3.0, risk=4.5, fatal=30.0, steepness=4.0)
"""Where there is a short way but no norm. The benchmark's train up to 3.7, one at 8, and fail from 3.2 on."""
SIGNAL = Limit(info=4.0, risk=6.0, steepness=4.0, floor=0.25)
"""Decades of the signal's second moment. Alone it sorts 53 of the 66 networks right, where the gradient sorts 63."""
HELD_BACK = Limit(info=2.0, risk=2.5, steepness=4.0)
"""Decades by which a branch that a gate holds back is larger than what it will be added to: the first step that opens the
gate takes in all of it. The benchmark's ReZero with N(0, 1) weights diverges at any learning rate."""
CORRELATION = Limit(info=2.0, risk=3.3, steepness=6.0)
"""-log10(1 - cosine of two samples) at the last hidden layer of a plain stack. The benchmark's train up to 3.5 (a cosine of
0.9997) and fail from 3.6 on."""
SATURATED = Limit(info=0.5, risk=0.8, steepness=6.0)
"""Share of entries in the flat part of the activation: half of them pass hardly any gradient."""
DEAD = Limit(info=0.75, risk=0.9, fatal=1.0, steepness=6.0)
"""Share of units that are 0 for the whole batch, beyond what chance does. In deep rectifier stacks samples are alike, so
that up to half of the units are dead for one batch without harm."""
SYMMETRIC = Limit(info=0.25, risk=0.5, fatal=0.9)
"""Share of a hidden layer's units that equal another in weights and in gradient: under any optimiser they stay equal."""
NON_FINITE = Limit(info=0.0, risk=1e-9, fatal=0.0)
"""Share of entries. One is enough: the first step spreads it to all weights."""
NO_GRADIENT = Limit(info=1e-9, risk=0.25, fatal=0.9, steepness=2.0)
"""Share of the trained weights whose gradient is exactly 0 with no gate that opens, or that get none."""
CONDITION = Limit(info=3.0, risk=3.6, steepness=5.0, floor=0.1)
"""log10 of the largest over the smallest singular value: directions of the input that the output hardly tells apart are
learned last (Pennington et al. 2017, arXiv:1711.04735). Of the benchmark's networks with a gradient of even size 165 of
170 train below 3.5, and 7 of 19 beyond."""
FLUCTUATION = Limit(info=2.5, risk=3.3, steepness=6.0)
"""Variance of the logarithm of the gradient's square over draws of the weights, where its mean keeps its size: the sum over
the layers of 5 / n for rectifiers and 2 / n for others (Hanin and Nica 2018, arXiv:1812.05994, theorem 1). It widens the
spread of the singular values, and stands in for `CONDITION` where nothing was measured. Of the benchmark's, all but one
train below 3 and none of eight beyond 3.5."""
INITIAL_LOSS = Limit(info=math.log10(3), risk=2.2, steepness=5.0, floor=0.25)
"""log10 of the loss over that of a model that knows nothing: threefold is a head scaled wrongly, which costs steps. The
benchmark's train up to 1.9."""
HALF_PRECISION = Limit(info=0.05, risk=0.5, steepness=3.0, floor=0.25)
"""Share of the nonzero gradient entries that the type makes 0: at 5 % loss scaling is worth it (Micikevicius et al. 2018,
arXiv:1710.03740, section 3.2)."""
HALF_PRECISION_AHEAD = Limit(info=0.05, risk=math.inf)
"""The same in a run in float32, which nothing is wrong with."""
UPDATE = Limit(info=1.0, risk=3.0, steepness=2.0, floor=0.5)
"""log10 of the largest over the smallest first step relative to the weight's size; about 1e-3 is usual for each."""
ATTENTION = Limit(info=3.0, risk=8.0, steepness=4.0, floor=0.25)
"""Standard deviation of what an attention's softmax is taken of. At 8 nearly all weight lies on one key; scaled dot
products of normalised signals give at most about 1."""
TIME_VANISHING = Limit(info=3.0, risk=20.0, steepness=2.0, floor=0.6)
"""Decades of the gradient over the time steps of a plain recurrent cell, from the last output back to the first input:
what came long ago is learned late, what came last at once. The benchmark's train at 15."""
TIME_GATED = Limit(info=10.0, risk=40.0, steepness=2.0, floor=0.8)
"""The same for LSTM and GRU, whose gates learn to keep what the start forgets."""
TIME_EXPLODING = Limit(info=2.0, risk=3.6, steepness=4.0)
"""The same where it grows back in time; clipping helps. The benchmark's fail from 3.4 on."""
LIMITS: Mapping[Symptom, Limit] = {
    Symptom.VANISHING_ACTIVATIONS: SIGNAL,
    Symptom.EXPLODING_ACTIVATIONS: SIGNAL,
    Symptom.VANISHING_GRADIENTS: GRADIENT,
    Symptom.EXPLODING_GRADIENTS: EXPLODING,
    Symptom.SATURATED_UNITS: SATURATED,
    Symptom.DEAD_UNITS: DEAD,
    Symptom.SYMMETRIC_UNITS: SYMMETRIC,
    Symptom.NON_FINITE: NON_FINITE,
    Symptom.NO_GRADIENT: NO_GRADIENT,
    Symptom.INPUT_IGNORED: CORRELATION,
    Symptom.ILL_CONDITIONED_JACOBIAN: CONDITION,
    Symptom.INITIAL_LOSS_OFF: INITIAL_LOSS,
    Symptom.HALF_PRECISION_UNDERFLOW: HALF_PRECISION,
    Symptom.UPDATE_RATIO: UPDATE,
}


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """One symptom of a network, judged."""

    symptom: Symptom
    severity: Severity
    health: float
    """From 0 (cannot train) to 1."""
    value: float
    """In the unit of the symptom's `Limit`."""
    limit: float
    """Value from which plain SGD fails."""
    layer: Layer | None = None
    """The first place, in signal order, where it goes wrong."""
    parameter: Parameter | None = None
    names: tuple[str, ...] = ()
    """All layers or parameters concerned."""
    evidence: Mapping[str, object] = field(default_factory=dict)
    """The numbers behind it, as plain JSON values."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A symptom's value, before it is judged: most are harmless."""

    symptom: Symptom
    value: float
    layer: Layer | None = None
    parameter: Parameter | None = None
    names: tuple[str, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    limit: Limit | None = None
    """`None`: that of the symptom."""
    worst: Severity = Severity.ERROR
    """A symptom off the trunk, or that training mends, is no error."""

    @property
    def bounds(self) -> Limit:
        """The limit it is judged by."""
        return LIMITS[self.symptom] if self.limit is None else self.limit

    @property
    def health(self) -> float:
        """From 0 (cannot train) to 1."""
        return self.bounds.health(self.value)

    def judged(self) -> Diagnosis | None:
        """The diagnosis; `None` for a value that is no symptom."""
        severity = self.bounds.severity(self.value)
        if severity is None:
            return None
        severity = min(severity, self.worst, key=lambda each: each.rank)
        return Diagnosis(
            self.symptom, severity, self.health, self.value, self.bounds.risk,
            self.layer, self.parameter, self.names, self.evidence,
        )  # fmt: skip
