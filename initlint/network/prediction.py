"""The propagate step: what a network does to a signal of mean 0 and variance 1, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

from initlint.network.extent import UNKNOWN_EXTENT, Extent, behind, joins_places, of_input, pooled
from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter
from initlint.network.stack import STACKED, theory_of
from initlint.signal import places, propagation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import NOISE, UNKNOWN, Moments
from initlint.signal.size import Number, Value, as_float, combine

SIZES_UNKNOWN = frozenset({"normalize", "LocalResponseNorm", "local_response_norm", "CrossMapLRN2d"})
"""Norms whose result depends on a width that is not followed."""
SAME = 1e-6
"""Relative difference up to which two ways give the same signal."""
HANDED_ON = frozenset({"reshape", "dropout", "scale", "add"})
"""Operations that may stand between the logits and what their softmax is used for: a mask is added."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A layer and the signal before and behind it. Of several inputs, `before` is the first."""

    layer: Layer
    before: Moments
    after: Moments
    backward_gain: Value
    """E[g²] before the layer over E[g²] behind it."""

    @property
    def gain(self) -> Value:
        """Variance behind the layer over variance before it."""
        return combine(lambda out, into: out / into, self.after.variance, self.before.variance)

    @property
    def reason(self) -> str:
        """Why the signal behind the layer is not known, if the layer itself is to blame."""
        if self.after.variance is not None or self.before.variance is None:
            return self.layer.reason
        if self.layer.op in STACKED and law_of(self.layer).variance is None:
            return self.layer.reason or "the distribution of its weight is not known"
        if self.layer.op == "activation" and theory_of(self.layer) is not None:
            return "the variance before it is no plain number"
        return self.layer.reason or f"no theory of {self.layer.kind or self.layer.op}"


def predict(network: Network, shapes: Sequence[Sequence[int]] = ()) -> list[Prediction]:
    """The layers from which an output can be reached, in signal order, with their numbers.

    `shapes` are those of the inputs, samples first: with them, borders count and pools over all places have a size.
    """
    predictor = _Predictor(network, shapes)
    return [predictor.predict(layer) for layer in network.live()]


class _Predictor:
    """Follows signal and extent through one network."""

    def __init__(self, network: Network, shapes: Sequence[Sequence[int]]) -> None:
        self._layers = {layer.id: layer for layer in network.layers}
        self._shapes = iter(shapes)
        self._samples = shapes[0][0] if shapes and shapes[0] else None
        self._behind: dict[int, Moments] = {}
        self._extents: dict[int, Extent] = {}

    def predict(self, layer: Layer) -> Prediction:
        """Goes through one layer, whose inputs are known."""
        inputs = [self._behind.get(source, UNKNOWN) for source in layer.inputs]
        extents = [self._extents.get(source, UNKNOWN_EXTENT) for source in layer.inputs]
        sources = [self._layers[source] for source in layer.inputs]
        before = inputs[0] if inputs else UNKNOWN
        if layer.op == "input":
            self._extents[layer.id] = of_input(next(self._shapes, ()))
        else:
            self._extents[layer.id] = behind(layer, extents)
        point = Point(layer, inputs, extents, sources, self._samples, self._layers, self._behind)
        self._behind[layer.id] = after = _forward(point)
        return Prediction(layer, before, after, _backward(layer, before))


