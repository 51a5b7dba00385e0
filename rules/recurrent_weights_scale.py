"""INL406."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.draws import ORTHOGONAL
from initlint.frameworks.torch import GATED_LAYERS
from initlint.network import Layer, Network, Number, Parameter
from initlint.network.measurement import Statistics
from initlint.rule import Rule
from initlint.signal.distribution import Distribution
from initlint.signal.size import as_float, combine

PLAIN = (0.2, 2.0)
"""Spectral radius of a plain cell's hidden-to-hidden weights outside of which the state forgets within two steps or grows
until it saturates. PyTorch's default, U(+-1/sqrt(h)), has 0.58 and orthogonal weights 1."""
GATED = (0.0, 4.0)
"""The same for LSTM and GRU: their state goes around the weights, so that small ones are no fault. A large PTB model's
U(-0.1, 0.1) at 1500 units has 2.2."""


class RecurrentWeightsScale(Rule):
    """Hidden-to-hidden weights whose spectral radius is far from 1.

    Why: a recurrent layer multiplies by the same matrix at every step. With a spectral radius well below 1 state and
    gradient are gone after a few steps, with one well above 1 they explode or the units saturate.
    Predicted: std of the weights times the root of the width, which is the spectral radius of a large random matrix, or mean
    times width if that is more. What only costs time is an info: a short memory, gates that start closed or open.
    Measured: the same of the weights as they are drawn.
    Silent on: 0.2 to 2 (the default has 0.58), up to 4 for LSTM and GRU, orthogonal and identity weights, constant ones
    (INL101), and weights whose width or distribution is not known.
    Fix: nn.init.orthogonal_ on each gate's hidden-to-hidden weights.
    Source: Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, section 2; Le, Jaitly and Hinton 2015, arXiv:1504.00941;
    Girko 1984 (the circular law).
    """

    code = "INL406"
    name = "recurrent-weights-scale"
    bad = """
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(32, 64, batch_first=True)
        self.out = nn.Linear(64, 5)
        nn.init.normal_(self.rnn.weight_hh_l0)  # bad

    def forward(self, x):
        return self.out(self.rnn(x)[0])
"""
    good = """
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(32, 64, batch_first=True)
        self.out = nn.Linear(64, 5)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)

    def forward(self, x):
        return self.out(self.rnn(x)[0])
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that draws such weights."""
        found: dict[Place, list[Departure]] = {}
        for case in departing(network):
            last = case.parameter.last
            found.setdefault(last.place if last is not None else case.layer.place, []).append(case)
        for place, cases in found.items():
            worst = max(cases, key=lambda case: (case.is_harmful, abs(math.log(case.radius))))
            yield self._finding(network, place, worst, len(cases))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """The same, of the weights as they were drawn."""
        return self.check_network(network)

    def _finding(self, network: Network, place: Place, case: Departure, count: int) -> Finding:
        name, (low, high) = case.parameter.name, case.limits
        others = f" (and {count - 1} more)" if count > 1 else ""
        basis = "mean times the width" if case.is_shifted else "std times the root of the width"
        witness = "predicted" if case.parameter.measured is None else "measured"
        message = (
            f"{name}{others}: the spectral radius is about {case.radius:.2g} ({witness}: {basis}), "
            f"about 1 is expected, {low:g} to {high:g} does no harm: {_end(case)}"
        )
        numbers = {"network": network.name, "spectral_radius": case.radius, "expected": {"spectral_radius": 1.0}}
        return self.finding(
            place,
            message,
            help=f"{ORTHOGONAL} on each gate's rows of {name}",
            severity=Severity.WARNING if case.is_harmful else Severity.INFO,
            predicted=numbers if case.parameter.measured is None else None,
            measured=None if case.parameter.measured is None else numbers,
        )


@dataclass(frozen=True)
class Departure:
    """Hidden-to-hidden weights whose spectral radius is outside of the limits."""

    layer: Layer
    parameter: Parameter
    radius: float
    is_shifted: bool
    """Whether it is the mean of the weights that makes it."""

    @property
    def limits(self) -> tuple[float, float]:
        """Spectral radii that do no harm."""
        return GATED if self.layer.kind in GATED_LAYERS else PLAIN

    @property
    def is_harmful(self) -> bool:
        """Whether training suffers, rather than takes longer: gates learn to open or close, and a plain cell that forgets
        learns what came last. A mean drives all units, gates included, the same way."""
        return self.radius > self.limits[1] and (self.is_shifted or self.layer.kind not in GATED_LAYERS)


def departing(network: Network) -> Iterator[Departure]:
    """The recurrent weights of a network that are off."""
    for layer in network.live():
        for parameter in _recurrent(layer):
            found = _radius(parameter)
            if found is None:
                continue
            case = Departure(layer, parameter, *found)
            if not case.limits[0] <= case.radius <= case.limits[1]:
                yield case


def _end(case: Departure) -> str:
    is_gated = case.layer.kind in GATED_LAYERS
    if case.radius < case.limits[0]:
        return "the state is forgotten within a few steps"
    if is_gated and not case.is_shifted:
        return "the gates start saturated, which costs time"
    return (
        "the state saturates and gradients explode"
        if not is_gated
        else "all gates are driven the same way and saturate"
    )


def _recurrent(layer: Layer) -> list[Parameter]:
    """The trained hidden-to-hidden weights of a recurrent layer."""
    if layer.op != "recurrent":
        return []
    return [each for each in layer.parameters if each.role == "recurrent" and not each.is_frozen]


def _radius(parameter: Parameter) -> tuple[float, bool] | None:
    """By the circular law, or the eigenvalue that a mean adds if that is larger, and whether it is; `None` for constant
    weights and for those that are not known."""
    row, shape = parameter.measured, parameter.shape
    if row is not None:
        if row.constant is not None or not shape or row.values.nonfinite_fraction:
            return None
        return _drawn(row.values, row.values.shape[-1])
    law = parameter.distribution
    if law is None or law.is_constant or not shape or law.family in STRUCTURED:
        return None
    return _predicted(law, shape[-1])


STRUCTURED = frozenset({"identity", "sparse"})
"""Laws whose spread does not tell the spectral radius."""


def _predicted(law: Distribution, width: Number | None) -> tuple[float, bool] | None:
    spread = as_float(combine(lambda std, n: std * n**0.5, law.std, width))
    shift = as_float(combine(lambda mean, n: mean * n, law.mean, width))
    if spread is None or shift is None or spread <= 0:
        return None
    return max((spread, False), (abs(shift), True))


def _drawn(values: Statistics, width: int) -> tuple[float, bool] | None:
    """A mean within the sampling error of the sum over all entries is none."""
    spread, shift = values.std * math.sqrt(width), abs(values.mean) * width
    if shift > SIGMAS * values.std and shift > spread:
        return shift, True
    return (spread, False) if spread > 0 else None


SIGMAS = 4.0
"""Standard errors: the mean of n x n centred weights, times n, has their std as its standard error."""
