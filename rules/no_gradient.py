"""INL609."""

from __future__ import annotations

from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.frameworks.remedies import STRAIGHT_THROUGH
from initlint.network import Layer, Network

from .symptoms import SymptomRule, listed


class NoGradient(SymptomRule):
    """Trained weights that take part in the forward pass and whose gradient is exactly zero.

    Why: they never move. Rounding, comparisons and integer casts have slope zero everywhere; a softmax over one unit, a
    dead rectifier or an underflow gives the same.
    Measured: share of the trained weights with a gradient of exactly 0 in every entry, though used.
    Silent on: less than a quarter of the weights, frozen ones, those that another branch of the model uses, biases before
    a norm, attention over one key, and what lies behind a gate that starts at zero on purpose (zero gamma, layer scale,
    LoRA's B, zero heads).
    Fix: a straight-through estimator for what has no slope, or freeze what is not to be trained.
    Source: Bengio, Leonard and Courville 2013, arXiv:1308.3432.
    """

    code = "INL609"
    name = "no-gradient"
    symptom = Symptom.NO_GRADIENT
    remedy = f"give what has no slope a straight-through gradient: {STRAIGHT_THROUGH}; freeze what is not trained"
    implied_by = (Symptom.DEAD_UNITS,)
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(32, 64)  # bad
        self.decoder = nn.Linear(64, 4)

    def forward(self, x):
        return self.decoder(torch.round(self.encoder(x)))
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(32, 64)
        self.decoder = nn.Linear(64, 4)

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code + (torch.round(code) - code).detach())
"""

    def is_silent(self, network: Network, diagnosis: Diagnosis) -> bool:
        """Attention over a single key, for which inputs of one step are to blame, passes no gradient to queries and keys."""
        return any(map(_has_one_key, network.live())) or super().is_silent(network, diagnosis)

    def message(self, network: Network, diagnosis: Diagnosis) -> str:
        """Object, measured value, expected range, consequence."""
        return (
            f"{listed(diagnosis.names)}: the gradient is exactly 0 for {diagnosis.value:.0%} of all trained weights "
            f"(measured), 0 % is expected: they never move"
        )


def _has_one_key(layer: Layer) -> bool:
    """Whether it is a softmax that gives nothing but 1."""
    row = layer.measured
    if row is not None and row.logits is not None:
        return row.logits.shape[-1:] == (1,)
    return layer.op == "softmax" and row is not None and row.output.mean == 1 and row.output.second == 1
