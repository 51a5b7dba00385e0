"""What is zero on purpose: weights that start at 0, cut off what lies before them, and open at the first step."""

from __future__ import annotations

from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter

GATES = frozenset({"linear", "conv", "conv_transpose", "norm", "multiply", "embedding", "bilinear"})
"""Operations whose output is 0 if their weight is."""


def is_closed(layer: Layer) -> bool:
    """Whether the layer lets no gradient through now and will after a step: its weight is 0 and gets a gradient.

    Zero-gamma, layer scale, LoRA's B, the zero convolutions of ControlNet, zero heads.
    """
    weight = layer.weight
    return layer.op in GATES and weight is not None and weight.constant == 0 and receives(weight)


def receives(parameter: Parameter) -> bool:
    """Whether the backward pass gave the parameter a gradient that is not 0 everywhere."""
    row = parameter.measured
    return row is not None and row.gradient is not None and row.gradient.mean_square > 0


def open_layers(network: Network) -> frozenset[int]:
    """Ids of the layers with a path to an output on which no gate is closed."""
    consumers = network.consumers()
    found = set(network.outputs)
    for layer in reversed(network.layers):
        if any(after.id in found and not is_closed(after) for after in consumers[layer.id]):
            found.add(layer.id)
    return frozenset(found)
