"""INL602."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.network import Network

from .symptoms import SymptomRule, each_layer, extent
from .wording import power


class ExplodingActivations(SymptomRule):
    """The signal grows along the depth.

    Why: a factor above 1 a layer makes the signal overflow, or makes the last layers' outputs, the loss and the first
    steps huge. A norm at the end hides the size and not the fault: the last layers drown the first.
    Measured: E[x^2] behind the last layer that all paths go through over that behind the first, or behind the last norm.
    Silent on: less than six decades, branches beside the main path, and layers that a rule on causes or on their
    gradient reports.
    Fix: an init that keeps the variance for what the layers are made of, or a norm or a scaled skip every few layers.
    Source: He et al. 2015, arXiv:1502.01852, section 2.2; Zhang, Dauphin and Ma 2019, arXiv:1901.09321.
    """

    code = "INL602"
    name = "exploding-activations"
    symptom = Symptom.EXPLODING_ACTIVATIONS
    remedy = "scale the weights down by the root of the factor a layer, or normalise every few layers"
    implied_by = (Symptom.EXPLODING_GRADIENTS,)
    bad = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, width=64, depth=12):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])  # bad
        for linear in self.maps:
            nn.init.normal_(linear.weight, std=0.5)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = linear(x).relu() + gate(x).relu()
        return self.head(self.norm(x))
"""
    good = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, width=64, depth=12):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = linear(x).relu() + gate(x).relu()
        return self.head(self.norm(x))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        where = f"along {extent(diagnosis)}{each_layer(diagnosis, 'signal_factor_per_layer')}"
        return (
            f"{network.name}: the signal's second moment is multiplied by {power(diagnosis.value)} {where} "
            f"(measured); between {power(-diagnosis.limit)} and {power(diagnosis.limit)} is expected: "
            f"half precision overflows and the first steps are far too large"
        )
