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
    query, key, values = parts(point)
    return put_out(point, places.attend(values, length, query, key))


def parts(point: Point) -> tuple[Moments, Moments, Moments]:
    """Queries, keys and values of a module or function that is given all three, as they are compared and mixed."""
    own = {parameter.name.rpartition(".")[2]: parameter for parameter in point.layer.parameters if parameter.name}
    given = point.inputs[: len(PARTS)]
    if own:
        bias = own.get("in_proj_bias")
        weights = [own.get(f"{part}_proj_weight") or own.get("in_proj_weight") for part in PARTS]
        given = [_projected(signal, weight, bias) for signal, weight in zip(given, weights, strict=True)]
    query, key, values = given
    return query, key, values


def put_out(point: Point, mixed: Moments) -> Moments:
    """What a module makes of the mixed values in the end."""
    outer = {name.split(".")[-1]: each for each in point.layer.parameters if "out_proj." in (name := each.name)}
    return _projected(mixed, outer.get("weight"), outer.get("bias")) if outer else mixed


def _projected(before: Moments, weight: Parameter | None, bias: Parameter | None) -> Moments:
    """A linear map at each place alone: its fan in is the last axis of its weight."""
    if weight is None or not weight.shape:
        return UNKNOWN
    fan, law = weight.shape[-1], weight.distribution or Distribution.unknown()
    added = (bias.distribution or Distribution.unknown()) if bias is not None else None
    return places.pairwise(lambda moments: propagation.linear(moments, fan, law, added), before)
