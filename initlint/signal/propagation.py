"""What each operation does to the moments of the signal, and to the second moment of its gradient.

Forward maps take and give `Moments`. Backward maps give the factor from E[g²] at the output to E[g²] at the input,
each over entries. Common assumption (mean field; Poole et al. 2016, arXiv:1606.05340): the entries of the input are
uncorrelated with each other and with the weights, and every entry has the same moments. Unknown stays unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from initlint.signal.activations import SELU_ALPHA, SELU_SCALE, activation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import Moments, skewness_of
from initlint.signal.size import Number, Value, as_float, combine, is_known, is_vanishing

NO_BIAS = Distribution.constant(0)
NORM_EPSILON = 1e-5
"""torch's default in every norm but RMSNorm."""
ALPHA_DROPOUT_VALUE = -SELU_SCALE * SELU_ALPHA
"""What a dropped unit becomes: SELU's limit on the left."""


def linear(moments: Moments, fan_in: Value, weight: Distribution, bias: Distribution | None = None) -> Moments:
    """``y = sum of fan_in terms w x, plus b``.

    ``E[y²] = n (Var[w] E[x²] + E[w]² Var[x]) + Var[b] + (n E[w] E[x] + E[b])²`` (Poole et al. 2016, eq. 3, with means).
    Weights that sum to 0 for each unit pass nothing on of what the inputs have in common.
    A nonzero mean of the weights makes what the inputs have in common grow faster than this where they are correlated.
    """
    law = bias or NO_BIAS
    if weight.family == "identity":
        return add(_identity(moments, fan_in, weight), Moments(law.mean, law.second))
    mean = combine(lambda n, w, x, b: n * w * x + b, fan_in, weight.mean, moments.mean, law.mean)
    if is_known(weight.mean) and weight.mean == 0:
        mean = law.mean
    size = moments.variance if weight.family == "standardised" else moments.second
    spread = combine(_sum_variance, fan_in, weight.variance, weight.mean, size, moments.variance)
    return Moments(mean, combine(lambda s, b, m: s + b + m**2, spread, law.variance, mean))


def bias_that_counts(fan_in: Value, weight: Distribution, bias: Distribution | None) -> Distribution | None:
    """The bias, without a variance that is symbolic and goes to zero with the width while the weights' part is a number.

    torch's default is such a one; the limit of wide layers (Poole et al. 2016) leaves it out.
    """
    if bias is not None and is_known(combine(_times, fan_in, weight.variance)) and is_vanishing(bias.variance):
        return Distribution("other", bias.mean, 0)
    return bias


def _times(left: Number, right: Number) -> Number:
    return left * right


def _sum_variance(fan_in: Number, variance: Number, mean: Number, second: Number, spread: Number) -> Number:
    return fan_in * variance * second + fan_in * mean**2 * spread


def _identity(moments: Moments, fan_in: Value, weight: Distribution) -> Moments:
    """Each output that has a diagonal entry in its row is `gain` times one input; the others are 0."""
    density = combine(lambda mean, gain: mean / gain, weight.mean, weight.gain)
    share = 1 if density is None else combine(lambda n, d: n * d, fan_in, density)
    mean = combine(lambda p, g, x: p * g * x, share, weight.gain, moments.mean)
    return Moments(mean, combine(lambda p, g, x: p * g**2 * x, share, weight.gain, moments.second))


def linear_backward(fan_out: Value, weight: Distribution) -> Value:
    """``n_out E[w²]``: an input's gradient sums those of the outputs it goes into (Schoenholz et al. 2017)."""
    return combine(lambda n, second: n * second, fan_out, weight.second)


def activate(moments: Moments, name: str, **parameters: object) -> Moments:
    """An elementwise activation of a Gaussian with these moments."""
    return activation(name, **parameters).forward(moments.mean, moments.variance, moments.skewness)


def activate_backward(moments: Moments, name: str, **parameters: object) -> Value:
    """``E[f'(x)²]`` for a Gaussian with these moments."""
    return activation(name, **parameters).backward(moments.mean, moments.variance)


def normalize(moments: Moments, scale: Value = 1, shift: Value = 0, epsilon: float = NORM_EPSILON) -> Moments:
    """Batch, layer, group or instance norm: mean `shift`, variance ``scale² v / (v + epsilon)``.

    Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1. Against an unknown variance epsilon counts as 0.
    """
    variance = moments.variance
    kept = variance / (variance + epsilon) if is_known(variance) else 1
    second = combine(lambda s, b: s**2 * kept + b**2, scale, shift)
    return Moments(shift, second, skewness=moments.skewness)


def normalize_backward(moments: Moments, scale: Value = 1, epsilon: float = NORM_EPSILON) -> Value:
    """``scale² / (v + epsilon)``; the share of the gradient along mean and scale that a norm removes is left out."""
    return combine(lambda v, s: s**2 / (v + epsilon if is_known(v) else v), moments.variance, scale)


