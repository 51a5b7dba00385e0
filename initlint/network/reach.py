"""What lies ahead of a layer, up to the next linear maps."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.network.network import TRANSPARENT, WEIGHTED, Layer, Network

PASSING = TRANSPARENT | {"norm"}
"""Operations that keep units that are equal equal."""
FLAT_AT_ZERO = frozenset({"relu", "relu6", "threshold", "hardshrink", "softshrink"})
"""Activations with value 0 and slope 0 at 0."""


@dataclass(frozen=True)
class Reach:
    """The linear maps that take a layer's output directly, and the activations on the way."""

    consumers: tuple[Layer, ...]
    activations: tuple[str, ...]
    is_closed: bool
    """Whether nothing else takes it: no sum, product, unknown operation or output of the network."""

    @property
    def is_hidden(self) -> bool:
        """Whether everything that takes the output is a linear map with weights of its own."""
        return self.is_closed and bool(self.consumers)

    @property
    def has_activation(self) -> bool:
        """Whether an activation stands before the next linear map."""
        return bool(self.activations)

    @property
    def is_symmetric(self) -> bool:
        """Whether the next linear maps treat all units alike: each of them is constant."""
        return bool(self.consumers) and all(_constant(layer) is not None for layer in self.consumers)

    @property
    def is_blocked_at_zero(self) -> bool:
        """Whether a zero signal meets an activation that is flat there."""
        return any(name in FLAT_AT_ZERO for name in self.activations)


def _constant(layer: Layer) -> float | None:
    return layer.weight.constant if layer.weight is not None else None


def reach(network: Network, layer: Layer) -> Reach:
    """Follows a layer's output through activations, norms, pools and the like."""
    consumers, names = [], []
    is_closed = True
    ahead = network.consumers()
    stack, seen = [layer], {layer.id}
    while stack:
        current = stack.pop()
        is_closed = is_closed and current.id not in network.outputs
        for after in ahead.get(current.id, ()):
            if after.id in seen:
                continue
            seen.add(after.id)
            if after.op in WEIGHTED:
                consumers.append(after)
            elif after.op in PASSING:
                names += [after.activation] if after.op == "activation" else []
                stack.append(after)
            else:
                is_closed = False
    return Reach(tuple(consumers), tuple(names), is_closed)
