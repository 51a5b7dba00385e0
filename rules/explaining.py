"""Which layers of a probed network a rule on causes reports, so that rules on symptoms are silent about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from initlint.diagnosis.health import Health, diagnose
from initlint.diagnosis.symptoms import Diagnosis
from initlint.network import Layer, Network

from . import (
    he_init_missing,
    plain_stack_too_deep,
    scale_ignores_fan_in,
    selu_needs_lecun,
    sigmoid_in_deep_stack,
    tanh_stack_scale,
    wrong_gain,
)
from .constant_weight_init import constant_layers
from .dead_product_init import dead_pairs
from .nonzero_mean_weights import shifted_layers
from .recurrent_weights_scale import departing
from .single_unit_softmax import constant_softmaxes
from .tied_embedding_scale import oversized

STACK_RULES = (
    he_init_missing,
    plain_stack_too_deep,
    scale_ignores_fan_in,
    selu_needs_lecun,
    sigmoid_in_deep_stack,
    tanh_stack_scale,
    wrong_gain,
)


@lru_cache(maxsize=1)
def health_of(network: Network) -> Health:
    """Its diagnoses, worked out once for all rules."""
    return diagnose(network)


def is_explained(network: Network, diagnosis: Diagnosis) -> bool:
    """Whether a rule on causes reports a layer that the diagnosis is about, or what goes into it.

    One of the whole network is explained by any layer.
    """
    sources = diagnosis.layer.inputs if diagnosis.layer is not None else ()
    near = [layer for layer in network.layers if layer is diagnosis.layer or layer.id in sources]
    names = {*diagnosis.names, *_names(near)} - {""}
    return not explained(network).isdisjoint(names) if names else bool(explained(network))


@lru_cache(maxsize=1)
def explained(network: Network) -> frozenset[str]:
    """Names of the layers, and of their parameters, that a rule on causes reports."""
    dead = [parameter.name for pair in dead_pairs(network) for parameter in pair]
    unwritten = [found.name for found in network.measured.unwritten] if network.measured is not None else []
    return frozenset([*_names(_layers(network)), *dead, *unwritten]) - {""}


def _names(layers: Iterable[Layer]) -> list[str]:
    """Of the layers and of their parameters."""
    return [name for layer in layers for name in (layer.name, *(each.name for each in layer.parameters))]


def _layers(network: Network) -> Iterator[Layer]:
    for rule in STACK_RULES:
        for stack, _ in rule.failing(network):
            yield from stack.layers
    for case in constant_layers(network):
        yield case.layer
    yield from shifted_layers(network)
    yield from (embedding for embedding, *_ in oversized(network))
    yield from (before for _, before in constant_softmaxes(network))
    yield from (case.layer for case in departing(network))
