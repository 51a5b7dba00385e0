"""The propagate step: what a network does to a signal of mean 0 and variance 1, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initlint.network.extent import UNKNOWN_EXTENT, Extent, behind, of_input
from initlint.network.laws import BACKWARD, FORWARD, SOURCES
from initlint.network.network import Layer, Network
from initlint.network.point import Point, law_of
from initlint.network.stack import STACKED, theory_of
from initlint.network.summands import summands
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.places import seen_variance
from initlint.signal.size import Value, combine

OF_PLACES = frozenset({"pool", "attention"})
"""Operations whose law needs the size of the input."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A layer and the signal before and behind it. Of several inputs, `before` is the first."""

    layer: Layer
    before: Moments
    after: Moments
    backward_gain: Value
    """E[g²] before the layer over E[g²] behind it."""
    is_fed: bool = True
    """Whether the variance of every input is known."""
    extents: tuple[Extent, Extent] = (UNKNOWN_EXTENT, UNKNOWN_EXTENT)
    """How far the signal reaches before and behind it."""
    samples: int | None = None

    @property
    def gain(self) -> Value:
        """Variance behind the layer over variance before it."""
        return combine(lambda out, into: out / into, self.after.variance, self.before.variance)

    @property
    def seen(self) -> tuple[Value, Value]:
        """Variance before and behind it of tensors of this size about their own means; as ever, where one is not known."""
        before, after = (
            seen_variance(moments, extent.width, extent.places, self.samples)
            if extent.width and extent.places and self.samples
            else None
            for moments, extent in zip((self.before, self.after), self.extents, strict=True)
        )
        is_known = before is not None and after is not None
        return (before, after) if is_known else (self.before.variance, self.after.variance)

    @property
    def reason(self) -> str:
        """Why the signal behind the layer is not known, if the layer itself is to blame."""
        if self.after.variance is not None or self.before.variance is None or not self.is_fed:
            return self.layer.reason
        if self.layer.op in STACKED and law_of(self.layer).variance is None:
            doubt = self.layer.weight.doubt if self.layer.weight is not None else ""
            return self.layer.reason or doubt or "the distribution of its weight is not known"
        if self.layer.op == "activation" and theory_of(self.layer) is not None:
            return "the variance before it is no plain number"
        return self.layer.reason or _missing(self.layer) or f"no theory of {self.layer.kind or self.layer.op}"


def _missing(layer: Layer) -> str:
    """What the law of its operation asks for and is not known."""
    if layer.op == "attention" and "causal" in layer.options and layer.options["causal"] is None:
        return f"whether a place of {layer.kind} sees those behind it is not known"
    if layer.op in OF_PLACES and not layer.parameters:
        return f"{layer.kind} goes over places, and how many the input has is not known"
    if "turn" in layer.options:
        return "the angles that places are turned by are not followed"
    if layer.op == "softmax":
        return f"how many logits {layer.kind} goes over is not known"
    return f"how many products {layer.kind} adds up is not known" if layer.op == "matmul" else ""


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
            parts = summands(self._layers, layer, extents[0]) if layer.op == "pool" and extents else None
            self._extents[layer.id] = behind(layer, extents, parts)
        point = Point(layer, inputs, extents, sources, self._samples, self._layers, self._behind, self._extents)
        self._behind[layer.id] = after = _forward(point)
        is_fed = all(each.variance is not None for each in inputs)
        reach = (extents[0] if extents else UNKNOWN_EXTENT, self._extents[layer.id])
        return Prediction(layer, before, after, _backward(layer, before), is_fed, reach, self._samples)


def _forward(point: Point) -> Moments:
    layer = point.layer
    if layer.op in SOURCES:
        return SOURCES[layer.op](layer)
    return FORWARD[layer.op](point) if point.inputs and layer.op in FORWARD else UNKNOWN


def _backward(layer: Layer, before: Moments) -> Value:
    return BACKWARD[layer.op](layer, before) if layer.op in BACKWARD else None
