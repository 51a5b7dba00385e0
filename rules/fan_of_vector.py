"""INL108."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.remedies import vector_init
from initlint.network import Network, VectorInit
from initlint.rule import Rule


class FanOfVector(Rule):
    """Xavier, Kaiming, orthogonal or sparse initialisation of a tensor with fewer than two axes.

    Why: fan_in and fan_out are sizes of axes 1 and 0; a vector has no axis 1. PyTorch raises a ValueError when the line
    runs, often only once a model with a norm layer comes by.
    Predicted: the number of axes of the tensor that reaches the call.
    Measured: -
    Silent on: guarded loops (p.dim() > 1), calls inside try, views as a matrix, and tensors whose shape is not known.
    Fix: initialise biases with zeros_, norm scales with ones_, and guard loops with p.dim() > 1.
    Source: torch.nn.init._calculate_fan_in_and_fan_out.
    """

    code = "INL108"
    name = "fan-of-vector"
    severity = Severity.ERROR
    bad = """
from torch import nn


def build():
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 2))
    for p in model.parameters():
        nn.init.xavier_uniform_(p)  # bad
    return model
"""
    good = """
from torch import nn


def build():
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 2))
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
    return model
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Reports each call once, with the first tensor that it cannot take."""
        for seen in network.observed(VectorInit):
            axes = len(seen.shape)
            message = (
                f"{seen.initializer} of {seen.parameter or 'a tensor'}: {axes} {'axis' if axes == 1 else 'axes'}, "
                f"at least 2 are needed for its fans: the call raises a ValueError"
            )
            call = vector_init(seen.parameter.rpartition(".")[2])
            remedy = f"call {call} on vectors; in a loop, put the call under `if p.dim() > 1:`"
            predicted = {"parameter": seen.parameter, "axes": axes}
            yield self.finding(seen.place, message, help=remedy, predicted=predicted)
