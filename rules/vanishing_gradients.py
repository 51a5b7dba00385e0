"""INL603."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.network import Network

from .symptoms import SymptomRule, each_layer, extent, number
from .wording import power


class VanishingGradients(SymptomRule):
    """The gradient dies on its way back to the input.

    Why: the first layers learn as fast as the gradient that reaches them is large, relative to the last ones'. Beyond
    three decades plain SGD does not train them in any reasonable time, beyond ten Adam does not either.
    Measured: the sum of the gradient's squares behind the first hidden layer over that behind the last hidden one, of a
    random cotangent; over time, from the last output of a recurrent layer back to its first input.
    Silent on: less than 3.3 decades (8 where norms hold the scale), branches beside the main path, layers behind a gate
    that starts at zero, and layers that a rule on causes reports.
    Fix: an init that keeps the variance, skips or norms; for recurrent layers gates or orthogonal weights.
    Source: Hochreiter 1991; Glorot and Bengio 2010, section 4.2; Schoenholz et al. 2017, arXiv:1611.01232, figure 5.
    """

    code = "INL603"
    name = "vanishing-gradients"
    symptom = Symptom.VANISHING_GRADIENTS
    remedy = (
        "add skip connections or a norm every few layers, or scale the weights up by the root of the factor a layer"
    )
    implied_by = (Symptom.NO_GRADIENT, Symptom.DEAD_UNITS)
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
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        for linear, gate in zip(self.maps, self.gates):
            x = x + linear(x) * torch.sigmoid(gate(x))
        return self.head(self.norm(x))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        steps = number(diagnosis, "steps")
        where = f"along {extent(diagnosis)}" if steps is None else f"over {steps:.0f} steps of {extent(diagnosis)}"
        each = each_layer(diagnosis, "gradient_factor_per_layer") if steps is None else ""
        return (
            f"{network.name}: the gradient's second moment is multiplied by {power(-diagnosis.value)} back {where}{each} "
            f"(measured); {power(-diagnosis.limit)} to {power(diagnosis.limit)} is expected: "
            f"the first layers hardly learn"
        )
