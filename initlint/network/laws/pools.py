"""Pools: the largest, or the mean, of places."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from initlint.network.extent import UNKNOWN_EXTENT, Extent, joins_places, pooled
from initlint.network.network import Layer
from initlint.network.point import HANDED_ON, Point
from initlint.network.stack import theory_of
from initlint.network.summands import summands
from initlint.signal import places, propagation, windows
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.pooling import max_pool
from initlint.signal.windows import Pool, over


def pool(point: Point) -> Moments:
    """The largest or the mean of the places under a window; unknown where their number is."""
    variant, parts = point.layer.options.get("variant"), summands(point.layers, point.layer, point.extent)
    if parts is not None:
        shared = _shared_out(point, parts) if variant == "sum" else None
        return shared or (UNKNOWN if variant == "max" else _of_units(point.before, parts, is_mean=variant == "avg"))
    window = window_of(point.layer, point.extent)
    if window is None:
        return UNKNOWN
    if variant == "max":
        return _largest(point, point.sources[0], window)
    found = windows.average(point.before, window)
    if variant != "sum":
        return found
    return places.pairwise(partial(propagation.scale, factor=window.count), found)


def _shared_out(point: Point, count: int) -> Moments | None:
    """The sum of units that are weighed by a softmax over them: their mean stays, as the shares add up to 1."""
    product = point.sources[0]
    for share, signal in zip(product.inputs, product.inputs[::-1], strict=True) if len(product.inputs) == 2 else ():
        if product.op == "multiply" and point.back(point.layers[share], HANDED_ON, "softmax") is not None:
            return places.pairwise(
                partial(propagation.share_out, count=count),
                point.behind.get(signal, UNKNOWN),
                point.behind.get(share, UNKNOWN),
            )
    return None


def _of_units(before: Moments, count: int, *, is_mean: bool) -> Moments:
    """The sum or mean of so many units, whose weights are drawn independently: they have their mean in common."""
    found = places.pairwise(partial(propagation.sum_of, count=count), before)
    return places.pairwise(partial(propagation.scale, factor=1 / count), found) if is_mean else found


def _largest(point: Point, source: Layer, window: Pool) -> Moments:
    """The largest of what a layer gives: of each part of a concatenation, or of Gaussians that an activation lets pass."""
    extents = [point.reached.get(each, UNKNOWN_EXTENT) for each in source.inputs]
    if source.op == "concat" and extents and not joins_places(source, extents):
        parts = [_largest(point, point.layers[each], window) for each in source.inputs]
        return places.joined(parts, [extent.width for extent in extents])
    if is_largest(source) and source.window is not None and point.layer.window is not None:
        wider = replace(point.layer, window=point.layer.window.behind(source.window))
        whole = window_of(wider, extents[0])
        return _largest(replace(point, layer=wider), point.first_source(source), whole or window)
    gated = _gated(point, source, window) if source.op == "multiply" and len(source.inputs) == 2 else None
    if gated is not None:
        return gated
    shape = theory_of(source) if source.op == "activation" else None
    if shape is None or not shape.is_relu_like:
        return windows.largest(point.behind.get(source.id, UNKNOWN), window)
    gaussian = point.look_back(source)
    if gaussian.apart is None:
        return max_pool(point.behind.get(source.id, UNKNOWN), window.count, is_rectified=True)
    return windows.largest(gaussian, window, shape)


def _gated(point: Point, source: Layer, window: Pool) -> Moments | None:
    """The largest of a signal times a gate that is the same at all places and never negative, as of squeeze-and-excite
    (Hu et al. 2018, arXiv:1709.01507, eq. 4); `None` for any other product."""
    for gate, signal in (source.inputs, source.inputs[::-1]):
        shape = theory_of(point.layers[gate]) if point.layers[gate].op == "activation" else None
        if shape is not None and shape.is_logistic and point.reached.get(gate, UNKNOWN_EXTENT).places == 1:
            found = _largest(point, point.layers[signal], window)
            return places.pairwise(propagation.multiply, found, point.behind.get(gate, UNKNOWN))
    return None


def is_largest(layer: Layer) -> bool:
    """Whether it is a pool that gives the largest."""
    return layer.op == "pool" and layer.options.get("variant") == "max"


def is_average(layer: Layer) -> bool:
    """Whether it is a pool that gives the mean."""
    return layer.op == "pool" and layer.options.get("variant") == "avg" and bool(layer.inputs)


def window_of(layer: Layer, before: Extent) -> Pool | None:
    """The windows of a pool; of one with a border, an average counts what is beside it, the largest does not."""
    sides = before.sides
    if layer.window is not None:
        kernel, stride = layer.window.kernel, layer.window.stride
        if not sides or len(sides) != len(kernel):
            return Pool(kernel, stride)
        first, square, _ = layer.window.inside(sides)
        return Pool(kernel, stride, first, square, None if layer.window.counts_border else layer.window.part(sides))
    window = layer.options.get("window")
    if isinstance(window, int):
        return over(window)
    left = pooled(layer, before)
    if not sides or left is None:
        return None
    return _evenly(sides, left) or over(round(max(math.prod(sides) / max(math.prod(left), 1), 1)))


def _evenly(sides: tuple[int, ...], left: tuple[int, ...]) -> Pool | None:
    """The windows of an adaptive pool that are all alike."""
    ends = left or (1,) * len(sides)
    if any(side % end for side, end in zip(sides, ends, strict=True)):
        return None
    kernel = tuple(side // end for side, end in zip(sides, ends, strict=True))
    return Pool(kernel, kernel)
