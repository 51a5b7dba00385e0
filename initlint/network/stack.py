"""Plain stacks: chains of linear maps with nothing between them that restores the signal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from initlint.network.decades import along, back
from initlint.network.network import TRANSPARENT, Layer, Network
from initlint.signal.activations import activation
from initlint.signal.distribution import Distribution
from initlint.signal.nonlinearity import Activation
from initlint.signal.size import combine
from initlint.signal.stack import LayerSignal, StackLayer, StackSignal, propagate_stack

STACKED = frozenset({"linear", "conv", "conv_transpose"})
"""Linear maps that a stack is made of."""


@dataclass(frozen=True, eq=False)
class Stage:
    """One linear map of a stack and what stands between it and the next."""

    layer: Layer
    between: tuple[Layer, ...]

    @property
    def activation(self) -> Layer | None:
        """The activation behind the linear map, if there is exactly one."""
        found = [layer for layer in self.between if layer.op == "activation"]
        return found[0] if len(found) == 1 else None

    @property
    def is_known(self) -> bool:
        """Whether fan-in times the weights' second moment is a plain number."""
        law = self.layer.weight.distribution if self.layer.weight is not None else None
        total = combine(lambda fan, second: fan * second, self.layer.fan_in, law.second if law is not None else None)
        return isinstance(total, (int, float))

    @property
    def nonlinearity(self) -> Activation | None:
        """What the theory knows of the activation."""
        return None if self.activation is None else theory_of(self.activation)


@dataclass(frozen=True, eq=False)
class Stack:
    """A maximal chain: no norm, no skip, no second consumer, nothing unknown inside."""

    network: Network
    stages: tuple[Stage, ...]

    @cached_property
    def hidden(self) -> tuple[Stage, ...]:
        """The stages that are judged: the longest run whose weights are known, without the output layer."""
        inner = self.stages[:-1] if self._ends_in_head else self.stages
        longest: tuple[Stage, ...] = ()
        start = 0
        for index, stage in enumerate((*inner, None)):
            if stage is None or not stage.is_known:
                longest = max(longest, inner[start:index], key=len)
                start = index + 1
        return longest

    @property
    def _ends_in_head(self) -> bool:
        """Whether the last stage is the output layer: no activation follows it, or one of another kind than before it,
        as a tanh behind rectifiers, is what the network gives."""
        *before, last = self.stages
        if not any(layer.op == "activation" for layer in last.between):
            return True
        kind = last.activation.activation if last.activation is not None else None
        kinds = {stage.activation.activation for stage in before if stage.activation is not None}
        return last.between[-1].id in self.network.outputs and kind is not None and bool(kinds) and kind not in kinds

    @cached_property
    def signal(self) -> StackSignal:
        """The predicted numbers of the hidden stages, for an input of mean 0 and variance 1."""
        return propagate_stack([_for_theory(stage) for stage in self.hidden])

    @property
    def gradient(self) -> float | None:
        """log10 of the gradient's second moment at the first hidden pre-activation over that at the last.

        Measured if the network is, else predicted; in both cases what a stack of any widths keeps, `decades.back`.
        """
        if self.network.measured is None or len(self.hidden) < 2:
            return self.predicted_gradient
        layers = self.layers
        return back(layers[: layers.index(self.hidden[-1].layer) + 1])

    @property
    def predicted_gradient(self) -> float | None:
        """`gradient` as the theory has it."""
        return self.signal.log10_chi if len(self.hidden) > 1 else None

    @cached_property
    def gradient_at_fan_in(self) -> float | None:
        """`predicted_gradient`, had every weight mean 0 and variance 1/fan_in, and no bias: the fault of init taken away."""
        drawn = [_drawn_by_fan(_for_theory(stage)) for stage in self.hidden]
        return propagate_stack(drawn).log10_chi if len(drawn) > 1 else None

    @property
    def forward(self) -> float | None:
        """log10 of the signal's second moment behind the last hidden stage over that behind the first.

        Measured if the network is, else predicted.
        """
        if self.network.measured is None or len(self.hidden) < 2:
            return self.predicted_forward
        return along(self.layers[len(self.hidden[0].between) :])

    @property
    def predicted_forward(self) -> float | None:
        """`forward` as the theory has it."""
        gains = [each.forward_gain for each in self.signal.layers[1:]]
        known = [gain for gain in gains if gain is not None]
        if len(known) < len(gains) or not known:
            return None
        return -math.inf if 0 in known else sum(map(math.log10, known))

    @property
    def layers(self) -> list[Layer]:
        """The layers of the hidden stages, in signal order."""
        return [layer for stage in self.hidden for layer in (stage.layer, *stage.between)]

    @property
    def factor(self) -> float | None:
        """The gradient's factor a layer: geometric mean of chi over the hidden stages but the first."""
        return self._each(self.gradient)

    @property
    def predicted_factor(self) -> float | None:
        """`factor` as the theory has it."""
        return self._each(self.predicted_gradient)

    def _each(self, total: float | None) -> float | None:
        return None if total is None else 10.0 ** (total / (len(self.hidden) - 1))

    def numbers(self) -> list[tuple[Stage, LayerSignal]]:
        """The hidden stages with their predicted numbers."""
        return list(zip(self.hidden, self.signal.layers, strict=True))


