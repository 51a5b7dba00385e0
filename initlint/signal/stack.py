"""A plain chain of linear maps and activations: the variance at every layer, what is left of signal and gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from initlint.signal import propagation
from initlint.signal.activations import activation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import STANDARD, Moments
from initlint.signal.nonlinearity import Activation
from initlint.signal.pooling import max_pool
from initlint.signal.size import Number, Value, as_float, combine

EXTREME = 1e150
"""Largest E[x²] that is followed as it is, and its inverse the smallest."""


@dataclass(frozen=True)
class StackLayer:
    """One linear map, the activation behind it, and dropout behind that."""

    fan_in: Value
    weight: Distribution
    bias: Distribution | None = None
    activation: str = "identity"
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Of the activation."""
    dropout: Value = 0
    fan_out: Value = None
    """``None``: as `fan_in`, so that gradients are compared at equal widths."""
    max_pool: int = 1
    """Entries in the window of a max pool behind the activation; 1: none."""
    factor: float = 1.0
    """A constant the signal is multiplied by behind the layer."""


@dataclass(frozen=True)
class LayerSignal:
    """The numbers of one layer. Gains are ratios of second moments; ``None`` is unknown."""

    pre_activation: Moments
    post_activation: Moments
    """Behind the activation and dropout."""
    forward_gain: float | None
    """E[x²] behind the layer, over E[x²] before it."""
    chi: float | None
    """``fan_in E[w²] E[f'²] / (1 - p)`` (Schoenholz et al. 2017, arXiv:1611.01232)."""
    backward_gain: float | None
    """E[g²] before the layer, over E[g²] behind it: chi with `fan_out` in place of `fan_in`."""


@dataclass(frozen=True)
class StackSignal:
    """The layers in order, and the totals over them as powers of ten."""

    layers: tuple[LayerSignal, ...]

    @property
    def log10_forward(self) -> float | None:
        """log10 of E[x²] at the end over E[x²] at the start."""
        return _log10_product(layer.forward_gain for layer in self.layers)

    @property
    def log10_backward(self) -> float | None:
        """log10 of E[g²] at the start over E[g²] at the end: the whole chain, first and last linear map included."""
        return _log10_product(layer.backward_gain for layer in self.layers)

    @property
    def log10_chi(self) -> float | None:
        """log10 of the product of chi over all layers but the first: the gradient at its output against the last's."""
        return _log10_product(layer.chi for layer in self.layers[1:])


def propagate_stack(layers: Iterable[StackLayer], input_moments: Moments = STANDARD) -> StackSignal:
    """Follow the signal through a chain (Poole et al. 2016, arXiv:1606.05340, eq. 3, layer by layer).

    Symbolic widths are fine where they cancel: ``fan_in * variance`` a plain number. A bias whose variance is symbolic
    and goes to zero with the width (torch's default) is then left out: it is what the mean field limit leaves out. The
    gain of a layer with a positively homogeneous activation is known even where the signal's size is not. A signal
    beyond 1e±150 goes on as one of that size, where every activation is a pair of straight lines: gains and totals stay
    right although floats end at 1e±308.
    """
    moments, signals = input_moments, []
    for layer in layers:
        signal = _propagate(layer, moments)
        signals.append(signal)
        moments = _in_range(signal.post_activation)
    return StackSignal(tuple(signals))


def _propagate(layer: StackLayer, moments: Moments) -> LayerSignal:
    phi = activation(layer.activation, **layer.parameters)
    bias = propagation.bias_that_counts(layer.fan_in, layer.weight, layer.bias)
    before = propagation.linear(moments, layer.fan_in, layer.weight, bias)
    after = propagation.dropout(phi.forward(before.mean, before.variance), layer.dropout)
    after = _pooled(layer, phi, after)
    slope = combine(_product, phi.backward(before.mean, before.variance), propagation.dropout_backward(layer.dropout))
    slope = combine(_product, slope, _selected(layer, phi) * layer.factor**2)
    chi = _backward_gain(layer, layer.fan_in, slope)
    backward = chi if layer.fan_out is None else _backward_gain(layer, layer.fan_out, slope)
    gain = as_float(combine(lambda out, into: out / into, after.second, moments.second))
    return LayerSignal(before, after, gain, chi, backward)


def _pooled(layer: StackLayer, phi: Activation, moments: Moments) -> Moments:
    """Behind the max pool and the constant factor."""
    if layer.max_pool > 1:
        moments = max_pool(moments, layer.max_pool, is_rectified=phi.is_relu_like)
    return moments if layer.factor == 1 else propagation.scale(moments, layer.factor)


def _selected(layer: StackLayer, phi: Activation) -> float:
    """What a max pool makes of the slope: it lets the gradient through at the largest entry, where a ReLU's slope is 1
    but with probability ``2^-k``, instead of at every second one."""
    return 2 * (1 - 0.5**layer.max_pool) if layer.max_pool > 1 and phi.is_relu_like else 1.0


def _in_range(moments: Moments) -> Moments:
    second = as_float(moments.second)
    if second is None or second == 0 or 1 / EXTREME <= second <= EXTREME:
        return moments
    return propagation.scale(moments, math.sqrt(min(max(second, 1 / EXTREME), EXTREME)) / math.sqrt(second))


def _backward_gain(layer: StackLayer, fan: Value, slope: Value) -> float | None:
    return as_float(combine(_product, propagation.linear_backward(fan, layer.weight), slope))


def _product(left: Number, right: Number) -> Number:
    return left * right


def _log10_product(factors: Iterable[float | None]) -> float | None:
    """The sum of the logarithms: minus infinity if one factor is 0, else ``None`` if one is unknown."""
    listed = list(factors)
    if 0 in listed:
        return -math.inf
    known = [factor for factor in listed if factor is not None]
    return sum(map(math.log10, known)) if len(known) == len(listed) else None
