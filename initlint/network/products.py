"""Attention that is written by hand: softmaxes over products of two signals, and how large these products are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from initlint.network.layout import Layers, width
from initlint.network.network import Layer, Network
from initlint.network.point import number
from initlint.signal.moments import Moments
from initlint.signal.size import as_float, combine, positive_part

PASSED = frozenset({"reshape", "dropout", "scale", "add", "join"})
"""Operations that may stand between the products and their softmax: constants, masks and biases, one of two branches."""
WEIGHED = frozenset({"reshape", "dropout", "scale", "join", "multiply", "add"})
"""Operations that may stand between the weights and the values that they weigh."""


@dataclass(frozen=True)
class Scores:
    """What a softmax is taken of: a product of two signals, times a constant."""

    product: Layer
    factor: float


def scores(network: Network) -> Iterator[Scores]:
    """Of every softmax whose result weighs another signal."""
    layers = {layer.id: layer for layer in network.layers}
    consumers = network.consumers()
    known: dict[int, Scores | None] = {}
    for softmax in network.live():
        if softmax.op == "softmax" and _weighs(softmax, consumers):
            found = _given_by(layers, softmax.inputs[0], known)
            if found is not None:
                yield found


def _given_by(layers: Layers, at: int, known: dict[int, Scores | None]) -> Scores | None:
    """The product that a layer hands on, if every way back leads to the same one by the same factor."""
    if at not in known:
        known[at] = _from_inputs(layers, layers[at], known)
    return known[at]


def _from_inputs(layers: Layers, layer: Layer, known: dict[int, Scores | None]) -> Scores | None:
    if layer.op == "matmul":
        return Scores(layer, 1.0) if len(layer.inputs) == 2 and not layer.parameters else None
    factor = number(layer, "factor") if layer.op == "scale" else 1.0
    if layer.op not in PASSED or factor is None:
        return None
    ways = [_given_by(layers, source, known) for source in layer.inputs]
    found = [way for way in ways if way is not None]
    is_one = len(found) == 1 if layer.op == "add" else len(found) == len(ways) and len(set(found)) == 1
    return replace(found[0], factor=found[0].factor * factor) if is_one else None


def _weighs(softmax: Layer, consumers: Mapping[int, list[Layer]]) -> bool:
    """Whether it is multiplied with another signal as a matrix."""
    queue, seen = [softmax], {softmax.id}
    while queue:
        for after in consumers.get(queue.pop().id, ()):
            if after.op == "matmul" and len(after.inputs) == 2:
                return True
            if after.op in WEIGHED and after.id not in seen:
                seen.add(after.id)
                queue.append(after)
    return False


def summed(layers: Layers, product: Layer) -> int | None:
    """Terms of each entry of a product of two signals: how wide the axis is that it sums over."""
    axes = product.options.get("summed", (-1, -2))
    if not isinstance(axes, tuple):
        return None
    found = {width(layers, layers[source], axis) for source, axis in zip(product.inputs, axes, strict=True)} - {None}
    return found.pop() if len(found) == 1 else None


def spread(layers: Layers, behind: Mapping[int, Moments], found: Scores) -> float | None:
    """Standard deviation of the scores of one query over the keys, from what is known of both signals.

    ``factor^2 d E[q^2] (E[k^2] - E[k k'])`` for independent, centred ones (Vaswani et al. 2017, footnote 4): what all keys
    have in common moves all scores alike.
    """
    query, key = (behind.get(source) for source in found.product.inputs)
    terms = summed(layers, found.product)
    if query is None or key is None or terms is None:
        return None
    apart = key.apart if as_float(key.apart) is not None else 0
    own = combine(lambda k, common: positive_part(k - common), key.second, apart)
    total = as_float(combine(lambda q, k: found.factor**2 * terms * q * k, query.second, own))
    return None if total is None else math.sqrt(total)


def is_learned(layers: Layers, at: int) -> bool:
    """Whether a signal comes from a linear map, through nothing but what acts on entries or moves them."""
    layer = layers[at]
    while layer.op in ("reshape", "dropout", "scale", "norm", "activation") and layer.inputs:
        layer = layers[layer.inputs[0]]
    return layer.op == "linear"
