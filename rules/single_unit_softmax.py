"""INL308."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initlint.finding import Finding, Severity
from initlint.frameworks.remedies import BINARY_LOSS, LOGISTIC
from initlint.frameworks.torch import CHANNELS_FIRST, NORM_OF_ROWS, RESHAPED_TO_ROWS
from initlint.network import Layer, Network
from initlint.rule import Rule

from .wording import witnessed

ELEMENTWISE = frozenset({"dropout", "scale", "activation"})
"""Operations that keep one unit one unit."""


class SingleUnitSoftmax(Rule):
    """A softmax over one unit.

    Why: a softmax divides by the sum over its units; over a single one it gives 1 whatever goes in. Its gradient is
    exactly 0, so nothing before it ever learns, and the loss stays where it is.
    Predicted: a softmax over the axis on which the one unit of the layer before it lies: the last one behind a linear map,
    axis 1 behind a convolution or where the signal is one vector a sample.
    Measured: an output of exactly 1 behind a layer with one unit.
    Silent on: softmaxes over another axis (attention pooling over time), an axis that is not known, layers with
    several units, and gates of what they are computed from.
    Fix: a sigmoid, or better none and BCEWithLogitsLoss; or two units.
    Source: the definition; "softmax with one output unit" is asked about on Stack Overflow time and again.
    """

    code = "INL308"
    name = "single-unit-softmax"
    severity = Severity.ERROR
    bad = """
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return torch.softmax(self.out(self.hidden(x).relu()), dim=-1)  # bad
"""
    good = """
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return torch.sigmoid(self.out(self.hidden(x).relu()))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for softmaxes over the axis of a single unit."""
        known = {layer.id: layer for layer in network.layers}
        consumers = network.consumers()
        for layer in network.live():
            before = made_by(layer, known) if layer.op == "softmax" and layer.inputs else None
            if before is None or units(before) != 1 or _weighs(consumers[layer.id], before):
                continue
            if _is_over_units(layer, before, known):
                yield self._finding(network, layer, before)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Looks for softmaxes whose every output is 1."""
        return (self._finding(network, layer, before) for layer, before in constant_softmaxes(network))

    def _finding(self, network: Network, layer: Layer, before: Layer) -> Finding:
        seen = " (measured)" if network.measured is not None else ""
        message = (
            f"{layer.name or layer.kind}: a softmax over the one unit of {before.name or before.kind} gives 1 for every sample"
            f"{seen}, several units are expected: its gradient is exactly 0, and nothing before it learns"
        )
        remedy = f"remove it and use {BINARY_LOSS}, or use {LOGISTIC}"
        predicted, measured = witnessed(network, {"network": network.name, "output": 1.0, "gradient": 0.0})
        return self.finding(layer.place, message, help=remedy, predicted=predicted, measured=measured)


def _weighs(consumers: Sequence[Layer], before: Layer) -> bool:
    """Whether it gates what it is computed from, which one feature more or less leaves as it is."""
    return bool(consumers) and all(each.op == "multiply" and before.inputs[0] in each.inputs for each in consumers)


def made_by(layer: Layer, known: dict[int, Layer]) -> Layer | None:
    """The linear map whose output, unit by unit, a softmax is taken of."""
    before = known[layer.inputs[0]]
    while before.op in ELEMENTWISE and len(before.inputs) == 1:
        before = known[before.inputs[0]]
    return before if before.op in ("linear", "conv", "conv_transpose") else None


def units(layer: Layer) -> object:
    """How many units it has; `None` if that is not known, or if it is a product of signals."""
    shape = layer.weight.shape if layer.weight is not None else None
    if not shape or layer.weight is None or layer.weight.role != "weight":
        return None
    return shape[1 if layer.op == "conv_transpose" else 0]


def _is_over_units(layer: Layer, before: Layer, known: dict[int, Layer]) -> bool:
    """Whether the axis of a softmax is that of the units, in a batch."""
    if layer.kind == CHANNELS_FIRST:
        return before.op != "linear"
    axis = layer.options.get("axis")
    if before.op != "linear":
        return axis == 1
    return axis == -1 or (axis == 1 and _is_row(before, known))


def _is_row(layer: Layer, known: dict[int, Layer]) -> bool:
    """Whether the signal before a linear map is certainly one vector a sample."""
    here = layer
    while len(here.inputs) == 1:
        here = known[here.inputs[0]]
        if here.kind in RESHAPED_TO_ROWS | NORM_OF_ROWS:
            return here.kind in RESHAPED_TO_ROWS or known[here.inputs[0]].op == "linear"
        if here.op not in ELEMENTWISE | {"linear"}:
            return False
    return False


def constant_softmaxes(network: Network) -> Iterator[tuple[Layer, Layer]]:
    """Softmaxes that give nothing but 1, each with the layer of one unit before it."""
    known = {layer.id: layer for layer in network.layers}
    for layer in network.live():
        before = known.get(layer.inputs[0]) if layer.op == "softmax" and layer.inputs else None
        if before is not None and _has_one_unit(before) and _is_one(layer):
            yield layer, before


def _has_one_unit(layer: Layer) -> bool:
    return layer.op in ("linear", "conv") and layer.measured is not None and layer.measured.output.shape[-1:] == (1,)


def _is_one(layer: Layer) -> bool:
    """Whether all outputs are 1, and only the last axis can be the one that the softmax goes over."""
    if layer.measured is None:
        return False
    output = layer.measured.output
    is_last = output.shape[-1:] == (1,) and 1 not in output.shape[:-1]
    return is_last and abs(output.mean - 1) < ROUNDING and abs(output.second - 1) < ROUNDING


ROUNDING = 1e-6
"""Of a mean of ones in float32."""
