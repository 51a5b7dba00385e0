"""The depth of a measured network: where all paths go through one layer, and signal and gradient along them.

What lies on one branch of several, a residual one for example, may be 0 or large without harm; what all paths go through
may not. The gradient is taken as a whole, the sum of its squares over all entries, since that is what a stack that keeps
the gradient keeps, whatever the widths of its layers (He et al. 2015, arXiv:1502.01852, section 2.2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from initlint.diagnosis.gates import is_gate, open_layers, silent_layers
from initlint.network.network import WEIGHTED, Layer, Network

SETTLING = frozenset({"norm", "activation", "dropout"})
"""What belongs to the linear map before it."""
LEAST_CHAIN = 3
"""Linear maps from which a chain off the trunk is looked at."""
MOST_OUTPUTS = 8
"""Outputs whose trunks are looked at: the last ones in signal order."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Layers in signal order, each before the next on every path, with what was measured there."""

    layers: tuple[Layer, ...]
    is_trunk: bool
    """Whether all paths from the inputs to an output go through it; else it is a chain on one of several paths."""

    @cached_property
    def signals(self) -> tuple[float, ...]:
        """log10 E[x²] behind each layer."""
        return tuple(_log10(layer.measured.output.second) if layer.measured else math.nan for layer in self.layers)

    @cached_property
    def gradients(self) -> tuple[float, ...]:
        """log10 of the sum of the gradient's squares behind each layer; NaN where none was observed."""
        return tuple(_gradient(layer) for layer in self.layers)

    @property
    def weighted(self) -> tuple[Layer, ...]:
        """The layers with a weight matrix or kernel."""
        return tuple(layer for layer in self.layers if layer.op in WEIGHTED)

    @cached_property
    def hidden(self) -> range:
        """Positions that are judged: from behind the first linear map, its norm and its activation, up to what goes into
        the output layer, which is the last linear map unless a rectifier follows.

        A residual stream ends at its last sum: the norm behind it may scale each place by another number.
        """
        end = self._end
        weighted = [index for index in range(end) if self.layers[index].op in WEIGHTED]
        start = self._settle(weighted[0]) if weighted else 0
        while start < end and self.layers[start].op == "input":
            start += 1
        sums = [index for index in range(start, end) if self.layers[index].op == "add"]
        if sums and any(layer.op == "norm" for layer in self.layers[sums[-1] : end]):
            end = sums[-1] + 1
        return range(min(start, end), end)

    @property
    def _end(self) -> int:
        """Position of the output layer, or behind the last."""
        weighted = [index for index, layer in enumerate(self.layers) if layer.op in WEIGHTED]
        if weighted and self.is_trunk and not any(_is_rectifier(layer) for layer in self.layers[weighted[-1] :]):
            return weighted[-1]
        return len(self.layers)

    @cached_property
    def sensitivities(self) -> tuple[float, ...]:
        """Decades of the gradient at each hidden position over that at the last one; 0 at the last.

        A later norm on the path takes any scale of the signal away, so before it the gradient is counted with the
        signal's size: E[x²] times the gradient does not change with the scale. Pooling only spreads the gradient out
        over more places, which a kernel's gradient sums again: it counts as no change, as does a place where no gradient
        was observed.
        """
        places = list(self.hidden)
        sizes = self._sizes()
        values = [self.gradients[place] + size for place, size in zip(places, sizes, strict=True)]
        found = [0.0] * len(places)
        behind = values[-1] if values else 0.0
        for index in range(len(places) - 2, -1, -1):
            is_pool = self.layers[places[index + 1]].op == "pool"
            found[index] = found[index + 1] + (0.0 if is_pool else _difference(values[index], behind))
            behind = behind if math.isnan(values[index]) else values[index]
        return tuple(found)

    @property
    def gradient(self) -> float | None:
        """Decades of the gradient at the first hidden position over that at the last; `None` with fewer than two."""
        return self.sensitivities[0] if len(self.sensitivities) > 1 else None

    @cached_property
    def strengths(self) -> tuple[float, ...]:
        """Decades of the signal at each hidden position over that at the first, or at the last norm, which starts anew."""
        places = list(self.hidden)
        found: list[float] = []
        for index, place in enumerate(places):
            if index == 0 or self.layers[place].op == "norm":
                found.append(0.0)
                continue
            is_pool = self.layers[place].op == "pool"
            step = 0.0 if is_pool else _difference(self.signals[place], self.signals[places[index - 1]])
            found.append(found[-1] + step)
        return tuple(found)

    @property
    def forward(self) -> float | None:
        """Decades of the signal's second moment at the last hidden position over that at the first or at the last norm."""
        return self.strengths[-1] if len(self.strengths) > 1 else None

    def _settle(self, start: int) -> int:
        """Behind the norm, activation and dropout that follow a linear map."""
        here = start
        while here + 1 < len(self.layers) and self.layers[here + 1].op in SETTLING:
            if self.layers[here + 1].inputs != (self.layers[here].id,):
                break
            here += 1
        return here

    def _sizes(self) -> list[float]:
        """log10 E[x²] of what a later norm makes scale-free; behind the last norm that norm's own."""
        places = range(self.hidden.start, self._end)
        norms = [place for place in places if self.layers[place].op == "norm"]
        if not norms:
            return [0.0] * len(self.hidden)
        return [self.signals[min(place, norms[-1])] for place in self.hidden]


