"""INL604."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.network import Network

from .symptoms import SymptomRule, each_layer, extent, number
from .wording import power


class ExplodingGradients(SymptomRule):
    """The gradient grows on its way back to the input.

    Why: a step that suits the last layers throws the first ones far away, and one that suits the first does not move the
    last. Clipping bounds the norm of all gradients and leaves this ratio as it is.
    Measured: the sum of the gradient's squares behind the first hidden layer over that behind the last hidden one, of a
    random cotangent; over time, from the last output of a recurrent layer back to its first input.
    Silent on: less than 3.3 decades (8 where norms hold the scale), branches beside the main path, and layers that a
    rule on causes reports.
    Fix: an init that keeps the variance, norms, scaled skips; clipping against the spikes that remain.
    Source: Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063; Schoenholz et al. 2017, arXiv:1611.01232.
    """

    code = "INL604"
    name = "exploding-gradients"
    symptom = Symptom.EXPLODING_GRADIENTS
    remedy = "scale the weights down by the root of the factor a layer, or add a norm every few layers"
    bad = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, width=64, depth=12):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])  # bad
        for linear in self.maps:
            nn.init.normal_(linear.weight, std=0.8)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = linear(x) * torch.sigmoid(gate(x))
        return self.head(x)
"""
    good = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, width=64, depth=12):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        for linear in self.maps:
            nn.init.normal_(linear.weight, std=0.22)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = linear(x) * torch.sigmoid(gate(x))
        return self.head(x)
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        steps = number(diagnosis, "steps")
        where = f"along {extent(diagnosis)}" if steps is None else f"over {steps:.0f} steps of {extent(diagnosis)}"
        each = each_layer(diagnosis, "gradient_factor_per_layer") if steps is None else ""
        return (
            f"{network.name}: the gradient's second moment is multiplied by {power(diagnosis.value)} back {where}{each} "
            f"(measured); {power(-diagnosis.limit)} to {power(diagnosis.limit)} is expected: "
            f"no learning rate suits all layers"
        )
