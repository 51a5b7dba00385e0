"""INL206."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding
from initlint.frameworks.gains import divides_by_fan_in
from initlint.frameworks.remedies import draw_normal
from initlint.network import Layer, Network, Parameter, Write
from initlint.network.reach import reach
from initlint.rule import Rule

HARMLESS = 2.0
"""Ratio of variances up to which a wrong fan is not reported, as is that of a fused QKV weight under Xavier."""


class WrongFan(Rule):
    """An init that divides by a fan that is not the layer's.

    Why: kaiming_* reads a weight as (out, in, ...). A parameter that is used as x @ W is (in, out), and one of experts is
    (experts, in, out): the variance is then divided by the wrong number, and the signal is off by their ratio.
    Measured: terms in the sums of the operation that uses the weight, over the fan that the initialiser took.
    Silent on: equal fans, ratios up to 2, fan_out, layers under a norm, and output layers.
    Fix: initialise the transposed view, or give the std by hand: nn.init.normal_(w, std=(2 / fan_in) ** 0.5).
    Source: the documentation of torch.nn.init.kaiming_normal_ (note on transposed weights).
    """

    code = "INL206"
    name = "wrong-fan"
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.empty(512, 64))
        self.w2 = nn.Parameter(torch.empty(64, 10))
        nn.init.kaiming_normal_(self.w1, nonlinearity="relu")  # bad
        nn.init.xavier_normal_(self.w2)

    def forward(self, x):
        return (x @ self.w1).relu() @ self.w2
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.empty(512, 64))
        self.w2 = nn.Parameter(torch.empty(64, 10))
        nn.init.kaiming_normal_(self.w1.t(), nonlinearity="relu")
        nn.init.xavier_normal_(self.w2)

    def forward(self, x):
        return (x @ self.w1).relu() @ self.w2
"""

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Compares the fan of each use with that of the init call."""
        consumers = network.consumers()
        for layer in network.live():
            weight = layer.weight
            written = weight.last if weight is not None else None
            if weight is None or written is None or any(after.op == "norm" for after in consumers[layer.id]):
                continue
            fans = _fans(layer, weight, written)
            if (
                fans is not None
                and not 1 / HARMLESS <= fans[0] / fans[1] <= HARMLESS
                and reach(network, layer).is_hidden
            ):
                yield self._finding(network, weight, written, *fans)

    def _finding(self, network: Network, weight: Parameter, written: Write, used: float, assumed: float) -> Finding:
        message = (
            f"{weight.name}: {written.initializer} divides by a fan-in of {assumed:g}, each output sums {used:g} terms (measured "
            f"where it is used): the variance behind it is {used / assumed:.3g} times what it should be"
        )
        call = draw_normal(weight.name, (2 / used) ** 0.5)
        numbers = {"network": network.name, "fan_in": used, "fan_in_of_init": assumed, "variance_ratio": used / assumed}
        return self.finding(
            written.place,
            message,
            help=f"initialise the (out, in) view of it, or give the std: {call}",
            measured=numbers,
        )


def _fans(layer: Layer, weight: Parameter, written: Write) -> tuple[float, float] | None:
    """The fan-in of the use and that of the init call, if its law is what the weight holds."""
    shape = weight.measured.values.shape if weight.measured is not None else ()
    is_by_fan_in = divides_by_fan_in(written.initializer, written.arguments)
    if not is_by_fan_in or len(shape) < 2 or not isinstance(layer.fan_in, (int, float)) or layer.fan_in <= 0:
        return None
    law = written.distribution
    if law is None or law.family == "other":
        return None
    return float(layer.fan_in), float(shape[1] * math.prod(shape[2:]))