def trajectories(network: Network) -> list[Trajectory]:
    """The trunks of the outputs and the chains off them, without gates and what they cut off.

    Of an output beside the last only what is its own: where paths part, the gradient of the last one comes in, and that of
    an auxiliary head may be small. A chain ends at a gate: a layer scale makes all that follows on its branch small.
    """
    gates = {each.id for each in network.layers if is_gate(each)}
    passing = open_layers(network) - silent_layers(network) - gates
    found: dict[tuple[int, ...], Trajectory] = {}
    *others, last = sorted(set(network.outputs))[-MOST_OUTPUTS:] or [-1]
    shared = _ancestors(network, last)
    for output in (*others, last):
        own = [layer for layer in trunk(network, output) if output == last or layer.id not in shared]
        _add(found, [layer for layer in own if layer.id in passing], is_trunk=True)
    taken = frozenset(layer.id for each in found.values() for layer in each.layers)
    for chain in chains(network):
        for part in _parted(chain, gates):
            kept = [layer for layer in part if layer.id in passing]
            if sum(layer.op in WEIGHTED and layer.id not in taken for layer in kept) >= LEAST_CHAIN:
                _add(found, kept, is_trunk=False)
    return list(found.values())


def _parted(chain: Sequence[Layer], gates: set[int]) -> Iterator[list[Layer]]:
    """What lies between the gates of a chain."""
    part: list[Layer] = []
    for layer in chain:
        if layer.id in gates:
            yield part
            part = []
        else:
            part.append(layer)
    yield part


def _add(found: dict[tuple[int, ...], Trajectory], layers: Sequence[Layer], is_trunk: bool) -> None:
    key = tuple(layer.id for layer in layers)
    if layers and key not in found:
        found[key] = Trajectory(tuple(layers), is_trunk)


def trunk_ids(network: Network) -> frozenset[int]:
    """Ids of the layers that all paths from the inputs to the last output go through."""
    last = max(network.outputs, default=None)
    return frozenset() if last is None else frozenset(layer.id for layer in trunk(network, last))


def trunk(network: Network, output: int) -> list[Layer]:
    """The layers that every path from the network's inputs to one output goes through, in signal order.

    Goes through the layers once, in signal order, and counts the edges that lie across the current place: where all of
    them end in one layer, every path goes through it.
    """
    between = _between(network, output)
    sources = sum(1 for inputs in between.values() if not inputs)
    degree: dict[int, int] = dict.fromkeys(between, 0)
    for inputs in between.values():
        for source in inputs:
            degree[source] += 1
    found: list[Layer] = []
    across = sources
    for layer in network.layers:
        if layer.id in between:
            across -= len(between[layer.id]) or 1
            found += [layer] if across == 0 else []
            across += degree[layer.id]
    return found


def _between(network: Network, output: int) -> dict[int, tuple[int, ...]]:
    """The layers on paths from an input to the output, with their inputs that are; an input of the network has none."""
    back = _ancestors(network, output)
    starts = {layer.id for layer in network.layers if layer.id in back and _is_source(layer)}
    starts = starts or {layer.id for layer in network.layers if layer.id in back and not layer.inputs}
    found: dict[int, tuple[int, ...]] = {}
    for layer in network.layers:
        inputs = tuple(dict.fromkeys(source for source in layer.inputs if source in found))
        if layer.id in back and (inputs or layer.id in starts):
            found[layer.id] = inputs
    return found


def _ancestors(network: Network, output: int) -> set[int]:
    found = {output}
    for layer in reversed(network.layers):
        if layer.id in found:
            found.update(layer.inputs)
    return found


def _is_source(layer: Layer) -> bool:
    """Whether data enters here; a learned query or token is no input. Integers enter at an embedding."""
    return not layer.inputs and layer.op in ("input", "embedding")


def chains(network: Network) -> Iterator[list[Layer]]:
    """The maximal paths on which each layer has one input and one consumer."""
    consumers = network.consumers()
    followed: set[int] = set()
    for layer in network.live():
        if layer.id in followed:
            continue
        chain = list(_follow(layer, consumers, network.outputs))
        followed.update(each.id for each in chain)
        yield chain


def _follow(layer: Layer, consumers: Mapping[int, Sequence[Layer]], outputs: tuple[int, ...]) -> Iterator[Layer]:
    yield layer
    while layer.id not in outputs and len(consumers[layer.id]) == 1:
        layer = consumers[layer.id][0]
        if len(layer.inputs) != 1:
            return
        yield layer


RECTIFIERS = frozenset(
    {"relu", "leaky_relu", "gelu", "silu", "elu", "selu", "relu6", "hardswish", "mish", "prelu", "celu"}
)


def _is_rectifier(layer: Layer) -> bool:
    return layer.op == "activation" and layer.activation in RECTIFIERS


def _gradient(layer: Layer) -> float:
    if layer.measured is None or layer.measured.gradient is None:
        return math.nan
    return _log10(layer.measured.gradient.total)


def _log10(value: float) -> float:
    if math.isnan(value) or value == math.inf:
        return math.inf
    return math.log10(value) if value > 0 else -math.inf


def _difference(value: float, base: float) -> float:
    """`value - base`; 0 where one of them was not observed or both are infinite alike."""
    found = value - base
    return 0.0 if math.isnan(found) else found
