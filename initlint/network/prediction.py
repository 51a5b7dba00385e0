"""The propagate step: what a network does to a signal of mean 0 and variance 1, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from initlint.network.network import Layer, Network
from initlint.network.stack import STACKED, theory_of
from initlint.signal import propagation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import STANDARD, UNKNOWN, Moments
from initlint.signal.size import Value, combine


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


def predict(network: Network) -> list[Prediction]:
    """The layers from which an output can be reached, in signal order, with their numbers."""
    behind: dict[int, Moments] = {}
    predictions = []
    layers = {layer.id: layer for layer in network.layers}
    for layer in network.live():
        inputs = [behind.get(source, UNKNOWN) for source in layer.inputs]
        before = inputs[0] if inputs else UNKNOWN
        behind[layer.id] = after = _forward(layer, inputs, [layers[source] for source in layer.inputs])
        predictions.append(Prediction(layer, before, after, _backward(layer, before)))
    return predictions


def law_of(layer: Layer) -> Distribution:
    """What the entries of the layer's weight are drawn from."""
    found = layer.weight.distribution if layer.weight is not None else None
    return found or Distribution.unknown()


def _forward(layer: Layer, inputs: Sequence[Moments], sources: Sequence[Layer]) -> Moments:
    if layer.op in _SOURCES:
        return _SOURCES[layer.op](layer)
    if not inputs:
        return UNKNOWN
    if layer.op in _MERGES:
        return _MERGES[layer.op](inputs)
    if layer.op == "pool":
        return _pool(layer, inputs[0], sources[0])
    return _FORWARD[layer.op](layer, inputs[0]) if layer.op in _FORWARD else UNKNOWN


def _backward(layer: Layer, before: Moments) -> Value:
    return _BACKWARD[layer.op](layer, before) if layer.op in _BACKWARD else None


def _linear(layer: Layer, before: Moments) -> Moments:
    bias = layer.bias.distribution or Distribution.unknown() if layer.bias is not None else None
    law = law_of(layer)
    return propagation.linear(before, layer.fan_in, law, propagation.bias_that_counts(layer.fan_in, law, bias))


def _activate(layer: Layer, before: Moments) -> Moments:
    shape = theory_of(layer)
    return UNKNOWN if shape is None else shape.forward(before.mean, before.variance)


def _activate_backward(layer: Layer, before: Moments) -> Value:
    shape = theory_of(layer)
    return None if shape is None else shape.backward(before.mean, before.variance)


def _dropout(layer: Layer, before: Moments) -> Moments:
    rate = _number(layer.options, "p")
    if layer.options.get("variant") != "alpha":
        return propagation.dropout(before, rate)
    return UNKNOWN if rate is None else propagation.alpha_dropout(before, rate)


def _dropout_backward(layer: Layer, before: Moments) -> Value:
    rate = _number(layer.options, "p")
    if layer.options.get("variant") != "alpha":
        return propagation.dropout_backward(rate)
    return None if rate is None else propagation.alpha_dropout_backward(rate)


def _normalize(layer: Layer, before: Moments) -> Moments:
    if layer.kind == "RMSNorm":
        return propagation.rms_normalize(before, _norm_scale(layer))
    shift = 0 if layer.bias is None else layer.bias.constant
    return propagation.normalize(before, _norm_scale(layer), shift)


def _normalize_backward(layer: Layer, before: Moments) -> Value:
    if layer.kind == "RMSNorm":
        return propagation.rms_normalize_backward(before, _norm_scale(layer))
    return propagation.normalize_backward(before, _norm_scale(layer))


def _norm_scale(layer: Layer) -> Value:
    return 1 if layer.weight is None else layer.weight.constant


def _pool(layer: Layer, before: Moments, source: Layer) -> Moments:
    window = layer.options.get("window")
    if not isinstance(window, int):
        return UNKNOWN
    if layer.options.get("variant") != "max":
        return propagation.average_pool(before, window)
    shape = theory_of(source) if source.op == "activation" else None
    return propagation.max_pool(before, window, is_rectified=shape is not None and shape.is_relu_like)


def _scale(layer: Layer, before: Moments) -> Moments:
    scaled = propagation.scale(before, _number(layer.options, "factor"))
    return propagation.shift(scaled, _number(layer.options, "offset")) if "offset" in layer.options else scaled


def _add(inputs: Sequence[Moments]) -> Moments:
    return reduce(propagation.add, inputs)


def _multiply(inputs: Sequence[Moments]) -> Moments:
    return reduce(propagation.multiply, inputs)


def _if_equal(inputs: Sequence[Moments]) -> Moments:
    """Either of the inputs, or entries of all of them: known if they do not differ."""
    return inputs[0] if all(each == inputs[0] for each in inputs) else UNKNOWN


def _number(options: Mapping[str, object], key: str) -> float | None:
    value = options.get(key)
    return value if isinstance(value, (int, float)) else None


_SOURCES: Mapping[str, Callable[[Layer], Moments]] = {
    "input": lambda layer: STANDARD,
    "embedding": lambda layer: Moments(law_of(layer).mean, law_of(layer).second),
}
_MERGES: Mapping[str, Callable[[Sequence[Moments]], Moments]] = {
    "add": _add,
    "multiply": _multiply,
    "concat": _if_equal,
    "join": _if_equal,
}
_FORWARD: Mapping[str, Callable[[Layer, Moments], Moments]] = {
    "linear": _linear,
    "conv": _linear,
    "conv_transpose": _linear,
    "activation": _activate,
    "dropout": _dropout,
    "norm": _normalize,
    "reshape": lambda layer, before: before,
    "scale": _scale,
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
