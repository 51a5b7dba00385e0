"""INL503."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.remedies import BINARY_LOSS, CLASS_LOSS
from initlint.network import Network
from initlint.program import Program
from initlint.program.ending import RAW, Ending
from initlint.program.losses import LossInput, layers_before, units_of
from initlint.program.rebuilding import is_rebuilt
from initlint.rule import Rule

from .compiled_losses import mismatch
from .mending_losses import mended
from .single_unit_softmax import made_by, units

EXAMPLE_CLASSES = 10
"""Classes for which the numbers are given where their count is not known."""
LOGIT_RANGE = 1.0
"""Supremum minus infimum of a softmax and of a sigmoid."""
SLOPE_OF_SIGMOID = 0.25
"""The largest."""
UNBOUNDED = frozenset(
    {"relu", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardswish", "softplus"}
)
"""Activations without an upper bound."""
BOUNDED = frozenset({"sigmoid", "tanh", "softsign", "hardsigmoid", "relu6", "hardtanh"})
LOGARITHMS = frozenset({"log_softmax", "logsigmoid"})


class Verdict(NamedTuple):
    """What follows for training, and what to do."""

    severity: Severity
    consequence: str
    remedy: str
    least_loss: float | None = None
    """The least value that the loss can take."""


class ActivationLossMismatch(Rule):
    """An output activation that the loss does not expect: applied twice, or missing.

    Why: cross-entropy and BCEWithLogitsLoss apply softmax and sigmoid themselves. Given probabilities, the logits lie
    within 1 of each other: no class gets a probability near 1, and the gradient passes a softmax or a sigmoid once more than
    it should. NLLLoss and BCELoss apply none: of raw logits NLLLoss falls without bound, and BCELoss raises.
    Predicted: softmax or sigmoid into cross-entropy of C classes: a loss of at least ln(e + C - 1) - 1, and a gradient
    times 1/C or 1/4 at the start; into the binary loss: at least ln(1 + 1/e) for a positive and ln 2 for a negative.
    Silent on: whatever does not end in one of these for certain, on every way through the model: a softmax outside of
    training only, a logarithm behind it, losses of the project's own, losses that are chosen at run time.
    Fix: give the loss what it takes.
    Source: the documentation of torch.nn.CrossEntropyLoss and torch.nn.BCEWithLogitsLoss; "Softmax + cross-entropy: do I
    apply softmax?", discuss.pytorch.org, asked time and again.
    """

    code = "INL503"
    name = "activation-loss-mismatch"
    mends_dialects = True
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        return torch.softmax(self.fc2(x), dim=1)  # bad


def train(model: Net, batches, optimizer):
    criterion = nn.CrossEntropyLoss()
    for images, labels in batches:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def train(model: Net, batches, optimizer):
    criterion = nn.CrossEntropyLoss()
    for images, labels in batches:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges a model that says itself what loss it is trained with."""
        found = mismatch(network)
        if found is not None and network.training is not None:
            numbers = {"network": network.name, "loss": network.training.loss}
            yield self.finding(
                network.training.place,
                f"{network.name}: {found.said}",
                help=found.remedy,
                severity=found.severity,
                predicted=numbers,
                fix=found.fix,
            )

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges every loss by what its input ends in; what several losses are given is reported once."""
        found: dict[tuple[object, ...], list[_Mismatch]] = {}
        for met in program.loss_inputs():
            mismatches = _mismatches(met)
            if any(is_rebuilt(program, one.ending) for one in mismatches):
                continue
            for one in mismatches:
                found.setdefault((one.place, one.ending.kind), []).append(one)
        return (self._finding(program, same) for same in found.values())

    def _finding(self, program: Program, same: list[_Mismatch]) -> Finding:
        first = same[0]
        classes = _classes(program, first.ending)
        verdict = _verdict(first.met.kind, first.ending, classes)
        assert verdict is not None
        loss, what = first.met.loss, _in_words(first.ending)
        numbers = {"ends_in": what, "loss": loss, "classes": classes, "least_loss": verdict.least_loss}
        places = [(one.met.call.place, f"{one.met.loss} of it") for one in same if one.met.call.place != first.place]
        if first.place != first.ending.place:
            places.append((first.ending.place, "what it is given"))
        message = f"{loss} is given {what}, expected {EXPECTED[first.met.kind]}: {verdict.consequence}"
        return self.finding(
            first.place,
            message,
            help=verdict.remedy,
            severity=verdict.severity,
            predicted=numbers,
            related=list(dict.fromkeys(places)),
            fix=mended(program, [one.met for one in same], first.ending),
        )


EXPECTED = {
    "categorical": "raw logits",
    "binary": "raw logits",
    "log-probabilities": "log-probabilities",
    "probabilities": "probabilities",
}


@dataclass(frozen=True)
class _Mismatch:
    met: LossInput
    ending: Ending

    @property
    def place(self) -> Place:
        """The line to change: the activation that is too much, or the loss that lacks one."""
        return self.met.made.place if self.ending.op in RAW else self.ending.place


def _mismatches(met: LossInput) -> list[_Mismatch]:
    """What the loss does not expect, if it is given nothing else."""
    if any(_verdict(kind, ending, None) is None for kind in met.kinds for ending in met.endings):
        return []
    return [_Mismatch(met, ending) for ending in met.endings]


def _in_words(ending: Ending) -> str:
    return "the output of a layer as it is" if ending.op in RAW else f"the output of a {ending.kind}"


def _verdict(kind: str, ending: Ending, classes: int | None) -> Verdict | None:
    """What is wrong with an ending in front of a loss of that kind; `None` if nothing is, or nothing certain."""
    what = "raw" if ending.op in RAW else ending.kind
    if not ending.is_default:
        return None
    if kind == "categorical":
        return _of_categorical(what, classes)
    if kind == "binary":
        return _of_binary(what)
    if kind == "log-probabilities":
        return _of_logarithms(what, classes)
    return _of_probabilities(what, is_part=ending.is_part)


def _of_categorical(what: str, classes: int | None) -> Verdict | None:
    if what == "log_softmax":
        said = "it applies log_softmax itself, which leaves log-probabilities as they are: the first one does nothing"
        return Verdict(Severity.INFO, said, "remove the log_softmax, or use NLLLoss")
    if what not in ("softmax", "sigmoid"):
        return None
    count = classes or EXAMPLE_CLASSES
    least = math.log(math.e**LOGIT_RANGE + count - 1) - LOGIT_RANGE
    bound = f"with {count} classes the loss cannot fall below {least:.3f}"
    if classes is None:
        bound = f"the loss of C classes cannot fall below ln(e + C - 1) - 1, {least:.3f} for {count}"
    share = f"at most {SLOPE_OF_SIGMOID:g}" if what == "sigmoid" else f"1/{classes or 'C'}"
    said = f"{bound}, and its gradient starts at {share} of its size"
    return Verdict(Severity.WARNING, said, f"remove the {what}; apply it where probabilities are wanted", least)


def _of_binary(what: str) -> Verdict | None:
    if what in LOGARITHMS:
        least = math.log(2)
        said = (
            f"none is above 0, so that no probability passes 1/2: the loss of a positive cannot fall below {least:.3f}"
        )
    elif what in ("softmax", "sigmoid"):
        least = math.log1p(math.exp(-LOGIT_RANGE))
        said = (
            f"they lie between 0 and 1, so that the loss of a positive cannot fall below {least:.3f}, "
            f"nor that of a negative below {math.log(2):.3f}"
        )
    else:
        return None
    return Verdict(Severity.WARNING, said, f"remove the {what}; apply it where probabilities are wanted", least)


def _of_logarithms(what: str, classes: int | None) -> Verdict | None:
    if what == "softmax":
        share = f"1/{classes or 'C'}"
        said = f"the loss is minus the probability, between -1 and 0, and its gradient starts at {share} of its size"
        return Verdict(Severity.WARNING, said, "use log_softmax instead of the softmax", -1.0)
    if what in BOUNDED:
        said = "nothing pushes the other classes down: all outputs go to the upper bound, and no class is told from another"
        return Verdict(Severity.ERROR, said, f"remove the {what} and use {CLASS_LOSS}")
    if what in UNBOUNDED | {"raw"}:
        remedy = f"use {CLASS_LOSS}" if what == "raw" else f"remove the {what} and use {CLASS_LOSS}"
        said = (
            "it is minus the output of the right class, which nothing normalises: it falls without bound, and diverges"
        )
        return Verdict(Severity.ERROR, said, remedy)
    return None


def _of_probabilities(what: str, *, is_part: bool) -> Verdict | None:
    if what == "softmax" and not is_part:
        said = "they sum to 1, so that with k labels at once the loss of these cannot fall below ln k"
        remedy = f"for one label a sample, use {CLASS_LOSS} of the logits; for several, {BINARY_LOSS}"
        return Verdict(Severity.INFO, said, remedy)
    if what in LOGARITHMS or what in UNBOUNDED or what in ("raw", "tanh", "softsign"):
        remedy = f"use {BINARY_LOSS}" if what == "raw" else f"remove the {what} and use {BINARY_LOSS}"
        return Verdict(Severity.ERROR, "it raises an error at the first value outside of 0 to 1", remedy)
    return None


def _classes(program: Program, ending: Ending) -> int | None:
    """How many units the layer before an activation has, where a network holds one of the two, or the source says so."""
    layers = layers_before(program, ending)
    found: set[object] = set()
    for network in program.networks():
        known = {layer.id: layer for layer in network.layers}
        for layer in network.layers:
            before = made_by(layer, known) if layer.place == ending.place and layer.inputs else layer
            if before is not None and (before is not layer or layer.place in {one.place for one in layers}):
                found.add(units(before))
    counts = found or {units_of(program, one) for one in layers}
    count = counts.pop() if len(counts) == 1 else None
    return count if isinstance(count, int) else None