def rms_normalize(moments: Moments, scale: Value = 1, epsilon: float = 0.0) -> Moments:
    """RMS norm: ``scale x / sqrt(E[x²])`` (Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4)."""
    size = combine(lambda second: second + epsilon if is_known(second) else second, moments.second)
    if is_known(size) and size == 0:
        return Moments(0, 0)
    mean = combine(lambda m, q, s: s * m / q**0.5, moments.mean, size, scale)
    second = combine(lambda x, q, s: s**2 * x / q, moments.second, size, scale)
    return Moments(mean, second, skewness=moments.skewness)


def rms_normalize_backward(moments: Moments, scale: Value = 1, epsilon: float = 0.0) -> Value:
    """``scale² / E[x²]``."""
    return combine(lambda q, s: s**2 / (q + epsilon if is_known(q) else q), moments.second, scale)


def dropout(moments: Moments, p: Value = 0.5) -> Moments:
    """Inverted dropout in training: the mean stays, ``E[x²] / (1 - p)`` (Srivastava et al. 2014)."""
    if is_known(p) and p >= 1:
        return Moments(0, 0)
    second, cube = (
        combine(lambda x, q, k=power: x / (1 - q) ** k, value, p)
        for power, value in ((1, moments.second), (2, moments.cube))
    )
    return Moments(moments.mean, second, skewness=skewness_of(moments.mean, second, cube))


def dropout_backward(p: Value = 0.5) -> Value:
    """``1 / (1 - p)``; 0 where everything is dropped."""
    return 0 if is_known(p) and p >= 1 else combine(lambda q: 1 / (1 - q), p)


def alpha_dropout(moments: Moments, p: float = 0.5) -> Moments:
    """Drops to SELU's limit and rescales: keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515)."""
    if p >= 1:
        return Moments(0, 0)
    keep, factor = 1 - p, _alpha_scale(p)
    low, offset = ALPHA_DROPOUT_VALUE, -factor * ALPHA_DROPOUT_VALUE * p
    mean = combine(lambda m: factor * (keep * m + p * low) + offset, moments.mean)
    return Moments(mean, combine(lambda m, s: _alpha_second(m, s, keep, factor, offset), moments.mean, moments.second))


def _alpha_second(mean: Number, second: Number, keep: float, factor: float, offset: float) -> Number:
    dropped = 1 - keep
    first = keep * mean + dropped * ALPHA_DROPOUT_VALUE
    square = keep * second + dropped * ALPHA_DROPOUT_VALUE**2
    return factor**2 * square + 2 * factor * offset * first + offset**2


def alpha_dropout_backward(p: float = 0.5) -> float:
    """``a² (1 - p)``."""
    return 0.0 if p >= 1 else _alpha_scale(p) ** 2 * (1 - p)


def _alpha_scale(p: float) -> float:
    return 1 / math.sqrt((1 - p) * (1 + p * ALPHA_DROPOUT_VALUE**2))


def add(left: Moments, right: Moments, correlation: Value = 0) -> Moments:
    """A residual sum. With independent branches variances add, so an unscaled block doubles it (Zhang et al. 2019,
    arXiv:1901.09321, section 2)."""
    mean = combine(lambda a, b: a + b, left.mean, right.mean)
    variance = combine(_sum_of_pair, left.variance, right.variance, correlation)
    skewness = 0.0
    for part in (left, right):
        share = as_float(combine(lambda v, total: v / total, part.variance, variance))
        skewness += part.skewness * (share or 0.0) ** 1.5
    return Moments(mean, combine(lambda v, m: v + m**2, variance, mean), skewness=skewness)


def _sum_of_pair(left: Number, right: Number, correlation: Number) -> Number:
    if is_known(correlation) and correlation == 0:
        return left + right
    return left + right + 2 * correlation * (left * right) ** 0.5


def sum_of(moments: Moments, count: Value) -> Moments:
    """Of `count` independent entries: means and variances add."""
    mean = combine(lambda m, n: n * m, moments.mean, count)
    second = combine(lambda q, m, n: n * q + n * (n - 1) * m**2, moments.second, moments.mean, count)
    number = as_float(count)
    return Moments(mean, second, skewness=moments.skewness / math.sqrt(number) if number else 0.0)


def share_out(moments: Moments, share: Moments, count: Value) -> Moments:
    """The sum of `count` independent entries, each times a share; the shares add up to 1.

    ``E[(sum p x)²] = n E[p²] E[x²] + (1 - n E[p²]) E[x]²``, as of two different shares ``n (n - 1) E[p p'] = 1 - n E[p²]``.
    """
    second = combine(
        lambda q, m, p, n: n * p * q + (1 - n * p) * m**2, moments.second, moments.mean, share.second, count
    )
    return Moments(moments.mean, second)


