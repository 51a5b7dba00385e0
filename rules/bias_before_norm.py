"""INL307."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from initlint.finding import Finding, Place, Severity
from initlint.frameworks.remedies import WITHOUT_BIAS
from initlint.frameworks.torch import NORMS_OF_UNITS
from initlint.network import Layer, Network, Parameter
from initlint.network.stack import STACKED
from initlint.rule import Rule


class BiasBeforeNorm(Rule):
    """A bias that the batch norm behind it takes away again.

    Why: a batch norm subtracts each unit's mean, and with it whatever constant was added to the unit. The bias changes no
    output, its gradient is zero but for rounding, and weight decay and the optimiser's state are spent on it; the
    norm's own shift does its work.
    Predicted: the bias and the norm that alone takes the layer's output; the number of such parameters.
    Silent on: layer norm, group norm and RMS norm, which do not take each unit's mean; a bias that is used again where no
    norm follows; an activation, a sum or a pool in between; frozen biases.
    Fix: bias=False.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, section 3.2.
    """

    code = "INL307"
    name = "bias-before-norm"
    severity = Severity.INFO
    default = False
    bad = """
from torch import nn

net = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1),  # bad
    nn.BatchNorm2d(32),
    nn.ReLU(),
)
"""
    good = """
from torch import nn

net = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1, bias=False),
    nn.BatchNorm2d(32),
    nn.ReLU(),
)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that builds such layers."""
        cases: dict[Place, list[tuple[Layer, Layer]]] = defaultdict(list)
        for layer, norm in cancelled(network):
            cases[layer.place].append((layer, norm))
        for place, found in cases.items():
            yield self._finding(network, place, found)

    def _finding(self, network: Network, place: Place, found: list[tuple[Layer, Layer]]) -> Finding:
        layer, norm = found[0]
        sizes = [_size(layer.bias) for layer, _ in found]
        count = sum(size for size in sizes if size is not None) if None not in sizes else None
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        parameters = "parameters" if count is None else f"{count} parameters"
        message = (
            f"{layer.name or layer.kind}{others}: {norm.name or norm.kind} takes away the mean of each unit, and the bias "
            f"with it, expected no bias: its {parameters} change no output and get no gradient"
        )
        numbers = {
            "network": network.name,
            "layers": [each.name for each, _ in found],
            "parameters": count,
            "gradient": 0,
        }
        return self.finding(place, message, help=WITHOUT_BIAS, predicted=numbers)


def cancelled(network: Network) -> Iterator[tuple[Layer, Layer]]:
    """Linear maps whose bias has no effect, each with the norm behind it."""
    consumers = network.consumers()
    uses: dict[Parameter, list[Layer]] = defaultdict(list)
    for layer in network.live():
        for parameter in layer.parameters:
            uses[parameter].append(layer)
    for bias, layers in uses.items():
        norms = [_norm_behind(network, layer, consumers) for layer in layers if layer.bias is bias]
        if norms and norms[0] is not None and None not in norms and len(norms) == len(layers) and not bias.is_frozen:
            yield layers[0], norms[0]


def _norm_behind(network: Network, layer: Layer, consumers: dict[int, list[Layer]]) -> Layer | None:
    """The norm of units that alone takes a linear map's output."""
    after = consumers[layer.id]
    if layer.op not in STACKED or layer.id in network.outputs or len(after) != 1:
        return None
    return after[0] if after[0].op == "norm" and after[0].kind in NORMS_OF_UNITS else None


def _size(bias: Parameter | None) -> int | None:
    sides = bias.shape if bias is not None else None
    return sides[0] if sides is not None and len(sides) == 1 and isinstance(sides[0], int) else None
