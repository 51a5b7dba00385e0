"""INL406."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.frameworks.remedies import ORTHOGONAL
from initlint.network import Layer, Network, Parameter
from initlint.rule import Rule

PLAIN = (0.2, 2.0)
"""Spectral radius of a plain cell's hidden-to-hidden weights outside of which the state forgets within two steps or grows
until it saturates. PyTorch's default, U(+-1/sqrt(h)), has 0.58 and orthogonal weights 1."""
GATED = (0.0, 4.0)
"""The same for LSTM and GRU: their state goes around the weights, so that small ones are no fault. A large PTB model's
U(-0.1, 0.1) at 1500 units has 2.2."""
GATED_CELLS = frozenset({"LSTM", "GRU", "LSTMCell", "GRUCell", "lstm", "gru", "lstm_cell", "gru_cell"})


class RecurrentWeightsScale(Rule):
    """Hidden-to-hidden weights whose spectral radius is far from 1.

    Why: a recurrent layer multiplies by the same matrix at every step. With a spectral radius well below 1 state and
    gradient are gone after a few steps, with one well above 1 they explode or the units saturate.
    Measured: std of the weights times the root of the width, which is the spectral radius of a large random matrix.
    Silent on: 0.2 to 2 (the default has 0.58), up to 4 for LSTM and GRU, orthogonal and identity weights, constant ones
    (INL101).
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

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that draws such weights."""
        found: dict[Place, list[tuple[Parameter, float, tuple[float, float]]]] = {}
        for layer, parameter, radius in departing(network):
            place = parameter.last.place if parameter.last is not None else layer.place
            found.setdefault(place, []).append((parameter, radius, _limits(layer)))
        for place, cases in found.items():
            yield self._finding(network, place, *max(cases, key=lambda case: abs(math.log(case[1]))), len(cases))

    def _finding(
        self,
        network: Network,
        place: Place,
        parameter: Parameter,
        radius: float,
        limits: tuple[float, float],
        count: int,
    ) -> Finding:
        others = f" (and {count - 1} more)" if count > 1 else ""
        low, high = limits
        end = (
            "state and gradient die within a few steps" if radius < low else "the state saturates and gradients explode"
        )
        message = (
            f"{parameter.name}{others}: the spectral radius is about {radius:.2g} (measured: std times the root of the width), "
            f"about 1 is expected, {low:g} to {high:g} does no harm: {end}"
        )
        remedy = f"{ORTHOGONAL} on each gate's rows of {parameter.name}"
        numbers = {"network": network.name, "spectral_radius": radius, "expected": {"spectral_radius": 1.0}}
        return self.finding(place, message, help=remedy, measured=numbers)


def departing(network: Network) -> Iterator[tuple[Layer, Parameter, float]]:
    """Recurrent layers with the weights whose spectral radius is outside of the limits, and the radius."""
    for layer in network.live():
        low, high = _limits(layer)
        for parameter in _recurrent(layer):
            radius = _radius(parameter)
            if radius is not None and not low <= radius <= high:
                yield layer, parameter, radius


def _limits(layer: Layer) -> tuple[float, float]:
    return GATED if layer.kind in GATED_CELLS else PLAIN


def _recurrent(layer: Layer) -> list[Parameter]:
    """The trained hidden-to-hidden weights of a recurrent layer."""
    if layer.op != "recurrent":
        return []
    return [each for each in layer.parameters if each.role == "recurrent" and not each.is_frozen]


def _radius(parameter: Parameter) -> float | None:
    """Of centred weights by the circular law; `None` for constant ones."""
    row = parameter.measured
    if row is None or row.constant is not None or not parameter.shape or row.values.nonfinite_fraction:
        return None
    width = row.values.shape[-1]
    return row.values.std * math.sqrt(width)
