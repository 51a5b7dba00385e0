"""Which layers of a probed network a rule on causes reports, so that rules on symptoms are silent about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from initlint.network import Layer, Network
from initlint.network.diagnosis import Diagnosis
from initlint.network.health import Health, diagnose

from . import he_init_missing, plain_stack_too_deep, scale_ignores_fan_in, sigmoid_in_deep_stack, tanh_stack_scale
from .constant_weight_init import constant_layers
from .dead_product_init import dead_pairs
from .nonzero_mean_weights import shifted_layers
from .recurrent_weights_scale import departing
from .single_unit_softmax import constant_softmaxes
from .tied_embedding_scale import oversized

STACK_RULES = (he_init_missing, plain_stack_too_deep, scale_ignores_fan_in, sigmoid_in_deep_stack, tanh_stack_scale)


@lru_cache(maxsize=1)
def health_of(network: Network) -> Health:
    """Its diagnoses, worked out once for all rules."""
    return diagnose(network)


def is_explained(network: Network, diagnosis: Diagnosis) -> bool:
    """Whether a rule on causes reports one of the layers that the diagnosis is about; of the whole network, any layer."""
    names = {*diagnosis.names, *([diagnosis.layer.name] if diagnosis.layer is not None else [])} - {""}
    return not explained(network).isdisjoint(names) if names else bool(explained(network))


@lru_cache(maxsize=1)
def explained(network: Network) -> frozenset[str]:
    """Names of the layers, and of their parameters, that a rule on causes reports."""
    layers = list(_layers(network))
    parameters = [parameter.name for layer in layers for parameter in layer.parameters]
    dead = [parameter.name for pair in dead_pairs(network) for parameter in pair]
    return frozenset([*(layer.name for layer in layers if layer.name), *parameters, *dead])


def _layers(network: Network) -> Iterator[Layer]:
    for rule in STACK_RULES:
        for stack, _ in rule.failing(network):
            yield from stack.layers
    for case in constant_layers(network):
        yield case.layer
    yield from shifted_layers(network)
    yield from (embedding for embedding, _, _ in oversized(network))
    yield from (before for _, before in constant_softmaxes(network))
    yield from (layer for layer, _, _ in departing(network))
