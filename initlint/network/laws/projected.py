"""Attention by a module: it projects queries, keys and values first, and its result last."""

from __future__ import annotations

from initlint.network.laws import attention
from initlint.network.parameter import Parameter
from initlint.network.point import Point
from initlint.signal import places, propagation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import UNKNOWN, Moments

PARTS = ("q", "k", "v")


def attend(point: Point) -> Moments:
    """Of a function, or of a module with its weights; heads do not count, as each has its own units."""
    length = point.extents[-1].places
    if not point.layer.parameters:
        return attention.attend(point)
    if len(point.inputs) < len(PARTS) or not length:
        return UNKNOWN
    own = {parameter.name.rpartition(".")[2]: parameter for parameter in point.layer.parameters if parameter.name}
    outer = {name.split(".")[-1]: each for each in point.layer.parameters if "out_proj." in (name := each.name)}
    bias = own.get("in_proj_bias")
    weights = [own.get(f"{part}_proj_weight") or own.get("in_proj_weight") for part in PARTS]
    query, key, values = (
        _projected(signal, weight, bias) for signal, weight in zip(point.inputs, weights, strict=False)
    )
    return _projected(places.attend(values, length, query, key), outer.get("weight"), outer.get("bias"))


def _projected(before: Moments, weight: Parameter | None, bias: Parameter | None) -> Moments:
    """A linear map at each place alone: its fan in is the last axis of its weight."""
    if weight is None or not weight.shape:
        return UNKNOWN
    fan, law = weight.shape[-1], weight.distribution or Distribution.unknown()
    added = (bias.distribution or Distribution.unknown()) if bias is not None else None
    return places.pairwise(lambda moments: propagation.linear(moments, fan, law, added), before)
