"""INL303."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.frameworks.remedies import RECTIFIER
from initlint.network import Layer, Network
from initlint.rule import Rule

PASSING = frozenset({"dropout", "reshape", "scale", "activation", "pool"})
HIDDEN = frozenset({"linear", "conv"})
CHOOSING = frozenset({"gumbel_softmax"})
"""Softmaxes that are meant to pick one entry of a codebook."""


class SoftmaxBetweenLayers(Rule):
    """A softmax feeding a hidden layer.

    Why: a softmax over n units gives values around 1/n that sum to 1: the layer after it sees a signal n times smaller,
    on a simplex, with one dimension lost, and the gradient through it is of the order 1/n^2.
    Predicted: E[p^2] = about 1/n^2 for the n units, against 1/2 behind a ReLU.
    Measured: the variance in front of and behind it.
    Silent on: outputs, attention weights, mixture gates and routers, reads from a memory or codebook.
    Fix: a rectifier between layers; softmax belongs to the output, or into the loss.
    Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, section 6.2.2.3.
    """

    code = "INL303"
    name = "softmax-between-layers"
    bad = """
from torch import nn

net = nn.Sequential(
    nn.Linear(64, 128),
    nn.Softmax(dim=1),  # bad
    nn.Linear(128, 10),
)
"""
    good = """
from torch import nn

net = nn.Sequential(
    nn.Linear(64, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
    nn.Softmax(dim=1),
)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for a softmax of a linear map's output whose only way on is another linear layer."""
        consumers = network.consumers()
        by_id = {layer.id: layer for layer in network.layers}
        for layer in network.live():
            if layer.op == "softmax" and layer.kind not in CHOOSING and _comes_from_layer(layer, by_id):
                after = _fed(network, layer, consumers)
                if after is not None:
                    yield self._finding(network, layer, after)

    def _finding(self, network: Network, layer: Layer, after: Layer) -> Finding:
        units = after.fan_in if isinstance(after.fan_in, int) else None
        size = f"{units} values around {1 / units:.2g}" if units else "values around 1/n"
        message = (
            f"{network.name}: {layer.kind} feeds {after.name or after.kind}: it gets {size} that sum to 1, and the gradient "
            f"behind it shrinks by about 1/n^2"
        )
        return self.finding(
            layer.place,
            message,
            help=f"use {RECTIFIER} between layers; keep the softmax for the output, or leave it to the loss",
            predicted={"network": network.name, "feeds": after.name, "units": units},
        )


def _comes_from_layer(layer: Layer, by_id: dict[int, Layer]) -> bool:
    """Whether a softmax is of a linear layer's output, and that of no attention scores."""
    source = _behind(by_id[layer.inputs[0]], by_id)
    if source.op not in HIDDEN or source.kind == "matmul":
        return False
    return not any(before.op in SCORES for before in _upstream(source, by_id))


SCORES = frozenset({"matmul", "attention", "unknown", "join", "function"})
"""What may be attention scores: a linear map of them mixes heads, and their softmax is attention."""


def _behind(here: Layer, by_id: dict[int, Layer]) -> Layer:
    """The first layer upstream that does more than pass the signal on."""
    while here.inputs and here.op in PASSING | {"softmax", "norm"}:
        here = by_id[here.inputs[0]]
    return here


def _upstream(layer: Layer, by_id: dict[int, Layer]) -> Iterator[Layer]:
    """What a layer's input is made of, up to the linear layers before it."""
    waiting = [by_id[source] for source in layer.inputs]
    seen = {each.id for each in waiting}
    while waiting:
        here = waiting.pop()
        yield here
        if here.op not in HIDDEN:
            fresh = [by_id[source] for source in here.inputs if source not in seen]
            seen.update(each.id for each in fresh)
            waiting.extend(fresh)


def _fed(network: Network, layer: Layer, consumers: dict[int, list[Layer]]) -> Layer | None:
    """The linear layer that alone takes a softmax's output."""
    here = layer
    while here.id not in network.outputs and len(consumers.get(here.id, ())) == 1:
        here = consumers[here.id][0]
        if here.op in HIDDEN:
            return here if here.kind != "matmul" else None
        if here.op not in PASSING or len(here.inputs) != 1:
            return None
    return None
