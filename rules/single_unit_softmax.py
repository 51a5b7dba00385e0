"""INL308."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.remedies import BINARY_LOSS, LOGISTIC
from initlint.network import Layer, Network
from initlint.rule import Rule


class SingleUnitSoftmax(Rule):
    """A softmax over one unit.

    Why: a softmax divides by the sum over its units; over a single one it gives 1 whatever goes in. Its gradient is
    exactly 0, so nothing before it ever learns, and the loss stays where it is.
    Measured: an output of exactly 1 behind a layer with one unit.
    Silent on: softmaxes over another axis (attention pooling over time), and layers with several units.
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
        return torch.softmax(self.out(self.hidden(x).relu()), dim=1)  # bad
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

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Looks for softmaxes whose every output is 1."""
        return (self._finding(network, layer, before) for layer, before in constant_softmaxes(network))

    def _finding(self, network: Network, layer: Layer, before: Layer) -> Finding:
        message = (
            f"{layer.name or layer.kind}: a softmax over the one unit of {before.name or before.kind} gives 1 for every sample "
            f"(measured), several units are expected: its gradient is exactly 0, and nothing before it learns"
        )
        remedy = f"remove it and use {BINARY_LOSS}, or use {LOGISTIC}"
        numbers = {"network": network.name, "output": 1.0, "gradient": 0.0}
        return self.finding(layer.place, message, help=remedy, measured=numbers)


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
