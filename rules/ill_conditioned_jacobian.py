"""INL611."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.frameworks.draws import ORTHOGONAL
from initlint.network import Network

from .symptoms import SymptomRule, number
from .wording import power


class IllConditionedJacobian(SymptomRule):
    """The singular values of the input-output Jacobian are spread too far.

    Why: a network whose Jacobian stretches some directions and crushes others learns the one and not the other; dynamical
    isometry, all singular values near 1, is what lets very deep plain networks train.
    Measured: largest over smallest singular value for one sample, or a lower bound of it.
    Silent on: a ratio below 4000, and networks with weights that start at zero on purpose.
    Fix: orthogonal weights (nn.init.orthogonal_), skips, fewer layers.
    Source: Saxe, McClelland and Ganguli 2014, arXiv:1312.6120; Pennington et al. 2017, arXiv:1711.04735.
    """

    code = "INL611"
    name = "ill-conditioned-jacobian"
    default = False
    symptom = Symptom.ILL_CONDITIONED_JACOBIAN
    remedy = f"use orthogonal weights ({ORTHOGONAL}), skips, or fewer layers"
    has_causes = False
    bad = """
import torch
from torch import nn


class Net(nn.Module):  # bad
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        with torch.no_grad():
            self.fc.weight.mul_(torch.logspace(0, -7, 8).unsqueeze(1))

    def forward(self, x):
        return self.fc(x)
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        nn.init.orthogonal_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        largest, smallest = number(diagnosis, "largest") or 0.0, number(diagnosis, "smallest") or 0.0
        return (
            f"{network.name}: the singular values of the Jacobian reach from {smallest:.2g} to {largest:.2g} (measured), a ratio "
            f"below {power(diagnosis.limit)} is expected: some directions are learned long before others"
        )
