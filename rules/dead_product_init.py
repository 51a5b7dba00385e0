"""INL102."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.draws import draw_default
from initlint.network import Layer, Network, Parameter
from initlint.rule import Rule

from .wording import Numbers, witnessed

LINEAR = frozenset({"linear", "conv", "conv_transpose"})
TRANSPARENT = frozenset({"dropout", "pool", "reshape"})


class DeadProductInit(Rule):
    """Two factors of one product both start at zero.

    Why: the gradient of each factor is the other one times something: if both are zero, both gradients are zero, now
    and after every step. The branch is dead, and the loss does not tell.
    Predicted: a gradient of exactly 0 at both factors.
    Measured: trainable parameters whose gradient is exactly 0.
    Silent on: one zero factor (LoRA B, ReZero, zero-init residual, ControlNet): its gradient is not zero.
    Fix: keep one of the two at zero and draw the other at random.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1; Bachlechner et al. 2020, arXiv:2003.04887.
    """

    code = "INL102"
    name = "dead-product-init"
    severity = Severity.ERROR
    bad = """
import torch
from torch import nn


class LoRA(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.zeros(64, 8))
        self.b = nn.Parameter(torch.zeros(8, 64))  # bad

    def forward(self, x):
        return x + x @ self.a @ self.b
"""
    good = """
import torch
from torch import nn


class LoRA(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(64, 8) / 8)
        self.b = nn.Parameter(torch.zeros(8, 64))

    def forward(self, x):
        return x + x @ self.a @ self.b
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for a zero factor behind a zero factor with nothing but linear operations between them."""
        for first, second in dead_pairs(network):
            yield self._finding(network, first, second)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """The same pairs of factors, of the values and gradients that were seen."""
        return self.check_network(network)

    def _finding(self, network: Network, first: Parameter, second: Parameter) -> Finding:
        written, other = second.last, first.last
        assert written is not None and other is not None
        numbers: Numbers = {"network": network.name, "factors": [first.name, second.name], "gradient": 0.0}
        predicted, measured = witnessed(network, numbers)
        seen = " (measured)" if measured is not None else ""
        message = (
            f"{second.name} starts at 0 and multiplies {first.name}, which starts at 0 too: both gradients are exactly 0{seen} "
            f"and stay so, one of the two must not be zero"
        )
        return self.finding(
            written.place,
            message,
            help=f"draw one of them at random: {draw_default(first.name)}",
            predicted=predicted,
            measured=measured,
            related=[(other.place, f"{first.name} is set to 0 here")],
        )


def dead_pairs(network: Network) -> Iterator[tuple[Parameter, Parameter]]:
    """Two factors of one product that are both zero."""
    consumers = network.consumers()
    for layer in network.live():
        first = _zero_factor(layer)
        if first is not None:
            yield from ((first, second) for second in _zeros_ahead(network, layer, consumers))


def _zero_factor(layer: Layer) -> Parameter | None:
    """The parameter that makes a layer's output zero."""
    if layer.op in LINEAR:
        has_bias = layer.bias is not None and layer.bias.constant != 0
        found = None if has_bias else layer.weight
    elif layer.op == "multiply" and len(layer.inputs) == 1 and len(layer.parameters) == 1:
        found = layer.parameters[0]
    else:
        found = None
    return found if found is not None and found.constant == 0 and not found.is_frozen else None


def _zeros_ahead(network: Network, layer: Layer, consumers: dict[int, list[Layer]]) -> Iterator[Parameter]:
    """The next factors that are zero, if nothing else takes the product on the way."""
    here = layer
    while here.id not in network.outputs and len(consumers.get(here.id, ())) == 1:
        here = consumers[here.id][0]
        found = _zero_factor(here)
        if found is not None:
            yield found
            return
        if here.op not in TRANSPARENT and here.op != "scale":
            return
