"""What a gated or plain recurrent layer makes of a sequence, by mean field over wide states.

Gates are independent Gaussians before their sigmoid (Chen, Pennington and Schoenholz 2018, arXiv:1806.05394; Gilboa et
al. 2019, arXiv:1901.08987). Each is a part common to all steps - bias, and what the inputs have in common - and a part of
its own a step, so that given the common part the state is a linear recursion with independent coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from initlint.signal.activations import logistic, sech_squared
from initlint.signal.neighbours import STEPS, WEIGHTS

LIMIT_STEPS = 100
"""Steps that are followed one by one; a state that has not settled then is taken for one without a limit."""
SETTLED = 1e-5
"""Relative change of the state's second moment a step, from which on it stays as it is."""
DIGITS = 5
"""Significant digits of the arguments under which a layer's numbers are remembered."""


@dataclass(frozen=True)
class Drive:
    """Second moment of one Gaussian before a gate, and its product at two steps, and in two samples."""

    second: float
    apart: float = 0.0
    across: float = 0.0

    @property
    def parts(self) -> tuple[float, float, float]:
        """All three."""
        return self.second, self.apart, self.across

    def rounded(self) -> Drive:
        """With a few digits."""
        return Drive(*(float(f"{part:.{DIGITS}g}") for part in self.parts))


@dataclass(frozen=True)
class Response:
    """What a recurrent layer does, averaged over its steps."""

    output: Drive
    gradient: float
    """Of one entry of a gate's pre-activations, summed over the gates, for a gradient of 1 at each output."""
    step: float
    """What a step does to the gradient's second moment on its way back, in the limit."""


SILENT = Drive(0.0)


@lru_cache(maxsize=512)
def respond(cell: str, drive: Drive, hidden_bias: float, share: float, steps: int | None) -> Response | None:
    """Of an ``"lstm"`` or ``"gru"`` that starts at 0; in the limit where the number of steps is unknown.

    `drive` is what the input gives every gate, with its bias; `hidden_bias` the variance of the bias beside the
    recurrent weights. `None` where there is no limit.
    """
    state: State = LongState() if cell == "lstm" else State()
    seen: list[Drive] = []
    while len(seen) < min(steps or LIMIT_STEPS, LIMIT_STEPS):
        last = state.output.second
        seen.append(state.advance(drive, hidden_bias, share))
        if steps is None and abs(seen[-1].second - last) <= SETTLED * seen[-1].second:
            return Response(seen[-1], *state.back(share, steps))
    if steps is None or not seen:
        return None
    seen += [seen[-1]] * (steps - len(seen))
    return Response(_over_steps(seen), *state.back(share, steps))


def _over_steps(seen: list[Drive]) -> Drive:
    """The average; a step counts for the product at two of them as often as there are earlier ones."""
    pairs = max(len(seen) * (len(seen) - 1) / 2, 1)
    apart = math.fsum(each.apart * earlier for earlier, each in enumerate(seen)) / pairs
    means = (math.fsum(values) / len(seen) for values in zip(*((e.second, e.across) for e in seen), strict=True))
    second, across = means
    return Drive(second, apart, across)


class State:
    """Of a GRU: a mean of candidates, weighted by ``1 - z``; at first 0."""

    def __init__(self) -> None:
        self.output = SILENT
        self._cell = SILENT
        self._apart = [Track() for _ in STEPS]
        self._across = [Track() for _ in STEPS]
        self._gate = self._candidate = SILENT
        self._reset = 0.25

    def advance(self, drive: Drive, hidden_bias: float, share: float) -> Drive:
        """The output after one step more."""
        hidden = Drive(*(hidden_bias + share * part for part in self.output.parts))
        self._gate = gate = Drive(*(a + b for a, b in zip(drive.parts, hidden.parts, strict=True)))
        reset = _responses(logistic, gate)
        self._reset = reset.second
        pairs = zip(drive.parts, hidden.parts, reset.parts, strict=True)
        self._candidate = candidate = Drive(*(a + r * b for a, b, r in pairs))
        new = _responses(math.tanh, candidate)
        for tracks, common, product in ((self._apart, gate.apart, new.apart), (self._across, gate.across, new.across)):
            for track, (kept, square) in zip(tracks, _given(common, gate.second), strict=True):
                source = (1 - kept) ** 2 * product
                cross = (kept - square) / (1 - kept)
                track.advance(kept, square, cross, (1 - 2 * kept + square) * new.second, source)
        self.output = self._summary()
        return self.output

    def _summary(self) -> Drive:
        second = _average(track.second for track in self._apart)
        lagged, product = _average(t.lagged for t in self._apart), _average(t.product for t in self._across)
        return Drive(second, min(lagged, second), min(product, second))

    def back(self, share: float, steps: int | None) -> tuple[float, float]:
        """The gradient that reaches the gates' pre-activations, and a step's factor."""
        kept = _responses(logistic, self._gate).second
        slope = _slope(logistic_slope, self._gate)
        candidate = kept * _slope(sech_squared, self._candidate)
        new = _responses(math.tanh, self._candidate)
        own = slope * (self.output.second + new.second - 2 * new.apart)
        onto_reset = candidate * slope * share * self.output.second
        factor = kept + share * (own + candidate * self._reset + onto_reset)
        return (own + candidate + onto_reset) * _accumulated(factor, steps), factor


