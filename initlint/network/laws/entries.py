"""What is done to each entry alone: activations, dropout, constant factors."""

from __future__ import annotations

from dataclasses import replace

from initlint.frameworks import torch as framework
from initlint.network.extent import picks_place
from initlint.network.laws.composed import compose
from initlint.network.network import Layer
from initlint.network.point import Point, number
from initlint.network.stack import theory_of
from initlint.signal import places, propagation
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.size import Value


def activate(point: Point) -> Moments:
    """A nonlinearity of Gaussians, or of what is made of them; unknown where a parameter of it is."""
    composed = compose(point)
    if composed is not None:
        return composed
    shape = theory_of(point.layer)
    return UNKNOWN if shape is None else places.activate(point.before, shape)


def activate_backward(layer: Layer, before: Moments) -> Value:
    """The mean square of its slope."""
    shape = theory_of(layer)
    return None if shape is None else shape.backward(before.mean, before.variance)


def dropout(point: Point) -> Moments:
    """Some entries become 0, or what keeps mean and variance."""
    layer, before = point.layer, point.before
    rate = number(layer, "p")
    if layer.options.get("variant") != "alpha":
        return replace(propagation.dropout(before, rate), apart=before.apart, across=before.across, near=before.near)
    return UNKNOWN if rate is None else propagation.alpha_dropout(before, rate)


def dropout_backward(layer: Layer, before: Moments) -> Value:
    """Of the entries that are kept."""
    rate = number(layer, "p")
    if layer.options.get("variant") != "alpha":
        return propagation.dropout_backward(rate)
    return None if rate is None else propagation.alpha_dropout_backward(rate)


def hand_on(point: Point) -> Moments:
    """The same entries at other places; between new ones, neighbours are others. A place that was put in front of others
    as a parameter, and is picked again, is not like these."""
    if picks_place(point.layer, point.extent) and _is_mixed(point):
        return UNKNOWN
    is_resampled = point.layer.kind.lower() in framework.RESAMPLING
    return replace(point.before, near={}) if is_resampled else point.before


PARTED = frozenset({"add", "dropout", "scale", "reshape", "multiply", "activation", "linear"})
"""Operations that hand on each place for itself."""


def _is_mixed(point: Point) -> bool:
    """Whether some of the places come from a parameter, and no norm has made all of them as large as each other."""
    layer = point.first_source(point.layer)
    while layer.op in PARTED and layer.inputs:
        layer = point.first_source(layer)
    return layer.op == "concat" and len(layer.inputs) == 1


def scale(point: Point) -> Moments:
    """A constant factor, and a constant that is added."""
    layer = point.layer
    composed = compose(point)
    if composed is not None:
        return composed

    def scaled(before: Moments) -> Moments:
        found = propagation.scale(before, number(layer, "factor"))
        return propagation.shift(found, number(layer, "offset")) if "offset" in layer.options else found

    return places.pairwise(scaled, point.before)


def scale_backward(layer: Layer, before: Moments) -> Value:
    """The factor's square."""
    return propagation.scale_backward(number(layer, "factor"))
