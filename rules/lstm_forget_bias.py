"""INL407."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.draws import open_forget_gates
from initlint.network import Layer, Network, Parameter
from initlint.rule import Rule

OPEN = 1.0
"""The bias at which a forget gate is said to start open: it keeps sigmoid(1) = 0.73 of the state a step, not 0.5."""


class LstmForgetBias(Rule):
    """An LSTM whose forget gates start half closed.

    Why: with a bias of 0 a forget gate is 1/2, so that 1/1024 of the state, and of its gradient, is left after 10 steps.
    What lies further back is not learned until the gates have opened by themselves. A bias of 1 keeps 0.73 a step.
    Predicted: the mean of the biases that the forget gates add up, and the steps after which 1/e of the state is left.
    Silent on: cells without biases, biases that are written in part or by what is not known, and frozen ones.
    Fix: fill the second quarter of one of the bias vectors with 1; for very long sequences draw it by their length.
    Source: Jozefowicz, Zaremba and Sutskever 2015, ICML, section 2.2; Gers, Schmidhuber and Cummins 2000; Tallec and Ollivier
    2018, arXiv:1804.11188.
    """

    code = "INL407"
    name = "lstm-forget-bias"
    default = False
    severity = Severity.INFO
    bad = """
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)  # bad
        self.out = nn.Linear(64, 5)

    def forward(self, x):
        return self.out(self.lstm(x)[0])
"""
    good = """
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.out = nn.Linear(64, 5)
        nn.init.constant_(self.lstm.bias_hh_l0[64:128], 1.0)

    def forward(self, x):
        return self.out(self.lstm(x)[0])
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each layer, at the init of its biases if somebody wrote one."""
        for layer in network.live():
            biases = [each for each in layer.parameters if each.role == "bias"]
            if layer.op == "recurrent" and layer.options.get("variant") == "lstm" and biases:
                means = [_mean(bias) for bias in biases]
                if all(mean == 0 for mean in means):
                    yield self._finding(network, layer, biases)

    def _finding(self, network: Network, layer: Layer, biases: list[Parameter]) -> Finding:
        name = biases[-1].name
        message = (
            f"{layer.name}: the biases of the forget gates are 0 on average, expected about {OPEN:g}: the gates start at "
            f"{_gate(0.0):.2g} and keep 1/e of the state for {_memory(0.0):.1f} steps, {_memory(OPEN):.1f} at a bias of {OPEN:g}"
        )
        return self.finding(
            _place(layer, biases),
            message,
            help=open_forget_gates(name, OPEN),
            predicted={"network": network.name, "forget_gate": _gate(0.0), "steps": _memory(0.0)},
        )


def _mean(bias: Parameter) -> object:
    """Of a bias that is trained and of which every write is known."""
    law = bias.distribution
    return None if law is None or bias.is_frozen else law.mean


def _place(layer: Layer, biases: list[Parameter]) -> Place:
    written = (bias.last for bias in biases)
    return next((write.place for write in written if write is not None and write.is_explicit), layer.place)


def _gate(bias: float) -> float:
    return 1 / (1 + math.exp(-bias))


def _memory(bias: float) -> float:
    """Steps after which 1/e of the state is left."""
    return -1 / math.log(_gate(bias))
