"""INL306."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.program import Program
from initlint.program.ending import Ending
from initlint.program.losses import LossInput
from initlint.rule import Rule

BOUNDS: dict[str, tuple[float, float]] = {
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "elu": (-1.0, math.inf),
    "celu": (-1.0, math.inf),
    "selu": (-1.758, math.inf),
    "gelu": (-0.170, math.inf),
    "silu": (-0.278, math.inf),
    "mish": (-0.309, math.inf),
    "hardswish": (-0.375, math.inf),
    "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
"""Infimum and supremum of one-sided and saturating activations with their default parameters. A sigmoid or softmax in
front of such a loss is a matter of its own."""
FLAT = frozenset({"relu", "relu6"})
"""Those with slope 0 on half of a centred signal."""
EXAMPLE_CLASSES = 10
"""Classes for which the least loss is given."""


class ActivationBeforeLoss(Rule):
    """A ReLU, or another one-sided or saturating activation, on the logits of a loss.

    Why: cross-entropy makes probabilities of logits of any sign and size. Behind a ReLU no logit is negative, half of them
    are 0 at the start and get no gradient, and no binary probability is below 1/2; behind a tanh the largest
    probability among 10 classes is 0.45.
    Predicted: the least loss that the bounds of the activation leave: softplus of the lower bound for a binary loss,
    ln(1 + (C - 1) exp(-range)) for C classes.
    Silent on: losses that take no logits (regression onto a bounded range), logits that are scaled behind the activation,
    LeakyReLU, sigmoid and softmax, and wherever model or loss may be something else.
    Fix: give the loss what the last linear layer computes.
    Source: the documentation of torch.nn.CrossEntropyLoss ("unnormalized logits"); Goodfellow, Bengio and Courville, Deep
    Learning, 2016, section 6.2.2.
    """

    code = "INL306"
    name = "activation-before-loss"
    bad = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return F.relu(self.fc2(x))  # bad


def train(model: Net, batches, optimizer):
    criterion = nn.CrossEntropyLoss()
    for images, labels in batches:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
    good = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


def train(model: Net, batches, optimizer):
    criterion = nn.CrossEntropyLoss()
    for images, labels in batches:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges the logits of every loss by what they end in."""
        for met in program.loss_inputs():
            if met.logits and len(met.kinds) == 1 and all(_is_bounded(ending) for ending in met.logits):
                yield from (self._finding(met, ending.kind, ending.place) for ending in met.logits)

    def _finding(self, met: LossInput, kind: str, place: Place) -> Finding:
        low, high = BOUNDS[kind]
        sides = " and ".join(
            text for text in (f"below {low:g}" * math.isfinite(low), f"above {high:g}" * math.isfinite(high)) if text
        )
        least, said = _least_loss(met.kind, low, high)
        flat = "half of them start at 0 without a gradient" if kind in FLAT else ""
        consequence = "; ".join(part for part in (said, flat) if part) or "the wrong classes can hardly be pushed down"
        message = f"{kind} in front of {met.loss}, which wants raw logits: none is {sides}: {consequence}"
        numbers = {"activation": kind, "loss": met.loss, "least_logit": low, "largest_logit": high, "least_loss": least}
        return self.finding(
            place,
            message,
            help=f"remove the {kind}: {met.loss} takes what the last linear layer computes",
            predicted=numbers,
            related=[(met.call.place, f"{met.loss} of it")],
        )


def _least_loss(kind: str, low: float, high: float) -> tuple[float | None, str]:
    """The least loss that logits between two bounds can give, also in words; `None` if nothing but 0 bounds it."""
    if kind == "binary":
        least = math.log1p(math.exp(low))
        return least, f"the loss of a negative example stays above {least:.2g}"
    if math.isinf(high - low):
        return None, ""
    least = math.log1p((EXAMPLE_CLASSES - 1) * math.exp(low - high))
    return least, f"with {EXAMPLE_CLASSES} classes the loss stays above {least:.2g}"


def _is_bounded(ending: Ending) -> bool:
    return ending.op == "activation" and ending.is_default and ending.kind in BOUNDS
