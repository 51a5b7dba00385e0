"""What a model ends in against the loss that it is compiled with, for frameworks where the model says both."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from initlint.finding import Severity
from initlint.fix import Plan
from initlint.frameworks.remedies import FROM_LOGITS, FROM_PROBABILITIES, LOSS_CLIP
from initlint.network import Layer, Network, Training

from .mending_compiled import activated, told_logits, told_probabilities

SQUASHING = {"categorical": "softmax", "binary": "sigmoid"}
"""Kind of cross-entropy -> the activation that makes what it takes, unless it takes logits."""
BY_THRESHOLD = "sigmoid"
"""The activation without which metrics, which compare with 1/2, are wrong even where the loss is told of logits."""
PLAIN = frozenset({"linear", "conv"})


class Mismatch(NamedTuple):
    """What is wrong, how bad that is, and what to do."""

    severity: Severity
    said: str
    remedy: str
    fix: Plan


def mismatch(network: Network) -> Mismatch | None:
    """`None` where the only output is what the loss takes, or not known for certain."""
    training = network.training
    if training is None or training.loss not in SQUASHING or training.takes_logits is None:
        return None
    ending = _ending(network)
    if ending is None:
        return None
    wanted = SQUASHING[training.loss]
    if training.takes_logits and ending in SQUASHING.values():
        return _applied_twice(training, ending)
    if not training.takes_logits and ending == "raw":
        return _missing(training, wanted, network)
    return None


def _ending(network: Network) -> str | None:
    """``"raw"`` for a linear map, else the activation that the only output comes from."""
    if len(network.outputs) != 1:
        return None
    last = _last(network)
    if last.op in PLAIN:
        return "raw"
    return "softmax" if last.op == "softmax" else last.activation if last.op == "activation" else None


def _last(network: Network) -> Layer:
    return next(layer for layer in network.layers if layer.id == network.outputs[0])


def _applied_twice(training: Training, ending: str) -> Mismatch:
    said = (
        f"the {training.loss} cross-entropy takes logits and is given the output of a {ending}, which it squashes once more: "
        "its values lie within 1 of each other, so that no class gets a probability near 1"
    )
    remedy = f"leave out the {ending}, or {FROM_PROBABILITIES}"
    return Mismatch(Severity.WARNING, said, remedy, partial(told_probabilities, training.place))


def _missing(training: Training, wanted: str, network: Network) -> Mismatch:
    said = (
        f"the {training.loss} cross-entropy takes probabilities and is given the output of a layer as it is: it is clipped to "
        f"{LOSS_CLIP:g} at the least, and what is clipped gets no gradient"
    )
    fix: Plan = partial(told_logits, training.place)
    if wanted == BY_THRESHOLD:
        fix = partial(activated, _last(network).place, wanted)
    return Mismatch(Severity.WARNING, said, FROM_LOGITS.format(wanted), fix)