class LongState(State):
    """Of an LSTM: what is kept of the cell plus what is let in, and what is let out of it."""

    def advance(self, drive: Drive, hidden_bias: float, share: float) -> Drive:
        """The output after one step more."""
        hidden = Drive(*(hidden_bias + share * part for part in self.output.parts))
        self._gate = gate = Drive(*(a + b for a, b in zip(drive.parts, hidden.parts, strict=True)))
        let, new = _responses(logistic, gate), _responses(math.tanh, gate)
        levels = (
            (self._apart, gate.apart, let.apart * new.apart),
            (self._across, gate.across, let.across * new.across),
        )
        for tracks, common, source in levels:
            for track, (kept, square) in zip(tracks, _given(common, gate.second), strict=True):
                track.advance(kept, square, kept, let.second * new.second, source)
        self._cell = self._summary()
        out = _responses(math.tanh, self._cell)
        self.output = Drive(*(a * b for a, b in zip(let.parts, out.parts, strict=True)))
        return self.output

    def back(self, share: float, steps: int | None) -> tuple[float, float]:
        """As of a GRU; a gradient reaches the cell from behind and from the output, the output from all gates."""
        kept = _responses(logistic, self._gate).second
        slope = _slope(logistic_slope, self._gate)
        size = _responses(math.tanh, self._gate).second
        onto_gates = slope * (size + self._cell.second) + kept * _slope(sech_squared, self._gate)
        out = kept * _slope(sech_squared, self._cell)
        onto_out = slope * _responses(math.tanh, self._cell).second
        cell = output = 0.0
        seen: list[float] = []
        change = 0.0
        for _ in range(steps or LIMIT_STEPS):
            output, before = 1 + share * (onto_gates * cell + onto_out * output), output
            cell = kept * cell + out * output
            change = abs(output - before)
            seen.append(onto_gates * cell + onto_out * output)
        entered = seen[-1] if steps is None else math.fsum(seen) / len(seen)
        trace = kept + share * (out * onto_gates + onto_out)
        step = (trace + math.sqrt(max(trace**2 - 4 * kept * share * onto_out, 0.0))) / 2
        return (entered if change < 1 else math.inf), step


class Track:
    """A state's moments given the part that a gate has in common at all steps."""

    def __init__(self) -> None:
        self.second = self.product = 0.0
        self._with_new = 0.0
        self._so_far = self._sources = 0.0
        self._count = 0

    @property
    def lagged(self) -> float:
        """Product of the state with an earlier one, averaged over the earlier ones."""
        return self._so_far / (self._count - 1) if self._count > 1 else 0.0

    def advance(self, kept: float, square: float, cross: float, new: float, source: float) -> None:
        """One step: the state times what is kept of it, plus what is new.

        `kept` and `square`: first two moments of the factor; `new`: second moment of what is added; `source`: its
        product at two steps; `cross`: what is left of the state's product with it where both meet in one step.
        """
        self._so_far = kept * (self._so_far + self.second) + self._sources
        self.product = kept**2 * self.product + 2 * kept * self._with_new + source
        self.second = square * self.second + 2 * cross * self._with_new + new
        self._with_new = kept * self._with_new + source
        self._sources += self._with_new
        self._count += 1


def _given(common: float, second: float) -> list[tuple[float, float]]:
    """E[s] and E[s²] of a sigmoid given the common part, at the nodes of `STEPS`."""
    common = min(max(common, 0.0), second)
    own = second - common
    return [_both(logistic, math.sqrt(common) * z, own) for z in STEPS]


def _both(function: Callable[[float], float], mean: float, variance: float) -> tuple[float, float]:
    width = math.sqrt(variance)
    values = [function(mean + width * z) for z in STEPS]
    return _average(iter(values)), _average(value * value for value in values)


def _responses(function: Callable[[float], float], drive: Drive) -> Drive:
    """E[f²], and E[f f'] at two steps and in two samples."""
    second = _both(function, 0.0, drive.second)[1]
    products = (_product(function, drive.second, common) for common in (drive.apart, drive.across))
    return Drive(second, *products)


def _product(function: Callable[[float], float], second: float, common: float) -> float:
    common = min(max(common, 0.0), second)
    width = math.sqrt(common)
    return _average(_both(function, width * z, second - common)[0] ** 2 for z in STEPS)


def _slope(function: Callable[[float], float], drive: Drive) -> float:
    return _both(function, 0.0, drive.second)[1]


def logistic_slope(x: float) -> float:
    """Of a sigmoid."""
    return logistic(x) * logistic(-x)


def _average(values: Iterator[float]) -> float:
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))


def _accumulated(factor: float, steps: int | None) -> float:
    """Mean over the steps of the gradients of 1 that come back from all later ones."""
    if steps is None:
        return 1 / (1 - factor) if factor < 1 else math.inf
    total = seen = 0.0
    for _ in range(steps):
        seen = factor * seen + 1
        total += seen
    return total / steps
