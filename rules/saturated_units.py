"""INL605."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.frameworks.draws import XAVIER
from initlint.network import Network

from .symptoms import SymptomRule, listed, number, subject


class SaturatedUnits(SymptomRule):
    """Most of a layer's units sit in the flat part of their activation.

    Why: a tanh beyond 2 or a sigmoid beyond 3.5 has a slope near zero: the unit passes no gradient, and its weights move
    only when the whole batch agrees. In an attention all the weight lies on one key, with the same effect.
    Measured: share of entries where the slope is below 6 % of the largest; for attention the spread of its logits.
    Silent on: less than 80 %, gates beside the main path, output layers, and layers that a rule on causes reports.
    Fix: smaller weights or biases before it, centred and scaled inputs, a norm; in attention 1/sqrt(d).
    Source: Glorot and Bengio 2010, section 3; LeCun et al. 1998, section 4.6.
    """

    code = "INL605"
    name = "saturated-units"
    symptom = Symptom.SATURATED_UNITS
    remedy = f"scale the weights before it down ({XAVIER}), scale the inputs to variance 1, or normalise before it"
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))  # bad
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.xavier_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        spread = number(diagnosis, "logits_std")
        if spread is not None:
            return (
                f"{subject(network, diagnosis)}: what its softmax is taken of has std {spread:.3g} (measured), about 1 is "
                f"expected: one key takes nearly all the weight, and no gradient passes"
            )
        return (
            f"{subject(network, diagnosis)}: {diagnosis.value:.0%} of its entries are in the flat part of the activation "
            f"(measured), less than {diagnosis.limit:.0%} is expected ({listed(diagnosis.names)}): they pass hardly any gradient"
        )
