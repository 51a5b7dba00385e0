"""INL613."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Severity
from initlint.frameworks.remedies import LOSS_SCALER
from initlint.network import Network

from .symptoms import SymptomRule


class HalfPrecisionUnderflow(SymptomRule):
    """Half precision makes many gradient entries zero.

    Why: float16 holds nothing below 6e-8. Gradients that are smaller become 0, and their weights do not move.
    Measured: the share of nonzero gradient entries that the type cannot hold, of the typical parameter, for a gradient of
    size 1 at the output; a loss averaged over the batch gives smaller ones, so that more are lost.
    Silent on: less than 5 %.
    Fix: torch.amp.GradScaler, or bfloat16, which has float32's range.
    Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.2.
    """

    code = "INL613"
    name = "half-precision-underflow"
    default = False
    symptom = Symptom.HALF_PRECISION_UNDERFLOW
    remedy = f"scale the loss with {LOSS_SCALER}, or run in bfloat16"
    least = Severity.INFO
    has_causes = False
    bad = """
from torch import nn


class Net(nn.Module):  # bad
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu()) * 1e-7
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        return (
            f"{network.name}: float16 makes {diagnosis.value:.0%} of the gradient entries of the typical parameter zero "
            f"(measured), less than 5 % is expected: those weights do not move"
        )
