"""INL205."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding
from initlint.frameworks.draws import scaled_init
from initlint.network import Layer, Network
from initlint.network.stack import STACKED, Stage
from initlint.rule import Rule
from initlint.signal.distribution import Distribution

from .judging import is_shifted, last_write, other_places
from .redrawing import redrawing_layers
from .wording import Numbers, witnessed


class NonzeroMeanWeights(Rule):
    """A weight matrix drawn from a distribution whose mean is not zero.

    Why: what the inputs have in common is multiplied by fan_in x mean, far more than the sqrt(fan_in) x std of the rest:
    every unit of the layer, and every sample, gets nearly the same large value. U[0, 1) at fan-in 256 multiplies it
    by 128.
    Predicted: fan_in x mean; reported from 4 on.
    Measured: the correlation of two samples goes to 1 behind the layer.
    Silent on: gates, norm scales, embeddings and other parameters that are no matrix weights, a mean that is harmless
    (Fourier operators), and layers under a norm, which takes the common part away.
    Fix: a centred initialiser scaled by the fan.
    Source: LeCun, Bottou, Orr and Mueller 1998, section 4.6; torch issue tracker: uniform_ draws from [0, 1).
    """

    code = "INL205"
    name = "nonzero-mean-weights"
    mends_dialects = True
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(128, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.uniform_(self.fc1.weight)  # bad

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(128, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.uniform_(self.fc1.weight, -0.1, 0.1)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every linear map whose weights somebody initialised: one finding for all, at the first init."""
        found = list(shifted_layers(network))
        if found:
            yield self._finding(network, found)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """The same, of the mean that was measured."""
        return self.check_network(network)

    def _finding(self, network: Network, found: list[Layer]) -> Finding:
        layer = found[0]
        written = last_write(Stage(layer, ()))
        assert layer.weight is not None and written is not None and written.distribution is not None
        law, fan = written.distribution, layer.fan_in
        plain_fan, plain_mean = _plain(fan), _plain(law.mean)
        is_known = plain_fan is not None and plain_mean is not None
        total = f"{(plain_fan or 0.0) * (plain_mean or 0.0):.3g}" if is_known else f"fan-in x {law.mean}"
        is_measured = " (measured)" if network.measured is not None else ""
        name = layer.weight.name + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
        numbers = {**_numbers(network, layer, law), "layers": [each.name for each in found]}
        predicted, measured = witnessed(network, numbers)
        message = (
            f"{name}: {written.initializer} draws with mean {_short(law.mean)}, std {_short(law.std)}{is_measured}; "
            f"expected mean 0: what all inputs share is multiplied by {total}, and every unit computes nearly the same"
        )
        return self.finding(
            written.place,
            message,
            help=f"draw around zero and by the fan: {scaled_init('relu')}",
            predicted=predicted,
            measured=measured,
            related=other_places((Stage(each, ()) for each in found), written.place),
            fix=partial(redrawing_layers, network, found),
        )


def shifted_layers(network: Network) -> Iterator[Layer]:
    """The linear maps whose weights have a mean that nothing takes away."""
    consumers = network.consumers()
    for layer in network.live():
        if layer.op in STACKED and is_shifted(Stage(layer, ())) and not _is_normalised(layer, consumers):
            yield layer


def _numbers(network: Network, layer: Layer, law: Distribution) -> Numbers:
    """Mean and std of the law; where they were measured also the cosine of two samples before and behind the layer."""
    found: Numbers = {"network": network.name, "weight_mean": _plain(law.mean), "weight_std": _plain(law.std)}
    if layer.measured is None or layer.weight is None or layer.weight.measured is None:
        return found
    values = layer.weight.measured.values
    seen = {"weight_mean": values.mean, "weight_std": values.std, "correlation": layer.measured.output.correlation}
    return {**found, **seen, "expected": {"weight_mean": 0.0}}


def _is_normalised(layer: Layer, consumers: dict[int, list[Layer]]) -> bool:
    return any(after.op in ("norm", "softmax") for after in consumers.get(layer.id, ()))


def _plain(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else str(value)
