"""Where several signals meet: sums, products, concatenations, branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial, reduce

from initlint.frameworks import torch as framework
from initlint.network.extent import joins_places
from initlint.network.laws import pools
from initlint.network.laws.composed import compose
from initlint.network.network import Layer
from initlint.network.parameter import Parameter
from initlint.network.point import Point
from initlint.signal import places, propagation, windows
from initlint.signal.activations import activation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.size import Value, as_float, combine

NOTHING = Moments(0, 0, 0, 0)
"""What a gain of zero leaves of any signal, known or not."""
SAME = 1e-6
"""Relative difference up to which two ways give the same signal."""


def add(point: Point) -> Moments:
    """A sum of independent signals and parameters, of a signal and its own average, or of both parts of a rotation."""
    if point.layer.options.get("rotates"):
        return _rotated(point)
    related = compose(point) or _with_average(point)
    if related is not None:
        return related
    others = [of_parameter(parameter) for parameter in point.layer.parameters]
    if "added" in point.layer.options:
        others.append(_of_constant(point.layer.options["added"]))
    return reduce(partial(places.pairwise, propagation.add), others, _sum(point.inputs))


def _sum(signals: Sequence[Moments]) -> Moments:
    return reduce(partial(places.pairwise, propagation.add), signals)


def _of_constant(law: object) -> Moments:
    """Of a tensor that no model trains: known if it is one number, as no more is known of which entries are alike."""
    if not isinstance(law, Distribution) or not law.is_constant:
        return UNKNOWN
    return Moments(law.mean, law.second, law.second, law.second)


DIFFERENCES = frozenset({"-", "sub"})
"""Kinds of sums whose second part is taken off."""


def _with_average(point: Point) -> Moments | None:
    """A signal and the average of the places around each of its own; `None` for any other sum."""
    if len(point.inputs) != 2 or point.layer.parameters:
        return None
    for average, other in ((0, 1), (1, 0)):
        layer = point.sources[average]
        window = pools.window_of(layer, point.extents[other]) if pools.is_average(layer) else None
        if window is not None and layer.inputs == (point.sources[other].id,) and set(window.stride) == {1}:
            sign = -1 if point.layer.kind in DIFFERENCES else 1
            return windows.with_average(point.inputs[other], point.inputs[average], window, sign)
    return None


def _rotated(point: Point) -> Moments:
    """``x cos + y sin``: as large as either coordinate. Places are turned by different angles."""
    one, other = (point.look_back(source) for source in point.sources)
    first, second = as_float(one.second), as_float(other.second)
    if first is None or second is None or not math.isclose(first, second, rel_tol=SAME):
        return UNKNOWN
    return Moments(0, one.second) if one.mean == 0 == other.mean else UNKNOWN


def multiply(point: Point) -> Moments:
    """Their product; of one signal alone that of its halves, if one gates the other."""
    if len(point.inputs) == 1 and not point.layer.parameters:
        name = _gate_of(point.layer)
        return UNKNOWN if name is None else _gated(point.before, name)
    if any(of_parameter(parameter).second == 0 for parameter in point.layer.parameters):
        return NOTHING
    composed = compose(point)
    if composed is not None:
        return composed
    total = reduce(partial(places.pairwise, propagation.multiply), point.inputs)
    return reduce(partial(places.pairwise, propagation.multiply), map(of_parameter, point.layer.parameters), total)


def _gate_of(layer: Layer) -> str | None:
    """The activation of the half of a signal that gates the other half; `None` for any other product."""
    return framework.GATES.get(layer.kind.lower())


def _gated(before: Moments, name: str) -> Moments:
    """`propagation.gate` of two halves, which are different units and so independent, at all places."""
    return places.pairwise(propagation.multiply, before, places.activate(before, activation(name)))


def multiply_backward(layer: Layer, before: Moments) -> Value:
    """Of a gated signal, the mean over both halves: ``(E[f(b)²] + E[a²] E[f'(b)²]) / 2``; unknown for other products."""
    name = _gate_of(layer)
    if name is None:
        return None
    opened, slope = propagation.gate_backward(before, name), propagation.activate_backward(before, name)
    return combine(lambda o, second, s: (o + second * s) / 2, opened, before.second, slope)


def of_parameter(parameter: Parameter) -> Moments:
    """Of a parameter that is added or multiplied: one with a single axis is the same at all places."""
    law = parameter.distribution or Distribution.unknown()
    axes = [side for side in parameter.shape or () if side != 1]
    common = combine(lambda mean: mean**2, law.mean) if len(axes) > 1 else law.second
    return Moments(law.mean, law.second, common, common)


def concatenate(point: Point) -> Moments:
    """Parts count by their units, or by their places where these are joined."""
    is_longer = joins_places(point.layer, point.extents)
    widths = [extent.places if is_longer else extent.width for extent in point.extents]

    return places.joined(point.inputs, widths)


def either(point: Point) -> Moments:
    """Either of the inputs: known if they do not differ."""
    seconds = [as_float(each.second) for each in point.inputs]
    known = [second for second in seconds if second is not None]
    is_same = len(known) == len(seconds) and math.isclose(min(known), max(known), rel_tol=SAME)
    return point.before if is_same or all(each == point.before for each in point.inputs) else UNKNOWN
