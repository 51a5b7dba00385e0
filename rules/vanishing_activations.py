"""INL601."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.network import Network

from .symptoms import SymptomRule, each_layer, extent
from .wording import power


class VanishingActivations(SymptomRule):
    """The signal dies along the depth.

    Why: what a layer gives is what the next one learns from. A signal that shrinks by a constant factor a layer is gone
    after a few dozen layers: behind them the biases are all that is left, and a norm divides by its epsilon.
    Measured: E[x^2] behind the last layer that all paths go through over that behind the first, or behind the last norm.
    Silent on: less than six decades, branches beside the main path, and layers that a rule on causes or on their
    gradient reports.
    Fix: an init that keeps the variance for what the layers are made of, or a norm or a skip every few layers.
    Source: Glorot and Bengio 2010, section 4.2; He et al. 2015, arXiv:1502.01852.
    """

    code = "INL601"
    name = "vanishing-activations"
    symptom = Symptom.VANISHING_ACTIVATIONS
    remedy = "scale the weights up by the root of the factor a layer, or normalise every few layers"
    implied_by = (Symptom.VANISHING_GRADIENTS,)
    bad = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, width=64, depth=12):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in range(depth)])  # bad
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = linear(x) * torch.sigmoid(gate(x))
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
            x = x + linear(x) * torch.sigmoid(gate(x))
        return self.head(self.norm(x))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        where = f"along {extent(diagnosis)}{each_layer(diagnosis, 'signal_factor_per_layer')}"
        return (
            f"{network.name}: the signal's second moment is multiplied by {power(-diagnosis.value)} {where} "
            f"(measured); between {power(-diagnosis.limit)} and {power(diagnosis.limit)} is expected: "
            f"what comes behind learns next to nothing of the input"
        )