@dataclass(frozen=True, eq=False)
class Point:
    """A layer, and what comes into it."""

    layer: Layer
    inputs: Sequence[Moments]
    extents: Sequence[Extent]
    sources: Sequence[Layer]
    samples: int | None

    layers: Mapping[int, Layer]
    """All of the network, by id."""
    behind: Mapping[int, Moments]
    """What is known so far."""

    def logits(self, layer: Layer) -> Layer | None:
        """The product of queries and keys that a softmax at or before a layer is taken of."""
        found = self._back(layer, HANDED_ON, "softmax")
        return None if found is None else self._back(self.layers[found.inputs[0]], HANDED_ON, "matmul")

    def _back(self, layer: Layer, through: frozenset[str], wanted: str) -> Layer | None:
        while layer.op in through and layer.inputs:
            layer = self.layers[layer.inputs[0]]
        return layer if layer.op == wanted and layer.inputs else None

    def unscaled(self, source: int) -> Moments:
        """A signal as it was before a constant factor: the one that makes up for the width of queries and keys."""
        layer = self.layers[source]
        while layer.op in ("reshape", "scale") and layer.inputs:
            layer = self.layers[layer.inputs[0]]
        return self.behind.get(layer.id, UNKNOWN)

    def look_back(self, layer: Layer) -> Moments:
        """The signal before an earlier layer."""
        return self.behind.get(layer.inputs[0], UNKNOWN) if layer.inputs else UNKNOWN

    def first_source(self, layer: Layer) -> Layer:
        """The layer that an earlier one gets its first input from."""
        return self.layers[layer.inputs[0]]

    @property
    def before(self) -> Moments:
        """The first input."""
        return self.inputs[0]

    @property
    def extent(self) -> Extent:
        """Of the first input."""
        return self.extents[0]


def law_of(layer: Layer) -> Distribution:
    """What the entries of the layer's weight are drawn from."""
    found = layer.weight.distribution if layer.weight is not None else None
    return found or Distribution.unknown()


def _forward(point: Point) -> Moments:
    layer = point.layer
    if layer.op in _SOURCES:
        return _SOURCES[layer.op](layer)
    return _FORWARD[layer.op](point) if point.inputs and layer.op in _FORWARD else UNKNOWN


def _backward(layer: Layer, before: Moments) -> Value:
    return _BACKWARD[layer.op](layer, before) if layer.op in _BACKWARD else None


def _linear(point: Point) -> Moments:
    layer = point.layer
    bias = layer.bias.distribution or Distribution.unknown() if layer.bias is not None else None
    law = law_of(layer)
    counted = propagation.bias_that_counts(layer.fan_in, law, bias)
    alone, both = _shares(point)
    found = propagation.linear(point.before, combine(_times, layer.fan_in, alone), law, counted)
    fan = combine(_times, layer.fan_in, both)
    pairs = places.pairwise(lambda moments: propagation.linear(moments, fan, law, counted), point.before)
    return replace(found, apart=pairs.apart, across=pairs.across)


def _shares(point: Point) -> tuple[float, float]:
    """Share of a kernel's taps that lie inside the input, and that do at two places at once."""
    window, sides = point.layer.window, point.extent.sides
    if window is None or not sides or len(sides) != len(window.kernel) or not math.prod(window.outputs(sides)):
        return 1.0, 1.0
    first, _, both = window.inside(sides)
    return first / window.count, both / window.count


def _times(left: Number, right: Number) -> Number:
    return left * right


def _activate(point: Point) -> Moments:
    shape = theory_of(point.layer)
    return UNKNOWN if shape is None else places.activate(point.before, shape)


def _activate_backward(layer: Layer, before: Moments) -> Value:
    shape = theory_of(layer)
    return None if shape is None else shape.backward(before.mean, before.variance)


def _dropout(point: Point) -> Moments:
    layer, before = point.layer, point.before
    rate = _number(layer.options, "p")
    if layer.options.get("variant") != "alpha":
        return replace(propagation.dropout(before, rate), apart=before.apart, across=before.across)
    return UNKNOWN if rate is None else propagation.alpha_dropout(before, rate)


def _dropout_backward(layer: Layer, before: Moments) -> Value:
    rate = _number(layer.options, "p")
    if layer.options.get("variant") != "alpha":
        return propagation.dropout_backward(rate)
    return None if rate is None else propagation.alpha_dropout_backward(rate)


def _normalize(point: Point) -> Moments:
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


def _normalize_backward(layer: Layer, before: Moments) -> Value:
    if layer.kind == "RMSNorm":
        return propagation.rms_normalize_backward(before, _norm_scale(layer))
    return propagation.normalize_backward(before, _norm_scale(layer))


def _norm_scale(layer: Layer) -> Value:
    return 1 if layer.weight is None else layer.weight.constant


def _pool(point: Point) -> Moments:
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
        return propagation.max_pool(point.before, int(count[0]), is_rectified=True)
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


