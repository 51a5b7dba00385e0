"""The course of a network that was only read: the predicted signal forward and the gradient back, through every layer.

What is not known is taken to be harmless: the signal goes on as it is, and so does the gradient. So whatever departs from
an even course departs for a reason that is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from initlint.network.extent import UNKNOWN_EXTENT, Extent, behind
from initlint.network.laws import BACKWARD, FORWARD, SOURCES, projected
from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter
from initlint.network.point import Point, law_of
from initlint.network.stack import STACKED, theory_of
from initlint.signal.moments import NOISE, Moments
from initlint.signal.size import as_float, combine

EXTREME = 1e150
"""Largest E[x²] that is followed as it is, and its inverse the smallest: squares of both are still numbers."""


@dataclass(frozen=True, eq=False)
class Course:
    """Of one network, by the id of a layer. Layers that reach no output are left out."""

    layers: tuple[Layer, ...]
    """In signal order."""
    before: Mapping[int, Moments]
    """Of a layer's first input."""
    behind: Mapping[int, Moments]
    gradients: Mapping[int, float]
    """Sum of the squares of the gradient behind each layer, over all entries, for a sum of 1 at each output."""
    compared: Mapping[int, tuple[Moments, Moments]]
    """By the id of an attention, or of its softmax if it is written by hand: the queries and keys that it compares."""
    assumed: frozenset[int]
    """Layers of which no law or no number is known."""


def follow(network: Network) -> Course:
    """For inputs of mean 0 and variance 1 that have nothing in common."""
    known = {layer.id: layer for layer in network.layers}
    layers = network.live()
    signals: dict[int, Moments] = {}
    extents: dict[int, Extent] = {}
    points: dict[int, Point] = {}
    assumed = set(_unclear(network))
    for layer in layers:
        sources = [source for source in layer.inputs if source in signals]
        inputs, sizes = [signals[source] for source in sources], [extents[source] for source in sources]
        extents[layer.id] = behind(layer, sizes) if layer.op != "input" else UNKNOWN_EXTENT
        point = Point(layer, inputs, sizes, [known[source] for source in sources], None, known, signals)
        points[layer.id] = point
        found = None if layer.id in assumed else _forward(point)
        if found is None:
            assumed.add(layer.id)
        signals[layer.id] = _in_range(found or _assumed(point))
    before = {each: point.inputs[0] if point.inputs else NOISE for each, point in points.items()}
    gradients = _gradients(network.outputs, layers, points, assumed)
    return Course(tuple(layers), before, signals, gradients, _compared(points), frozenset(assumed))


def _compared(points: Mapping[int, Point]) -> dict[int, tuple[Moments, Moments]]:
    found = {}
    for each, point in points.items():
        product = point.logits(point.layer) if point.layer.op == "softmax" else None
        if product is not None and len(product.inputs) == 2 and all(source in points for source in product.inputs):
            query, key = (point.unscaled(source) for source in product.inputs)
            found[each] = query, key
        elif _is_whole_attention(point):
            found[each] = projected.parts(point)[:2]
    return found


def _is_whole_attention(point: Point) -> bool:
    return point.layer.op == "attention" and len(point.inputs) == len(projected.PARTS)


# ------------------------------------------------------------------------------------------------------------- forward


def _forward(point: Point) -> Moments | None:
    """By the law of the operation, if that gives plain numbers."""
    layer = point.layer
    if layer.op in SOURCES:
        found = SOURCES[layer.op](layer)
    elif point.inputs and layer.op in FORWARD and len(point.inputs) == len(layer.inputs):
        found = FORWARD[layer.op](point)
    else:
        return None
    return found if as_float(found.second) is not None and as_float(found.mean) is not None else None


def _assumed(point: Point) -> Moments:
    """A norm and a source give mean 0 and variance 1; everything else passes on what it is given: attention its values."""
    if not point.inputs or point.layer.op == "norm":
        return NOISE
    if _is_whole_attention(point):
        return projected.put_out(point, projected.parts(point)[-1])
    return point.inputs[-1] if point.layer.op in ("attention", "matmul") else point.inputs[0]


