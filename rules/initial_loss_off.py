"""INL612."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Severity
from initlint.frameworks.draws import ZERO_HEAD
from initlint.network import Network

from .symptoms import SymptomRule, number


class InitialLossOff(SymptomRule):
    """The initial loss is far above that of a model that knows nothing.

    Why: a classifier that starts sure of itself and wrong spends its first hundreds of steps unlearning its head: the
    curve of loss looks like a hockey stick. With C classes an even guess costs ln C.
    Measured: the loss of one batch with classes drawn evenly, over ln C.
    Silent on: less than three times the expected loss, losses whose expected value is not known, and networks in which
    another rule reports what makes the signal grow.
    Fix: a head with small weights (std 0.02 or 1/sqrt(fan_in), or zeros), a scale on tied or normalised logits.
    Source: Karpathy, A Recipe for Training Neural Networks, 2019 ("verify loss @ init").
    """

    code = "INL612"
    name = "initial-loss-off"
    symptom = Symptom.INITIAL_LOSS_OFF
    remedy = f"scale the last layer's weights down, or start them at zero: {ZERO_HEAD}"
    least = Severity.INFO
    implied_by = (
        Symptom.EXPLODING_ACTIVATIONS,
        Symptom.EXPLODING_GRADIENTS,
        Symptom.INPUT_IGNORED,
        Symptom.NON_FINITE,
    )
    bad = """
import torch
from torch import nn


class Net(nn.Module):  # bad
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.head = nn.Linear(128, 10)
        nn.init.normal_(self.head.weight, std=2.0)

    def forward(self, x):
        return self.head(torch.tanh(self.fc1(x)))
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.head = nn.Linear(128, 10)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, x):
        return self.head(torch.tanh(self.fc1(x)))
"""

    def is_silent(self, network: Network, diagnosis: Diagnosis) -> bool:
        """Only of classes it is known what a model that knows nothing costs: a prior may sit in a regression's bias."""
        return diagnosis.evidence.get("kind") != "cross-entropy" or super().is_silent(network, diagnosis)

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        loss, expected = number(diagnosis, "loss") or 0.0, number(diagnosis, "expected") or 0.0
        return (
            f"{network.name}: the initial loss is {loss:.3g} (measured, cross-entropy), about {expected:.3g} is "
            f"expected of a model that knows nothing: the first steps only scale the output down"
        )
