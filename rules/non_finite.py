"""INL608."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Severity
from initlint.network import Network

from .symptoms import SymptomRule, subject


class NonFinite(SymptomRule):
    """A value that is not finite: NaN or infinity in a parameter, an activation, a gradient or the loss.

    Why: the first step carries one NaN into every weight. Where it is seen last, the loss, says nothing about where it
    comes from.
    Measured: the first operation, in signal order, whose output is not finite and reaches an output; else the operation
    whose own backward pass gives the first gradient that is not.
    Silent on: masks of infinity that a softmax takes away again.
    Fix: keep the argument of log, sqrt, division and power away from where they are not defined; clamp, or add an epsilon
    inside.
    Source: the documentation of torch.autograd.detect_anomaly.
    """

    code = "INL608"
    name = "non-finite"
    severity = Severity.ERROR
    symptom = Symptom.NON_FINITE
    remedy = "keep what goes into it where it is defined: clamp it, or add an epsilon inside the root, log or division"
    has_causes = False
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 32)
        self.fc2 = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc2(torch.sqrt(self.fc1(x)))  # bad
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 32)
        self.fc2 = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc2(torch.sqrt(self.fc1(x).square() + 1e-6))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        where = str(diagnosis.evidence.get("where", "value"))
        share = f"{diagnosis.value:.2g}" if 0 < diagnosis.value <= 1 else "some"
        return (
            f"{subject(network, diagnosis)}: {share} of the entries of its {where} are not finite (measured, seen here first), "
            f"all must be: the first step makes every weight NaN"
        )