def concatenate(parts: Iterable[tuple[Moments, Value]]) -> Moments:
    """Moments over all entries of (moments, width) parts: the average weighted by width.

    So is the skewness: it is that of a unit, which a batch norm hands on, without what sets the parts apart.
    """
    listed = list(parts)
    total: Value = 0
    for _, width in listed:
        total = combine(_plus, total, width)
    mean, second, skewness = (
        _weighted([(getattr(part, name), width) for part, width in listed], total)
        for name in ("mean", "second", "skewness")
    )
    return Moments(mean, second, skewness=as_float(skewness) or 0.0)


def _weighted(values: list[tuple[Value, Value]], total: Value) -> Value:
    if values and all(value == values[0][0] for value, _ in values):
        return values[0][0]
    sum_: Value = 0
    for value, width in values:
        sum_ = combine(_plus, sum_, combine(lambda v, w: v * w, value, width))
    return combine(lambda s, n: s / n, sum_, total)


def _plus(left: Number, right: Number) -> Number:
    return left + right


def multiply(left: Moments, right: Moments) -> Moments:
    """The product of independent signals: moments multiply."""
    mean = combine(lambda a, b: a * b, left.mean, right.mean)
    second, cube = (
        combine(lambda a, b: a * b, *pair) for pair in ((left.second, right.second), (left.cube, right.cube))
    )
    return Moments(mean, second, skewness=skewness_of(mean, second, cube))


def gate(signal: Moments, gate_input: Moments, name: str = "sigmoid") -> Moments:
    """``signal * f(gate_input)``, independent: GLU (sigmoid), SwiGLU (silu), GeGLU (gelu), ReGLU (relu).

    Dauphin et al. 2017, arXiv:1612.08083, eq. 1; Shazeer 2020, arXiv:2002.05202.
    """
    return multiply(signal, activate(gate_input, name))


def gate_backward(gate_input: Moments, name: str = "sigmoid") -> Value:
    """Towards the signal: ``E[f(gate)²]``."""
    return activate(gate_input, name).second


def softmax(moments: Moments, width: Value) -> Moments:
    """Over `width` independent Gaussian logits of variance v: mean ``1 / n``.

    ``E[p²] = e^v / (n (e^v + n - 1))``, the ratio of the expectations of sum(e^2x) and (sum e^x)²: exact for v = 0, at
    v = infinity and for large n.
    """
    mean = combine(lambda n: 1 / n, width)
    return Moments(mean, combine(_peaked, moments.variance, width))


def _peaked(variance: Number, width: Number) -> Number:
    if not is_known(variance):
        raise ValueError("an exponential of an unknown variance")
    weight = math.exp(min(variance, 700.0))
    return weight / (width * (weight + width - 1))


def softmax_backward(moments: Moments, width: Value) -> Value:
    """``E[p²] (1 - 1 / n)`` from the Jacobian ``diag(p) - p pᵀ``: 0 for a single unit, 1 / n² for flat logits."""
    return combine(lambda second, n: second * (1 - 1 / n), softmax(moments, width).second, width)


def attend(values: Moments, logits: Moments, length: Value) -> Moments:
    """``sum of p_j v_j`` over `length` positions: variance ``n E[p²]`` of the values', flat attention averages."""
    share = combine(lambda second, n: second * n, softmax(logits, length).second, length)
    variance = combine(lambda v, s: v * s, values.variance, share)
    return Moments(values.mean, combine(lambda v, m: v + m**2, variance, values.mean))


def attention_logits(query: Moments, key: Moments, width: Value, scale: Value = None) -> Moments:
    """``scale * q . k`` over `width` terms: variance ``scale² d E[q²] E[k²]`` for centred, independent q and k.

    Vaswani et al. 2017, arXiv:1706.03762, footnote 4. Without `scale`: ``1 / sqrt(width)``.
    """
    factor = combine(lambda d: 1 / d**0.5, width) if scale is None else scale
    product = multiply(query, key)
    mean = combine(lambda d, m, f: f * d * m, width, product.mean, factor)
    spread = combine(lambda d, v, f: f**2 * d * v, width, product.variance, factor)
    return Moments(mean, combine(lambda s, m: s + m**2, spread, mean))


def reshape(moments: Moments) -> Moments:
    """Flatten, view, permute: the entries are the same."""
    return moments


def scale(moments: Moments, factor: Value) -> Moments:
    """``factor * x``."""
    mean = combine(lambda m, f: m * f, moments.mean, factor)
    second = combine(lambda s, f: s * f**2, moments.second, factor)
    side = math.copysign(1, as_float(factor) or 1)
    return Moments(mean, second, skewness=side * moments.skewness)


def scale_backward(factor: Value) -> Value:
    """``factor²``."""
    return combine(lambda f: f**2, factor)


def shift(moments: Moments, offset: Value) -> Moments:
    """``x + offset``."""
    return add(moments, Moments(offset, combine(lambda c: c**2, offset)))
