"""Attention: by a function, or written by hand."""

from __future__ import annotations

from functools import reduce

from initlint.frameworks import torch as framework
from initlint.network.layout import Cut, Drop, rank, width
from initlint.network.network import Layer
from initlint.network.point import HANDED_ON, Point, law_of
from initlint.network.products import summed
from initlint.signal import causal, places, propagation
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.size import as_float


def attend(point: Point) -> Moments:
    """Of a function of queries, keys and values; a mask that is learned adds its variance to that of the logits."""
    length = point.extents[min(2, len(point.extents) - 1)].places
    if not 3 <= len(point.inputs) <= 4 or point.layer.parameters or not length:
        return UNKNOWN
    query, key, values, *masks = point.inputs
    is_causal = point.layer.options.get("causal", False)
    if is_causal is None:
        return UNKNOWN
    if is_causal:
        return causal.attend(values, length, query, key)
    added = sum(as_float(mask.variance) or 0.0 for mask in masks)
    return places.attend(values, length, query, key, added)


def weigh(point: Point) -> Moments:
    """The second half of an attention that is written by hand: weights from a softmax, times values, or values times them.

    Linear maps of the heads may stand on both sides of the softmax (Shazeer et al. 2020, arXiv:2003.02436).
    """
    for side, values in enumerate(reversed(point.inputs)) if len(point.inputs) == 2 else ():
        weights = point.back(point.sources[side], MIXED, "softmax")
        logits = point.back(point.first_source(weights.layer), MIXED, "matmul") if weights is not None else None
        length = point.extents[1 - side].places
        if weights is not None and logits is not None and len(logits.layer.inputs) == 2 and length:
            query, key = (point.unscaled(source) for source in logits.layer.inputs)
            for mixer in logits.passed:
                query = _mixed(query, mixer)
            mixed = places.attend(values, length, query, key)
            return reduce(_mixed, weights.passed, mixed)
    return _compare(point)


def soften(point: Point) -> Moments:
    """A softmax over an axis of units whose width is known; its logits are alike at two places as far as they are."""
    layer, axis = point.layer, point.layer.options.get("axis")
    if layer.kind not in framework.SHARES or not isinstance(axis, int):
        return UNKNOWN
    axes = rank(point.layers, point.sources[0])
    at = axis if axis < 0 else None if axes is None else axis - axes
    count = None if at is None else width(point.layers, point.sources[0], at)
    if count is None:
        return UNKNOWN
    return places.soften(point.before, count)


def _compare(point: Point) -> Moments:
    """The first half: sums of products of two signals; unknown where these are one, or where it is not known of how many."""
    terms = summed(point.layers, point.layer) if len(point.inputs) == 2 and not point.layer.parameters else None
    if terms is None or _are_one(point):
        return UNKNOWN
    query, key = point.inputs
    return propagation.attention_logits(query, key, terms, scale=1)


def _are_one(point: Point) -> bool:
    """Whether both factors are the same signal, of which neither is a part cut out."""
    first, second = (_way_back(point, source) for source in point.sources)
    common = next((layer for layer in first if layer in second), None)
    if common is None:
        return False
    between = [*first[: first.index(common)], *second[: second.index(common)]]
    return not any(isinstance(layer.options.get("layout"), (Cut, Drop)) for layer in between)


def _way_back(point: Point, layer: Layer) -> list[Layer]:
    """A layer and those in front of it, up to the first that is more than entries handed on."""
    found = [layer]
    while layer.op in REARRANGED and layer.inputs:
        layer = point.first_source(layer)
        found.append(layer)
    return found


REARRANGED = frozenset({"reshape", "dropout", "scale", "norm"})
"""Operations behind which a signal is the same in other places or of another size."""


MIXED = HANDED_ON | {"linear"}


def _mixed(before: Moments, mixer: Layer) -> Moments:
    """Behind a linear map of the heads: each has the same values, or logits, so that what it makes of them it makes of it."""
    if mixer.op != "linear":
        return before
    if mixer.bias is not None and mixer.bias.constant != 0:
        return UNKNOWN
    return places.pairwise(lambda moments: propagation.linear(moments, mixer.fan_in, law_of(mixer)), before)