def _scale(point: Point) -> Moments:
    layer = point.layer

    def scaled(before: Moments) -> Moments:
        found = propagation.scale(before, _number(layer.options, "factor"))
        return propagation.shift(found, _number(layer.options, "offset")) if "offset" in layer.options else found

    return places.pairwise(scaled, point.before)


def _add(point: Point) -> Moments:
    total = reduce(partial(places.pairwise, propagation.add), point.inputs)
    return reduce(partial(places.pairwise, propagation.add), map(_of_parameter, point.layer.parameters), total)


def _multiply(point: Point) -> Moments:
    if len(point.inputs) == 1 and not point.layer.parameters:
        return UNKNOWN
    total = reduce(partial(places.pairwise, propagation.multiply), point.inputs)
    return reduce(partial(places.pairwise, propagation.multiply), map(_of_parameter, point.layer.parameters), total)


def _of_parameter(parameter: Parameter) -> Moments:
    """Of a parameter that is added or multiplied: one with a single axis is the same at all places."""
    law = parameter.distribution or Distribution.unknown()
    axes = [side for side in parameter.shape or () if side != 1]
    common = combine(lambda mean: mean**2, law.mean)
    return Moments(law.mean, law.second, law.second if len(axes) < 2 else common, law.second)


def _concatenate(point: Point) -> Moments:
    is_longer = joins_places(point.layer, point.extent)
    widths = [extent.places if is_longer else extent.width for extent in point.extents]

    def joined(*parts: Moments) -> Moments:
        return propagation.concatenate(zip(parts, widths, strict=True))

    return places.pairwise(joined, *point.inputs)


def _attention(point: Point) -> Moments:
    """Of a function of queries, keys and values; of a module, which projects them first, nothing is known."""
    length = point.extents[-1].places
    if len(point.inputs) != 3 or point.layer.parameters or not length:
        return UNKNOWN
    query, key, values = point.inputs
    return places.attend(values, length, query, key)


def _matmul(point: Point) -> Moments:
    """The second half of an attention that is written by hand: weights from a softmax, times values."""
    if len(point.inputs) != 2:
        return UNKNOWN
    logits = point.logits(point.sources[0])
    length = point.extents[1].places
    if logits is None or len(logits.inputs) != 2 or not length:
        return UNKNOWN
    query, key = (point.unscaled(source) for source in logits.inputs)
    return places.attend(point.inputs[1], length, query, key)


def _if_equal(point: Point) -> Moments:
    """Either of the inputs: known if they do not differ."""
    seconds = [as_float(each.second) for each in point.inputs]
    known = [second for second in seconds if second is not None]
    is_same = len(known) == len(seconds) and math.isclose(min(known), max(known), rel_tol=SAME)
    return point.before if is_same or all(each == point.before for each in point.inputs) else UNKNOWN


def _number(options: Mapping[str, object], key: str) -> float | None:
    value = options.get(key)
    return value if isinstance(value, (int, float)) else None


def _embed(layer: Layer) -> Moments:
    law = law_of(layer)
    common = combine(lambda mean: mean**2, law.mean)
    return Moments(law.mean, law.second, common, common)


_SOURCES: Mapping[str, Callable[[Layer], Moments]] = {"input": lambda layer: NOISE, "embedding": _embed}
_FORWARD: Mapping[str, Callable[[Point], Moments]] = {
    "linear": _linear,
    "conv": _linear,
    "conv_transpose": _linear,
    "activation": _activate,
    "dropout": _dropout,
    "norm": _normalize,
    "pool": _pool,
    "reshape": lambda point: point.before,
    "scale": _scale,
    "add": _add,
    "multiply": _multiply,
    "concat": _concatenate,
    "join": _if_equal,
    "attention": _attention,
    "matmul": _matmul,
}
_BACKWARD: Mapping[str, Callable[[Layer, Moments], Value]] = {
    **dict.fromkeys(STACKED, lambda layer, before: propagation.linear_backward(layer.fan_out, law_of(layer))),
    "activation": _activate_backward,
    "dropout": _dropout_backward,
    "norm": _normalize_backward,
    "reshape": lambda layer, before: 1,
    "add": lambda layer, before: 1,
    "concat": lambda layer, before: 1,
    "scale": lambda layer, before: propagation.scale_backward(_number(layer.options, "factor")),
}
