"""INL606."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.frameworks.remedies import LEAKY_RECTIFIER
from initlint.network import Network

from .symptoms import SymptomRule, listed, subject


class DeadUnits(SymptomRule):
    """Nearly all units of a layer are zero for the whole batch.

    Why: a rectifier that is zero for every input passes no gradient: its weights never move again. A large negative bias,
    or weights with a negative mean on positive inputs, kills whole layers.
    Measured: share of units, or channels, that are 0 for all samples, beyond what chance does in a batch of this size.
    Silent on: less than 95 %, activations that are nowhere flat, and layers that a rule on causes reports.
    Fix: biases that start at 0, centred weights; LeakyReLU or GELU.
    Source: Lu, Shin, Su and Karniadakis 2019, arXiv:1903.06733; Maas, Hannun and Ng 2013.
    """

    code = "INL606"
    name = "dead-units"
    symptom = Symptom.DEAD_UNITS
    remedy = f"start the biases before it at 0 and draw the weights around 0, or use {LEAKY_RECTIFIER}"
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)
        nn.init.constant_(self.fc1.bias, -10.0)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())  # bad
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)
        nn.init.constant_(self.fc1.bias, 0.01)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        return (
            f"{subject(network, diagnosis)}: {diagnosis.value:.0%} of its units are 0 for the whole batch (measured), less than "
            f"{diagnosis.limit:.0%} is expected ({listed(diagnosis.names)}): they get no gradient and never move"
        )
