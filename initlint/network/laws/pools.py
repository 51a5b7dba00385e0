"""Pools: the largest, or the mean, of places."""

from __future__ import annotations

import math

from initlint.network.extent import pooled
from initlint.network.network import Layer
from initlint.network.point import Point
from initlint.network.stack import theory_of
from initlint.signal import places
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.pooling import max_pool


def pool(point: Point) -> Moments:
    """The largest or the mean of the places under a window; unknown where their number is."""
    count = _window(point)
    if count is None:
        return UNKNOWN
    if point.layer.options.get("variant") != "max":
        return places.average(point.before, *count)
    source = _behind_nothing(point)
    shape = theory_of(source) if source.op == "activation" else None
    if shape is None or not shape.is_relu_like:
        return places.largest(point.before, int(count[0]))
    gaussian = point.look_back(source)
    if gaussian.apart is None:
        return max_pool(point.before, int(count[0]), is_rectified=True)
    return places.largest(gaussian, int(count[0]), shape)


def _behind_nothing(point: Point) -> Layer:
    """What made the signal: looks through a concatenation of signals that are made alike."""
    source = point.sources[0]
    return point.first_source(source) if source.op == "concat" and source.inputs else source


def _window(point: Point) -> tuple[float, ...] | None:
    """Places under a pool's window; of one with a border also how many are inside on average, and its mean square."""
    layer, sides = point.layer, point.extent.sides
    if layer.window is not None:
        if not sides or len(sides) != len(layer.window.kernel):
            return (layer.window.count,)
        first, square, _ = layer.window.inside(sides)
        is_padded = layer.options.get("variant") == "max"
        return (max(round(first), 1),) if is_padded else (layer.window.count, first, square)
    window = layer.options.get("window")
    if isinstance(window, int):
        return (window,)
    left = pooled(layer, point.extent)
    if not sides or left is None:
        return None
    return (max(math.prod(sides) / max(math.prod(left), 1), 1),)
