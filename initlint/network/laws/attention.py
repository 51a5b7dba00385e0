"""Attention: by a function, or written by hand."""

from __future__ import annotations

from initlint.network.point import Point
from initlint.signal import places
from initlint.signal.moments import UNKNOWN, Moments


def attend(point: Point) -> Moments:
    """Of a function of queries, keys and values."""
    length = point.extents[-1].places
    if len(point.inputs) != 3 or point.layer.parameters or not length:
        return UNKNOWN
    query, key, values = point.inputs
    return places.attend(values, length, query, key)


def weigh(point: Point) -> Moments:
    """The second half of an attention that is written by hand: weights from a softmax, times values."""
    if len(point.inputs) != 2:
        return UNKNOWN
    logits = point.logits(point.sources[0])
    length = point.extents[1].places
    if logits is None or len(logits.inputs) != 2 or not length:
        return UNKNOWN
    query, key = (point.unscaled(source) for source in logits.inputs)
    return places.attend(point.inputs[1], length, query, key)
