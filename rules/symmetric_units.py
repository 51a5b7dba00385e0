"""INL607."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.frameworks.draws import DEFAULT_INIT
from initlint.network import Network

from .symptoms import SymptomRule, listed, subject


class SymmetricUnits(SymptomRule):
    """Units of a layer have equal weights and get equal gradients.

    Why: equal units that get equal gradients stay equal under every optimiser that treats all weights alike: the layer is
    as wide as the number of its different units.
    Measured: rows of the weight that equal another row bit for bit, and whose gradients are equal and not zero.
    Silent on: less than half of the units, constant weights (INL101), units whose gradients differ, frozen weights.
    Fix: draw every weight for itself.
    Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, section 8.4.
    """

    code = "INL607"
    name = "symmetric-units"
    symptom = Symptom.SYMMETRIC_UNITS
    remedy = f"draw each unit's weights for itself: {DEFAULT_INIT}"
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)  # bad
        self.fc2 = nn.Linear(64, 1)
        with torch.no_grad():
            self.fc1.weight.copy_(torch.randn(32).expand(64, 32))
            self.fc1.bias.zero_()
            self.fc2.weight.fill_(1 / 64)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 1)
        with torch.no_grad():
            self.fc1.weight.copy_(torch.randn(64, 32) / 32**0.5)
            self.fc1.bias.zero_()
            self.fc2.weight.fill_(1 / 64)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        return (
            f"{subject(network, diagnosis)}: {diagnosis.value:.0%} of its units have the same weights and the same gradient as "
            f"another (measured), 0 is expected ({listed(diagnosis.names)}): they stay equal under any optimiser"
        )
