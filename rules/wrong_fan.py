"""INL206."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.draws import draw_normal
from initlint.frameworks.gains import divides_by_fan_in
from initlint.network import Layer, Network, Parameter, Write
from initlint.rule import Rule

from .used_fans import HARMLESS, Misjudged, is_exposed, misjudged

HARMFUL = 10.0
"""Ratio of variances from which it is a risk to training rather than a blemish: one decade."""


class WrongFan(Rule):
    """An init that divides by a fan that is not the layer's.

    Why: kaiming_* reads a weight as (out, in, ...). A parameter that is used as x @ W is (in, out), and one of experts is
    (experts, in, out): the variance is then divided by the wrong number, and the signal is off by their ratio. So it is
    where sqrt(2 / n) is worked out by hand with an n that leaves a side of the kernel or the groups out.
    Predicted: terms in the sums of the operation that uses the weight, over the fan in the variance that is drawn.
    Measured: the same ratio, with the terms counted where the weight is used.
    Silent on: equal fans, ratios up to 2, fan_out in convolutions and in linear layers up to 8 to 1, layers under a norm,
    output layers, and branches that are added to others.
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

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that divides by a fan that is not that of the use."""
        cases: dict[Place, list[Misjudged]] = {}
        for found in misjudged(network):
            several = cases.setdefault(found.write.place, [])
            if all(found.weight is not other.weight for other in several):
                several.append(found)
        for several in cases.values():
            worst = max(several, key=lambda each: abs(math.log(each.ratio)))
            yield self._predicted(network, worst, len(several) - 1)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Compares the fan of each use with that of the init call."""
        for layer in network.live():
            weight = layer.weight
            written = weight.last if weight is not None else None
            fans = _fans(layer, weight, written) if weight is not None and written is not None else None
            if weight is None or written is None or fans is None or 1 / HARMLESS <= fans[0] / fans[1] <= HARMLESS:
                continue
            if is_exposed(network, layer):
                yield self._measured(network, weight, written, *fans)

    def _predicted(self, network: Network, found: Misjudged, others: int) -> Finding:
        more = f" (and {others} more)" if others else ""
        use = "its fans have a mean of {:.6g}" if found.fan == "mean fan" else "each output sums {:.6g} terms"
        message = (
            f"{found.weight.name}{more}: {found.write.initializer} divides by a {found.fan} of {found.assumed:.6g}, "
            f"{use.format(found.used)}: the variance behind it is {found.ratio:.3g} times what it should be (predicted)"
        )
        numbers = _numbers(network, found.used, found.assumed)
        call = draw_normal(found.weight.name, found.wanted_std)
        remedy = f"divide by the fan of the use: {call}"
        return self.finding(found.write.place, message, help=remedy, severity=_severity(found.ratio), predicted=numbers)

    def _measured(self, network: Network, weight: Parameter, written: Write, used: float, assumed: float) -> Finding:
        message = (
            f"{weight.name}: {written.initializer} divides by a fan-in of {assumed:g}, each output sums {used:g} terms (measured "
            f"where it is used): the variance behind it is {used / assumed:.3g} times what it should be"
        )
        call = draw_normal(weight.name, (2 / used) ** 0.5)
        return self.finding(
            written.place,
            message,
            help=f"initialise the (out, in) view of it, or give the std: {call}",
            severity=_severity(used / assumed),
            measured=_numbers(network, used, assumed),
        )


def _numbers(network: Network, used: float, assumed: float) -> dict[str, object]:
    return {"network": network.name, "fan_in": used, "fan_in_of_init": assumed, "variance_ratio": used / assumed}


def _severity(ratio: float) -> Severity:
    return Severity.INFO if 1 / HARMFUL < ratio < HARMFUL else Severity.WARNING


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
