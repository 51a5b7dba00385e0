"""INL614."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Severity
from initlint.network import Network

from .symptoms import SymptomRule, number


class UpdateRatio(SymptomRule):
    """The first step changes some weights far more than others, relative to their size.

    Why: about a thousandth of a weight's size a step is usual. Where one layer moves by a hundredth of itself and another
    by a millionth, no learning rate suits both.
    Measured: RMS of the first optimiser step over RMS of the weight, of the fastest weight over the slowest; with --steps.
    Silent on: less than a factor of ten, weights without a gradient, biases and scales.
    Fix: an init and norms that level the layers, an optimiser that scales by layer (LARS, LAMB, Adam).
    Source: You, Gitman and Ginsburg 2017, arXiv:1708.03888; Bottou 2012, section 5.2.
    """

    code = "INL614"
    name = "update-ratio"
    default = False
    symptom = Symptom.UPDATE_RATIO
    remedy = (
        "level the layers with an init by the fan or with norms, or use an optimiser that scales each step (Adam, LAMB)"
    )
    least = Severity.INFO
    has_causes = False
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)  # bad
        nn.init.normal_(self.fc2.weight, std=1e-4)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 64)
        nn.init.orthogonal_(self.fc1.weight)
        nn.init.orthogonal_(self.fc2.weight)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        largest, smallest = number(diagnosis, "largest") or 0.0, number(diagnosis, "smallest") or 0.0
        return (
            f"{diagnosis.names[0]}: the first step of {diagnosis.evidence.get('optimizer')} changes it by {largest:.2g} of "
            f"its size, and {diagnosis.names[-1]} by {smallest:.2g} (measured), a ratio below 10 is right"
        )
