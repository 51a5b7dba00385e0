"""Norms, by what they take the statistics over."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from initlint.frameworks import torch as framework
from initlint.network.laws.joints import of_parameter
from initlint.network.network import Layer
from initlint.network.parameter import Parameter
from initlint.network.point import Point, law_of, number
from initlint.signal import places, propagation
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.propagation import NORM_EPSILON
from initlint.signal.size import Value, combine, positive_part


def normalize(point: Point) -> Moments:
    """Takes off what the entries that are normed together have in common."""
    layer, before = point.layer, point.before
    scale, shift, epsilon = _norm_scale(layer), _norm_shift(layer), _epsilon(layer)
    if layer.kind in framework.NORMS_OF_NEIGHBOURS:
        return UNKNOWN
    if layer.kind in framework.ROOT_MEAN_SQUARE_NORMS:
        return places.normalize_size(before, scale, epsilon)
    if is_drawn(layer.bias):
        found = normalize(replace(point, layer=replace(layer, bias=None)))
        return places.pairwise(propagation.add, found, of_parameter(layer.bias))
    if layer.kind in framework.BATCH_NORMS:
        return places.normalize_batch(before, scale, shift, point.extent.places, point.samples, epsilon)
    if layer.kind in framework.INSTANCE_NORMS:
        return places.normalize_instance(before, scale, shift, point.extent.places, epsilon)
    return places.normalize_features(before, scale, shift, epsilon)


def normalize_backward(layer: Layer, before: Moments) -> Value:
    """Of what is left of the signal: a batch norm takes off what samples have in common."""
    if layer.kind in framework.ROOT_MEAN_SQUARE_NORMS:
        return propagation.rms_normalize_backward(before, _norm_scale(layer), _epsilon(layer))
    if layer.kind in framework.BATCH_NORMS and before.across is not None:
        left = combine(lambda second, common: positive_part(second - common), before.second, before.across)
        return propagation.normalize_backward(Moments(0, left), _norm_scale(layer), _epsilon(layer))
    return propagation.normalize_backward(before, _norm_scale(layer), _epsilon(layer))


def _epsilon(layer: Layer) -> float:
    """What is added to the variance: by default nothing that counts in an RMS norm, and torch's own in all others."""
    given = number(layer, "epsilon")
    if given is not None:
        return given
    return 0.0 if layer.kind in framework.ROOT_MEAN_SQUARE_NORMS else NORM_EPSILON


def _norm_scale(layer: Layer) -> Value:
    """The factor of every unit, or what its square is on average: the signal is centred, so that its sign does not count."""
    weight = layer.weight
    if weight is None or not is_drawn(weight) or layer.kind in framework.ROOT_MEAN_SQUARE_NORMS:
        return 1 if weight is None else weight.constant
    return combine(lambda second: second**0.5, law_of(layer).second)


def _norm_shift(layer: Layer) -> Value:
    return 0 if layer.bias is None else layer.bias.constant


def is_drawn(parameter: Parameter | None) -> TypeGuard[Parameter]:
    """Whether its entries differ, and it is known how."""
    return parameter is not None and parameter.distribution is not None and parameter.constant is None
