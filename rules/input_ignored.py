"""INL610."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.network import Network

from .symptoms import SymptomRule, number


class InputIgnored(SymptomRule):
    """Different inputs become nearly the same output.

    Why: what all samples have in common grows layer by layer until it drowns what tells them apart: the last layers see
    one vector whatever goes in, and training has to undo that first.
    Measured: cosine of two different samples behind the last hidden layer of a plain stack.
    Silent on: a cosine below 0.999, inputs that are alike themselves, networks with skips, attention, recurrence or norms,
    and layers that a rule on causes reports.
    Fix: biases at 0 and centred weights, a norm, skips; fewer layers.
    Source: Schoenholz et al. 2017, arXiv:1611.01232, section 3; Poole et al. 2016, arXiv:1606.05340.
    """

    code = "INL610"
    name = "input-ignored"
    symptom = Symptom.INPUT_IGNORED
    remedy = "start the biases at 0 and draw the weights around 0, or put a norm between the layers"
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 64)
        self.out = nn.Linear(64, 4)
        nn.init.constant_(self.fc1.bias, 100.0)

    def forward(self, x):
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))  # bad
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 64)
        self.out = nn.Linear(64, 4)
        nn.init.constant_(self.fc1.bias, 0.1)

    def forward(self, x):
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        return (
            f"{network.name}: two different inputs have cosine {number(diagnosis, 'correlation') or 1:.6g} behind "
            f"{diagnosis.evidence.get('at') or 'the last layer'} (measured), below {1 - 0.1**diagnosis.limit:.3g} is "
            f"expected: the output hardly depends on the input"
        )
