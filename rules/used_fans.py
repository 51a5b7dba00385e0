"""By which fan an init divided, and how many terms the operation sums that uses the weight."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from initlint.frameworks.composites import DEFAULT_DRAWS
from initlint.frameworks.gains import assumed_fan, looks_at_fan
from initlint.network import WEIGHTED, Layer, Network, Parameter, Write
from initlint.network.network import TRANSPARENT
from initlint.signal.distribution import Distribution
from initlint.signal.size import as_float, combine

HARMLESS = 2.0
"""Ratio of variances up to which a wrong fan is not reported, as is that of a fused QKV weight under Xavier."""
HARMLESS_FAN_OUT = 8.0
"""The same for the fan-out in place of the fan-in, which keeps the gradient (He et al. 2015, section 2.2) and is a choice
as long as the layer is not far from square."""
HANDED_ON = TRANSPARENT | {"multiply"}
"""Operations that hand the scale of their input on."""
NUMERATORS = (2.0, 1.0, 1 / 3)
"""fan x variance of He's, LeCun's and the uniform draw within 1 / sqrt(fan), as they are written by hand."""
CLOSE = 1e-3
"""Relative tolerance for recognising a fan in a variance."""
DECIMALS = 3
"""A spread with at most so many decimals is a number that somebody chose, whatever fan it happens to match."""


@dataclass(frozen=True)
class Misjudged:
    """A weight whose init divides by a fan that is not the one of its use."""

    layer: Layer
    weight: Parameter
    write: Write
    fan: str
    """Which: ``"fan-in"``, ``"fan-out"``, ``"mean fan"``."""
    assumed: float
    used: float
    """Terms in the sum of the operation, or the mean of its fans."""

    @property
    def ratio(self) -> float:
        """Variance behind the layer over what it should be."""
        return self.used / self.assumed

    @property
    def wanted_std(self) -> float:
        """The spread that the same gain gives with the right fan."""
        law = self.write.distribution
        return (as_float(law.std) or 0.0) / math.sqrt(self.ratio) if law is not None else 0.0


def misjudged(network: Network) -> Iterator[Misjudged]:
    """The hidden linear maps of a network that was read whose init is off by more than is harmless."""
    for layer in network.live():
        weight = layer.weight
        write = weight.last if weight is not None and weight.is_settled else None
        if (
            weight is None
            or write is None
            or not write.is_explicit
            or write.initializer == DEFAULT_DRAWS.get(network.framework)
            or layer.op not in ("linear", "conv", "conv_transpose")
        ):
            continue
        found = _compare(layer, weight, write)
        if found is not None and _is_harmful(found) and is_exposed(network, layer):
            yield found


def is_exposed(network: Network, layer: Layer) -> bool:
    """Whether linear maps get the layer's scale as it is, through entries alone, pools and gates: no norm, no sum."""
    ahead = network.consumers()
    stack, seen, is_taken = [layer], {layer.id}, False
    while stack:
        current = stack.pop()
        if current.id in network.outputs:
            return False
        for after in ahead.get(current.id, ()):
            if after.op in WEIGHTED:
                is_taken = True
            elif after.op not in HANDED_ON:
                return False
            elif after.id not in seen:
                seen.add(after.id)
                stack.append(after)
    return is_taken


def _is_harmful(found: Misjudged) -> bool:
    limit = HARMLESS_FAN_OUT if found.fan == "fan-out" else HARMLESS
    return not 1 / limit <= found.ratio <= limit


def _compare(layer: Layer, weight: Parameter, write: Write) -> Misjudged | None:
    law = write.distribution
    variance, fan_in = as_float(law.variance) if law is not None else None, as_float(layer.fan_in)
    if law is None or not variance or not fan_in:
        return None
    assumed = assumed_fan(write.initializer, write.arguments, variance) or _by_hand(layer, weight, write, law)
    used = _mean_fan(layer) if assumed is not None and assumed[0] == "mean fan" else fan_in
    if assumed is None or used is None or (layer.op == "conv" and assumed[0] == "fan-out"):
        return None
    return Misjudged(layer, weight, write, *assumed, used)


def _mean_fan(layer: Layer) -> float | None:
    """Of the two fans that Xavier's init looks at."""
    return as_float(combine(lambda a, b: (a + b) / 2, layer.fan_in, _fan_out(layer)))


def _stride(layer: Layer) -> int | None:
    stride = layer.options.get("stride") if layer.op == "conv" else 1
    return stride if isinstance(stride, int) else None


def _by_hand(layer: Layer, weight: Parameter, write: Write, law: Distribution) -> tuple[str, float] | None:
    """The fan in a variance that was worked out by hand, where it is a wrong one."""
    sizes = [size for size in weight.shape or () if isinstance(size, int)]
    if looks_at_fan(write.initializer) or len(sizes) < 2 or len(sizes) != len(weight.shape or ()) or _is_chosen(law):
        return None
    fan_in, mean, fan_out = as_float(layer.fan_in), _mean_fan(layer), _fan_out(layer)
    if any(_matches(law, fan) for fan in (fan_in, mean)):
        return None
    if fan_out is not None and _matches(law, fan_out):
        return "fan-out", fan_out
    return next((("fan-in", fan) for fan in _mistaken(layer, sizes) if _matches(law, fan)), None)


def _fan_out(layer: Layer) -> float | None:
    """Outputs that one input goes into, of a convolution with stride 1."""
    return as_float(combine(lambda fan, stride: fan * stride, layer.fan_out, _stride(layer)))


def _mistaken(layer: Layer, sizes: list[int]) -> list[float]:
    """Fans of a convolution with a side of the kernel, or the groups, left out."""
    groups = layer.options.get("groups", 1)
    if layer.op != "conv" or not isinstance(groups, int):
        return []
    kernel, inputs, outputs = sizes[2:], sizes[1], sizes[0]
    sides = [1, *kernel[:1]] if math.prod(kernel) > 1 else []
    fans = [channels * side for channels in (inputs, outputs) for side in sides]
    whole = [channels * math.prod(kernel) for channels in (inputs * groups, outputs)] if groups > 1 else []
    return [float(fan) for fan in (*fans, *whole)]


def _matches(law: Distribution, fan: float | None) -> bool:
    variance = as_float(law.variance) or 0.0
    return fan is not None and any(math.isclose(variance * fan, numerator, rel_tol=CLOSE) for numerator in NUMERATORS)


def _is_chosen(law: Distribution) -> bool:
    """Whether the std, or the bound of a uniform one, is a round number, or the law is not centred."""
    variance = as_float(law.variance)
    if variance is None or law.mean != 0 or law.family not in ("normal", "uniform", "truncated_normal"):
        return True
    spread = math.sqrt(3 * variance) if law.family == "uniform" else math.sqrt(variance)
    return math.isclose(spread, round(spread, DECIMALS), rel_tol=1e-9)
