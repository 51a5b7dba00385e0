"""INL101."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.draws import random_init
from initlint.network import Layer, Network, Parameter
from initlint.network.reach import Reach, reach
from initlint.rule import Rule

from .redrawing import redrawing_layers
from .wording import witnessed

SYMMETRIC = frozenset({"linear", "conv", "conv_transpose", "bilinear", "recurrent"})


@dataclass(frozen=True)
class Case:
    """A hidden layer with equal weights, and what becomes of it."""

    layer: Layer
    weight: Parameter
    value: float
    place: Place
    severity: Severity
    consequence: str


class ConstantWeightInit(Rule):
    """A hidden layer's weight matrix or kernel starts as one constant.

    Why: units of one layer with equal weights compute the same value and get the same gradient. If the layer that
    consumes them is constant too they stay equal for ever: the layer is one unit wide. Zeros in front of a rectifier
    pass neither signal nor gradient.
    Predicted: rank 1 of the layer's output, or 0 for zeros.
    Measured: identical rows in the weight and in its gradient.
    Silent on: a zero factor of a linear product, biases, norm scales, gates, embeddings, output layers, models without
    a hidden layer, the last layer of a residual branch, adapter or head (zero-init residual, LoRA B, ControlNet,
    adaLN-zero), single units, depthwise and frozen kernels, and layers whose place in the network is not known.
    Fix: draw the weights at random: kaiming_normal_, xavier_uniform_, or the framework's default.
    Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, section 8.4; Rumelhart, Hinton and Williams 1986.
    """

    code = "INL101"
    name = "constant-weight-init"
    mends_dialects = True
    severity = Severity.ERROR
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.constant_(self.fc1.weight, 0.5)  # bad
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.zeros_(self.fc1.bias)
        nn.init.zeros_(self.fc2.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that makes hidden layers constant."""
        cases: dict[Place, list[Case]] = {}
        for case in constant_layers(network):
            cases.setdefault(case.place, []).append(case)
        for place, found in cases.items():
            yield self._finding(network, place, found)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """The same, of the values that were seen."""
        return self.check_network(network)

    def _finding(self, network: Network, place: Place, found: list[Case]) -> Finding:
        worst = max(found, key=lambda case: case.severity.rank)
        names = list(dict.fromkeys(case.weight.name for case in found))
        others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        weight, layer = worst.layer.weight, worst.layer
        rows = weight.shape[0] if weight is not None and weight.shape else None
        units = layer.fan_out if layer.op == "linear" else rows
        count = f"all {units} units" if isinstance(units, int) else "all units"
        seen = worst.weight.measured
        is_measured = ", measured" if seen is not None else ""
        numbers = {"network": network.name, "layers": names, "value": worst.value, "weight_std": 0.0}
        if seen is not None:
            numbers |= {"equal_units": seen.twin_units, "equal_units_and_gradients": seen.twin_gradients}
        predicted, measured = witnessed(network, numbers)
        message = (
            f"{worst.weight.name}{others}: every weight is {worst.value:g}, std 0{is_measured}: {count} of the layer "
            f"compute the same; {worst.consequence}"
        )
        return self.finding(
            place,
            message,
            help=f"remove it, or draw the weights at random: {random_init()}",
            severity=worst.severity,
            predicted=predicted,
            measured=measured,
            fix=partial(redrawing_layers, network, [case.layer for case in found]),
        )


def constant_layers(network: Network) -> Iterator[Case]:
    """The hidden layers whose weights are all equal, where that does harm."""
    for layer in network.live():
        case = _judge(network, layer)
        if case is not None:
            yield case


def _judge(network: Network, layer: Layer) -> Case | None:
    weight = layer.weight if layer.op != "recurrent" else _recurrent_weight(layer)
    if layer.op not in SYMMETRIC or weight is None or weight.constant is None or weight.is_frozen:
        return None
    written = weight.last
    if written is None or not _has_units(layer, weight):
        return None
    ahead = reach(network, layer)
    if not ahead.is_hidden or (weight.constant == 0 and not ahead.has_activation):
        return None
    severity, consequence = _consequence(layer, weight.constant, ahead)
    return Case(layer, weight, weight.constant, written.place, severity, consequence)


def _recurrent_weight(layer: Layer) -> Parameter | None:
    """A hidden-to-hidden weight, if all the weights of a recurrent layer are constant."""
    weights = [parameter for parameter in layer.parameters if parameter.role in ("weight", "recurrent")]
    if weights and all(parameter.constant is not None for parameter in weights):
        return weights[0]
    return None


def _has_units(layer: Layer, weight: Parameter) -> bool:
    """Whether it has at least two units that see the same inputs: no single unit, no depthwise kernel."""
    if weight.shape is None or len(weight.shape) < 2:
        return False
    outputs = weight.shape[1] if layer.op == "conv_transpose" else weight.shape[0]
    if layer.kind == "matmul":
        outputs = weight.shape[-1]
    is_depthwise = layer.op == "conv" and weight.shape[1] == 1 and layer.options.get("groups", 1) != 1
    return outputs != 1 and not is_depthwise


def _consequence(layer: Layer, value: float, ahead: Reach) -> tuple[Severity, str]:
    bias = layer.bias.constant if layer.bias is not None else 0.0
    if ahead.is_symmetric and (layer.bias is None or bias is not None):
        return Severity.ERROR, "the layer that follows is constant too, so they stay equal for ever"
    if value == 0 and ahead.is_blocked_at_zero and (layer.bias is None or bias == 0):
        return Severity.ERROR, "zeros in front of a rectifier pass no signal and no gradient: it never learns"
    if value == 0 and bias is None:
        return Severity.WARNING, "the output does not depend on the input at the start"
    return Severity.WARNING, "only the next layer's random weights tell them apart: it starts at rank one"
