"""What a model ends in against the loss that it is compiled with, for frameworks where the model says both."""

from __future__ import annotations

from typing import NamedTuple

from initlint.finding import Severity
from initlint.frameworks.remedies import FROM_LOGITS, FROM_PROBABILITIES, LOSS_CLIP
from initlint.network import Layer, Network

SQUASHING = {"categorical": "softmax", "binary": "sigmoid"}
"""Kind of cross-entropy -> the activation that makes what it takes, unless it takes logits."""
PLAIN = frozenset({"linear", "conv"})


class Mismatch(NamedTuple):
    """What is wrong, how bad that is, and what to do."""

    severity: Severity
    said: str
    remedy: str


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
        return _applied_twice(training.loss, ending)
    if not training.takes_logits and ending == "raw":
        return _missing(training.loss, wanted)
    return None


def _ending(network: Network) -> str | None:
    """``"raw"`` for a linear map, else the activation that the only output comes from."""
    if len(network.outputs) != 1:
        return None
    known: dict[int, Layer] = {layer.id: layer for layer in network.layers}
    last = known[network.outputs[0]]
    if last.op in PLAIN:
        return "raw"
    return "softmax" if last.op == "softmax" else last.activation if last.op == "activation" else None


def _applied_twice(loss: str, ending: str) -> Mismatch:
    said = (
        f"the {loss} cross-entropy takes logits and is given the output of a {ending}, which it squashes once more: "
        "its values lie within 1 of each other, so that no class gets a probability near 1"
    )
    return Mismatch(Severity.WARNING, said, f"leave out the {ending}, or {FROM_PROBABILITIES}")


def _missing(loss: str, wanted: str) -> Mismatch:
    said = (
        f"the {loss} cross-entropy takes probabilities and is given the output of a layer as it is: it is clipped to "
        f"{LOSS_CLIP:g} at the least, and what is clipped gets no gradient"
    )
    return Mismatch(Severity.WARNING, said, FROM_LOGITS.format(wanted))