def stacks(network: Network) -> list[Stack]:
    """All plain stacks of a network, in signal order."""
    consumers = network.consumers()
    followed: set[int] = set()
    found: list[Stack] = []
    for layer in network.live():
        if layer.op in STACKED and layer.id not in followed:
            stages = list(_follow(network, layer, consumers))
            followed.update(stage.layer.id for stage in stages)
            found.append(Stack(network, tuple(stages)))
    return found


def _follow(network: Network, first: Layer, consumers: dict[int, list[Layer]]) -> Iterator[Stage]:
    """The stages from a linear map on, up to where the chain ends."""
    current: Layer | None = first
    while current is not None:
        between: list[Layer] = []
        here = current
        following: Layer | None = None
        while following is None:
            after = consumers.get(here.id, [])
            if len(after) != 1 or here.id in network.outputs or len(after[0].inputs) != 1:
                break
            if after[0].op in TRANSPARENT:
                here = after[0]
                between.append(here)
            elif after[0].op in STACKED:
                following = after[0]
            else:
                break
        yield Stage(current, tuple(between))
        current = following


def theory_of(layer: Layer) -> Activation | None:
    """The activation as the theory knows it; `None` if its parameters are not known."""
    parameters = {key: value for key, value in layer.options.items() if key != "variant"}
    if any(value is None for value in parameters.values()):
        return None
    try:
        return activation(layer.activation, **parameters)
    except (KeyError, TypeError, ValueError):
        return None


def _for_theory(stage: Stage) -> StackLayer:
    layer, shape = stage.layer, stage.activation
    known = stage.nonlinearity
    is_plain = shape is None and not any(each.op == "activation" for each in stage.between)
    if not is_plain and known is None:
        return StackLayer(layer.fan_in, Distribution.unknown())
    dropped = [each.options.get("p") for each in stage.between if each.op == "dropout"]
    rates = [rate for rate in dropped if isinstance(rate, (int, float)) and rate < 1]
    windows = [each.options.get("window") for each in stage.between if each.options.get("variant") == "max"]
    return StackLayer(
        layer.fan_in,
        _law(layer),
        layer.bias.distribution if layer.bias is not None else None,
        "identity" if shape is None else shape.activation,
        {} if shape is None else {key: value for key, value in shape.options.items() if key != "variant"},
        1 - math.prod(1 - rate for rate in rates),
        max_pool=math.prod(window for window in windows if isinstance(window, int)),
        factor=math.prod(f for each in stage.between if isinstance(f := each.options.get("factor", 1.0), float)),
    )


def _drawn_by_fan(layer: StackLayer) -> StackLayer:
    law = Distribution.centred("normal", combine(lambda fan: 1 / fan, layer.fan_in))
    return replace(layer, weight=law, bias=None)


def _law(layer: Layer) -> Distribution:
    found = layer.weight.distribution if layer.weight is not None else None
    return found if found is not None else Distribution.unknown()
