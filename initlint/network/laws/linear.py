"""Linear maps and embeddings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from initlint.network.extent import channels_first
from initlint.network.network import Layer
from initlint.network.point import Point, law_of
from initlint.signal import places, propagation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import Moments
from initlint.signal.neighbours import Lag, strided
from initlint.signal.size import Number, Value, combine


def linear(point: Point) -> Moments:
    """Sums of `fan_in` terms, without those beside the border where the shape is known."""
    layer = point.layer
    bias = layer.bias.distribution or Distribution.unknown() if layer.bias is not None else None
    law = law_of(layer)
    counted = propagation.bias_that_counts(layer.fan_in, law, bias)
    alone, square, both = _shares(point)
    found = propagation.linear(point.before, combine(_times, layer.fan_in, alone), law, counted)
    fan = combine(_times, layer.fan_in, both)
    pairs = places.pairwise(lambda moments: propagation.linear(moments, fan, law, counted), point.before)
    if law.family == "standardised":
        found, pairs = _unbalanced(point, found, alone - square), _unbalanced(point, pairs, both - alone**2)
    return replace(found, apart=pairs.apart, across=pairs.across, near=_near(layer, pairs))


def _near(layer: Layer, pairs: Moments) -> Mapping[Lag, Value]:
    """What neighbours have in common behind it."""
    if layer.op == "linear":
        return pairs.near
    return strided(pairs.near, layer.window.stride) if layer.op == "conv" and layer.window is not None else {}


def _unbalanced(point: Point, found: Moments, share: float) -> Moments:
    """What weights that sum to 0 pass on of the mean where some of them lie beside the border."""
    law = law_of(point.layer)
    more = combine(lambda n, v, m: n * share * v * m**2, point.layer.fan_in, law.variance, point.before.mean)
    second, apart, across = (
        combine(lambda value, extra: value + extra, each, more) for each in (found.second, found.apart, found.across)
    )
    return replace(found, second=second, apart=apart, across=across)


def _shares(point: Point) -> tuple[float, float, float]:
    """Share of a kernel's taps that lie inside the input, its mean square, and the share that does at two places."""
    window, sides = point.layer.window, channels_first(point.layer, point.extent).sides
    if window is None or not sides or len(sides) != len(window.kernel) or not math.prod(window.outputs(sides)):
        return 1.0, 1.0, 1.0
    first, square, both = window.inside(sides)
    return first / window.count, square / window.count**2, both / window.count


def linear_backward(layer: Layer, before: Moments) -> Value:
    """Each input goes into `fan_out` outputs."""
    return propagation.linear_backward(layer.fan_out, law_of(layer))


def _times(left: Number, right: Number) -> Number:
    return left * right


def embed(layer: Layer) -> Moments:
    """A row of the weight, each as likely as any other: two tokens have its mean in common, unless all are the same."""
    parts = layer.weight.parts if layer.weight is not None else None
    if parts is None or len(parts) == 1:
        law = law_of(layer)
        mean, second = law.mean, law.second
    else:
        mean = combine(lambda *each: _weighed(parts, each), *(law.mean for _, law in parts))
        second = combine(lambda *each: _weighed(parts, each), *(law.second for _, law in parts))
    common = second if layer.options.get("is_one_row") else combine(lambda mean: mean**2, mean)
    return Moments(mean, second, common, common)


def _weighed(parts: Sequence[tuple[float, Distribution]], values: Sequence[Number]) -> Number:
    """The mean of values over the rows."""
    found: Number = 0.0
    for (share, _), value in zip(parts, values, strict=True):
        found = found + share * value
    return found
