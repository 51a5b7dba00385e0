"""What is zero on purpose: weights that start at 0, cut off what lies before them, and open at the first step."""

from __future__ import annotations

from collections.abc import Mapping

from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter

GATES = frozenset({"linear", "conv", "conv_transpose", "norm", "multiply", "embedding", "bilinear"})
"""Operations whose output is 0 if their weight is."""


SCALES = frozenset({"norm", "multiply"})
"""Operations that multiply each unit by a number of its own."""
SMALL_SCALE = 0.1
"""The largest constant that layer scale starts at (Touvron et al. 2021, arXiv:2103.17239: 0.1 to 1e-6)."""


def is_closed(layer: Layer) -> bool:
    """Whether the layer lets no gradient through now and will after a step: its weight is 0 and gets a gradient.

    Zero-gamma, LoRA's B, the zero convolutions of ControlNet, zero heads.
    """
    return layer.op in GATES and layer.weight is not None and layer.weight.constant == 0 and _opens(layer)


def is_gate(layer: Layer) -> bool:
    """Whether the layer is closed, or nearly so, on purpose: also a layer scale that starts small."""
    weight = layer.weight
    if layer.op not in SCALES or weight is None or weight.constant is None:
        return is_closed(layer)
    return abs(weight.constant) <= SMALL_SCALE and _opens(layer)


def _opens(layer: Layer) -> bool:
    """Whether the first step moves its weight. One that is computed has no gradient of its own: then its output's tells."""
    weight = layer.weight
    if weight is None or weight.measured is None or layer.measured is None:
        return False
    if weight.measured.is_computed:
        return layer.measured.gradient is not None and layer.measured.gradient.mean_square > 0
    return receives(weight)


def gated_layers(network: Network) -> frozenset[int]:
    """Ids of the layers that have a gate ahead on some path: training opens a way for their gradient."""
    consumers = network.consumers()
    found: set[int] = set()
    for layer in reversed(network.layers):
        if any(after.id in found or is_gate(after) for after in consumers[layer.id]):
            found.add(layer.id)
    return frozenset(found)


def silent_layers(network: Network) -> frozenset[int]:
    """Ids of the closed gates and of what is fed by them alone: no signal comes through for now."""
    found: set[int] = set()
    for layer in network.layers:
        if is_closed(layer) or (layer.inputs and all(source in found for source in layer.inputs)):
            found.add(layer.id)
    return frozenset(found)


def stuck_layers(network: Network) -> frozenset[int]:
    """Ids of the layers that no gradient ever reaches, since on every path a weight of 0 meets a signal of 0.

    The gradient of such a weight is 0, as is that of what lies before it: two factors of a product, both 0.
    """
    known = {layer.id: layer for layer in network.layers}
    dead = {layer.id for layer in network.live() if _is_dead(layer, known)}
    consumers = network.consumers()
    free = set(network.outputs)
    for layer in reversed(network.layers):
        if any(after.id in free and after.id not in dead for after in consumers[layer.id]):
            free.add(layer.id)
    return frozenset(layer.id for layer in network.live() if layer.id in dead or layer.id not in free)


def _is_dead(layer: Layer, known: Mapping[int, Layer]) -> bool:
    weight = layer.weight
    if layer.op not in GATES or layer.op == "norm" or weight is None or weight.constant != 0 or not layer.inputs:
        return False
    return not _opens(layer) and all(_is_zero(known[source]) for source in layer.inputs)


def _is_zero(layer: Layer) -> bool:
    return layer.measured is not None and layer.measured.output.second == 0


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
