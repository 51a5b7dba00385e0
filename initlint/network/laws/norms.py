"""Norms, by what they take the statistics over."""

from __future__ import annotations

from initlint.network.network import Layer
from initlint.network.point import Point
from initlint.signal import places, propagation
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.size import Value

SIZES_UNKNOWN = frozenset({"normalize", "LocalResponseNorm", "local_response_norm", "CrossMapLRN2d"})
"""Norms whose result depends on a width that is not followed."""


def normalize(point: Point) -> Moments:
    """Takes off what the entries that are normed together have in common."""
    layer, before = point.layer, point.before
    scale = _norm_scale(layer)
    if layer.kind in SIZES_UNKNOWN:
        return UNKNOWN
    if layer.kind == "RMSNorm":
        return places.normalize_size(before, scale)
    shift = 0 if layer.bias is None else layer.bias.constant
    if "BatchNorm" in layer.kind or layer.kind == "batch_norm":
        return places.normalize_batch(before, scale, shift, point.extent.places, point.samples)
    if layer.kind.startswith(("InstanceNorm", "instance_norm")):
        return places.normalize_instance(before, scale, shift, point.extent.places)
    return places.normalize_features(before, scale, shift)


def normalize_backward(layer: Layer, before: Moments) -> Value:
    """As of independent entries."""
    if layer.kind == "RMSNorm":
        return propagation.rms_normalize_backward(before, _norm_scale(layer))
    return propagation.normalize_backward(before, _norm_scale(layer))


def _norm_scale(layer: Layer) -> Value:
    return 1 if layer.weight is None else layer.weight.constant