def _unclear(network: Network) -> frozenset[int]:
    """Linear maps with something behind them that is not known: it may be the activation that their scale is for."""
    consumers = network.consumers()
    return frozenset(
        layer.id for layer in network.live() if layer.op in STACKED and any(map(_is_unclear, consumers[layer.id]))
    )


def _is_unclear(layer: Layer) -> bool:
    return layer.op == "unknown" or (layer.op == "activation" and theory_of(layer) is None)


def _in_range(moments: Moments) -> Moments:
    second = as_float(moments.second)
    if second is None or second == 0 or 1 / EXTREME <= second <= EXTREME:
        return moments
    wanted = EXTREME if second > 1 else 1 / EXTREME
    apart, across = (_of(_share(value, second), wanted) for value in (moments.apart, moments.across))
    mean = as_float(moments.mean) or 0.0
    return Moments(
        math.copysign(
            math.sqrt(wanted) * min(abs(mean) / math.sqrt(second), 1.0) if math.isfinite(second) else 0.0, mean
        ),
        wanted,
        apart,
        across,
    )


def _of(share: float | None, whole: float) -> float | None:
    return None if share is None else share * whole


def _share(value: object, second: float) -> float | None:
    plain = as_float(value)
    if plain is None or not math.isfinite(second):
        return None
    return plain / second


# ------------------------------------------------------------------------------------------------------------ backward


def _gradients(
    outputs: Sequence[int], layers: Sequence[Layer], points: Mapping[int, Point], assumed: set[int]
) -> dict[int, float]:
    found = {layer.id: 1.0 if layer.id in outputs else 0.0 for layer in layers}
    for layer in reversed(layers):
        for source, factor in zip(layer.inputs, _factors(points[layer.id], layer.id in assumed), strict=False):
            if source in found:
                found[source] = min(found[source] + found[layer.id] * factor, EXTREME**2)
    return found


def _factors(point: Point, is_assumed: bool) -> list[float]:
    """For each input: the sum of the gradient's squares before the layer over that behind it."""
    layer, count = point.layer, len(point.layer.inputs)
    if len(point.inputs) < count or not count:
        return [1.0] * count
    if layer.op in ("attention", "matmul"):
        return [COMPARED] * (count - 1) + [1.0]
    if layer.op == "concat":
        return _shares(point.extents)
    if layer.op == "multiply":
        return _partners(point)
    factor = _linear(point) if layer.op in STACKED else _by_entry(point)
    is_plain = factor is not None and math.isfinite(factor) and not is_assumed
    return [factor if factor is not None and is_plain else 1.0] * count


def _linear(point: Point) -> float | None:
    """``fan_in E[w²]``, whatever the widths (He et al. 2015, arXiv:1502.01852, section 2.2)."""
    return as_float(combine(lambda fan, second: fan * second, point.layer.fan_in, law_of(point.layer).second))


def _by_entry(point: Point) -> float | None:
    """Where each entry goes into one: as the law of the operation says, else 1."""
    layer = point.layer
    return as_float(BACKWARD[layer.op](layer, point.before)) if layer.op in BY_ENTRY else 1.0


def _partners(point: Point) -> list[float]:
    """Of a product: the second moment of the other factors, parameters included."""
    seconds = [as_float(each.second) for each in point.inputs]
    fixed = math.prod(_second(parameter) for parameter in point.layer.parameters)
    whole = [1.0 if second is None else second for second in seconds]
    return [fixed * math.prod(whole[:index] + whole[index + 1 :]) for index in range(len(whole))]


def _second(parameter: Parameter) -> float:
    law = parameter.distribution
    second = as_float(law.second) if law is not None else None
    return 1.0 if second is None else second


def _shares(extents: Sequence[Extent]) -> list[float]:
    """Of a concatenation: by width, or even ones."""
    widths = [extent.width for extent in extents]
    total = reduce(lambda so_far, width: so_far + (width or 0), widths, 0)
    if None in widths or not total:
        return [1 / len(widths)] * len(widths)
    return [(width or 0) / total for width in widths]


COMPARED = 1e-6
"""What queries and keys get. A softmax of small products is nearly flat, so that it is little; all that counts here is that it
is not 0."""
BY_ENTRY = frozenset({"activation", "dropout", "scale", "norm"})
"""Operations with as many entries before them as behind; the others hand the gradient on."""
