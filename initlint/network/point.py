"""A layer on the way of a signal, and what is known of what comes into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from initlint.network.extent import Extent
from initlint.network.network import Layer
from initlint.signal.distribution import Distribution
from initlint.signal.moments import UNKNOWN, Moments

HANDED_ON = frozenset({"reshape", "dropout", "scale", "add", "join"})
"""Operations that may stand between the logits and what their softmax is used for: a mask is added, or is not."""


@dataclass(frozen=True, eq=False)
class Way:
    """An earlier layer, and those between it and where it was looked for, the last first."""

    layer: Layer
    passed: tuple[Layer, ...]


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
    reached: Mapping[int, Extent] = field(default_factory=dict)
    """How far each signal reaches that is known so far."""

    def logits(self, layer: Layer) -> Layer | None:
        """The product of queries and keys that a softmax at or before a layer is taken of."""
        found = self.back(layer, HANDED_ON, "softmax")
        product = self.back(self.layers[found.layer.inputs[0]], HANDED_ON, "matmul") if found is not None else None
        return None if product is None else product.layer

    def back(self, layer: Layer, through: frozenset[str], wanted: str) -> Way | None:
        """The nearest layer of an operation, behind none but some others; `None` if there is none."""
        passed: list[Layer] = []
        while (layer.op in through or _changes_nothing(layer)) and layer.inputs:
            passed.append(layer)
            layer = self.layers[layer.inputs[0]]
        return Way(layer, tuple(passed)) if layer.op == wanted and layer.inputs else None

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


def _changes_nothing(layer: Layer) -> bool:
    """Whether it multiplies by parameters that start at 1: a temperature, a gain."""
    return layer.op == "multiply" and len(layer.inputs) == 1 and all(each.constant == 1 for each in layer.parameters)


def law_of(layer: Layer) -> Distribution:
    """What the entries of the layer's weight are drawn from."""
    found = layer.weight.distribution if layer.weight is not None else None
    return found or Distribution.unknown()


def number(layer: Layer, key: str) -> float | None:
    """An option that is a plain number."""
    value = layer.options.get(key)
    return value if isinstance(value, (int, float)) else None
