"""What operations do to a signal at many places: to the moments of an entry, and to those of one unit at two of them.

Weights drawn independently keep what two places have in common and add nothing: for an input of independent entries, any
two places of one unit behind a convolution are as alike as any others (Garriga-Alonso et al. 2019, arXiv:1808.05587,
eq. 7; Novak et al. 2019, arXiv:1810.05148, section 2). Only what a nonlinearity makes of the mean is common to all.
So `Moments.apart` and `Moments.across` tell what pools, norms and attention do. Where they are unknown, entries count as
independent, as in `initlint.signal.propagation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from initlint.signal import neighbours, propagation
from initlint.signal.activations import activation
from initlint.signal.moments import Moments, Shared
from initlint.signal.neighbours import STEPS, WEIGHTS
from initlint.signal.nonlinearity import Activation
from initlint.signal.propagation import NORM_EPSILON
from initlint.signal.size import Value, as_float, combine, is_known, positive_part

DIGITS = 5
"""Significant digits of the arguments under which an integral is remembered."""
SLOPE_STEP = 0.01
"""In standard deviations: E[f] is smooth at the scale of 1, so that its slope is exact to 1e-4."""
ALIKE = 1 - 1e-9
"""Correlation from which on two entries are the same one."""


def pairwise(operation: Callable[..., Moments], *inputs: Moments) -> Moments:
    """A map whose second moment is linear in that of its input: it does the same to the product of two entries.

    Linear maps, sums, products and concatenations of independent signals are such maps.
    """
    apart = operation(*(Shared(each.mean, each.apart) for each in inputs)).second
    across = operation(*(Shared(each.mean, each.across) for each in inputs)).second
    near = {
        lag: operation(*(Shared(each.mean, neighbours.at(each, lag)) for each in inputs)).second
        for lag in dict.fromkeys(lag for each in inputs for lag in each.near)
    }
    return replace(operation(*inputs), apart=apart, across=across, near=near)


def seen_variance(moments: Moments, units: int, places: int, samples: int) -> Value:
    """Variance of a tensor of so many entries about its own mean, over draws of the weights.

    The mean is off by what the entries of each unit have in common: little among many units, half of the variance of two.
    """
    count = places * samples
    shares = (1 / count, (places - 1) / count, (samples - 1) / samples)
    common = combine(
        lambda q, a, s, m: sum(share * (each - m**2) for share, each in zip(shares, (q, a, s), strict=True)),
        moments.second,
        moments.apart,
        moments.across,
        moments.mean,
    )
    return combine(lambda v, c: v - c / units, moments.variance, common)


def joined(parts: Sequence[Moments], widths: Sequence[Value]) -> Moments:
    """Parts of so many entries each."""

    def together(*each: Moments) -> Moments:
        return propagation.concatenate(zip(each, widths, strict=True))

    return pairwise(together, *parts)


def activate(before: Moments, shape: Activation) -> Moments:
    """An activation of Gaussians (Cho and Saul 2009; Poole et al. 2016, arXiv:1606.05340, eq. 5)."""
    found = shape.forward(before.mean, before.variance, before.skewness)
    plain = found if before.skewness == 0 else shape.forward(before.mean, before.variance)

    def shared(value: Value) -> Value:
        return _as_alike(_product(before, value, shape), plain, found)

    near = {lag: shared(value) for lag, value in before.near.items()}
    return replace(found, apart=shared(before.apart), across=shared(before.across), near=near)


def soften(before: Moments, width: int) -> Moments:
    """A softmax over `width` independent logits; of two it is the logistic function of their difference."""
    if width != PAIR:
        return pairwise(lambda moments: propagation.softmax(moments, width), before)
    apart = pairwise(lambda moments: Moments(0, combine(lambda v: 2 * v, moments.variance)), before)
    return activate(apart, activation("sigmoid"))


PAIR = 2


def _as_alike(shared: Value, plain: Moments, skewed: Moments) -> Value:
    """A product for skewed entries with the correlation that it has for Gaussian ones."""
    if plain is skewed:
        return shared
    share = combine(lambda s, m, v: (s - m**2) / v, shared, plain.mean, plain.variance)
    return combine(lambda part, m, v: m**2 + part * v, share, skewed.mean, skewed.variance)


def _product(before: Moments, shared: Value, shape: Activation) -> Value:
    """E[f(x) f(x')]."""
    mean, variance, common = as_float(before.mean), as_float(before.variance), as_float(shared)
    if mean is None or variance is None or common is None:
        return None
    correlation = (common - mean**2) / variance if variance > 0 else 1.0
    if correlation >= ALIKE:
        return shape.forward(mean, variance).second
    mean, variance = (float(f"{value:.{DIGITS}g}") for value in (mean, variance))
    if correlation < 0:
        first = shape.forward(mean, variance).mean
        return combine(lambda m, s: m**2 + correlation * s, first, _against(shape, mean, math.sqrt(variance)))
    return _smoothed(shape, mean, variance, float(f"{correlation:.{DIGITS}g}"))


@lru_cache(maxsize=4096)
def _against(shape: Activation, mean: float, std: float) -> Value:
    """What f makes of entries that a norm sets against each other: the squares of the first two Hermite coefficients.

    Of n entries with sum 0 and sum of squares n, ``E[h h'] = -1 / (n - 1)`` for both polynomials h, the first and the
    second; of higher ones next to nothing is left. By differences of E[f] in the mean (Stein).
    """
    steps = [shape.forward(mean + side * SLOPE_STEP * std, std**2).mean for side in (-1, 0, 1)]

    def squares(below: float, here: float, above: float) -> float:
        slope, curvature = (above - below) / (2 * SLOPE_STEP), (above - 2 * here + below) / SLOPE_STEP**2
        return slope**2 + curvature**2 / 2

    return combine(squares, *steps)


@lru_cache(maxsize=4096)
def _smoothed(shape: Activation, mean: float, variance: float, correlation: float) -> Value:
    """E over the common part of E[f]² over each one's own."""
    width, own = math.sqrt(correlation * variance), (1 - correlation) * variance
    if width == 0:
        return combine(lambda first: first**2, shape.forward(mean, own).mean)
    total: Value = 0
    for z, weight in zip(STEPS, WEIGHTS, strict=True):
        first = shape.forward(mean + width * z, own).mean
        total = combine(lambda so_far, new, share: so_far + share * new**2, total, first, weight)
    return total


# --------------------------------------------------------------------------------------------------------------- norms


def normalize_batch(
    before: Moments,
    scale: Value = 1,
    shift: Value = 0,
    places: int | None = None,
    samples: int | None = None,
    epsilon: float = NORM_EPSILON,
) -> Moments:
    """Each unit over all places and samples: takes off what they have in common, too."""
    one, many = 1 / places if places else 0.0, 1 / samples if samples else 0.0
    common = combine(
        lambda q, a, s: many * (one * q + (1 - one) * a) + (1 - many) * s, before.second, before.apart, before.across
    )
    return _normalized(before, common, common, scale, shift, epsilon)


def normalize_instance(
    before: Moments, scale: Value = 1, shift: Value = 0, places: int | None = None, epsilon: float = NORM_EPSILON
) -> Moments:
    """Each unit of each sample over its places."""
    one = 1 / places if places else 0.0
    common = combine(lambda q, a: one * q + (1 - one) * a, before.second, before.apart)
    return _normalized(before, common, before.across, scale, shift, epsilon)


def normalize_features(before: Moments, scale: Value = 1, shift: Value = 0, epsilon: float = NORM_EPSILON) -> Moments:
    """Each place over its units, or a sample over units and places: takes off the mean alone."""
    common = combine(lambda mean: mean**2, before.mean)
    return _normalized(before, common, common, scale, shift, epsilon)


def _normalized(before: Moments, common: Value, between: Value, scale: Value, shift: Value, epsilon: float) -> Moments:
    """`common` is what is taken off the square, and off the product at two places; `between` off that of two samples."""
    left = as_float(combine(lambda q, c: q - c, before.second, common))
    if left is None or not all(map(is_known, (before.apart, before.across, scale, shift))):
        return propagation.normalize(before, scale, shift, epsilon)
    left = max(left, 0.0)
    factor = combine(lambda s: s**2 / (left + epsilon), scale)

    def kept(value: Value, taken: Value) -> Value:
        return combine(lambda x, t, f, b: (x - t) * f + b**2, value, taken, factor, shift)

    second = combine(lambda f, b: left * f + b**2, factor, shift)
    near = {lag: kept(value, common) for lag, value in before.near.items()}
    apart, across = kept(before.apart, common), kept(before.across, between)
    return Moments(shift, second, apart, across, skewness=before.skewness, near=near)


def normalize_size(before: Moments, scale: Value = 1, epsilon: float = 0.0) -> Moments:
    """RMS norm."""
    found = propagation.rms_normalize(before, scale, epsilon)
    gain = combine(lambda after, q: after / q, found.second, before.second)

    def scaled(value: Value) -> Value:
        return combine(lambda x, g: x * g, value, gain)

    near = {lag: scaled(value) for lag, value in before.near.items()}
    return replace(found, apart=scaled(before.apart), across=scaled(before.across), near=near)


# ----------------------------------------------------------------------------------------------------------- attention


def attend(values: Moments, length: int, query: Moments, key: Moments, added: float = 0.0) -> Moments:
    """Softmax attention over `length` places, its logits scaled by ``1 / sqrt(d)`` (Vaswani et al. 2017, footnote 4).

    Of the logits of one query only what sets the keys apart counts. Two queries weigh the same values independently.
    `added`: variance of what is added to the logits, as a bias for each distance.
    """
    spread = as_float(combine(lambda q, k, a: q * positive_part(k - a), query.second, key.second, key.apart))
    square = as_float(propagation.softmax(Moments(0, (spread or 0.0) + added), length).second) or 0.0
    share = min(square * length, 1.0)

    def mixed(part: float) -> Value:
        return combine(lambda q, a: part * q + (1 - part) * a, values.second, values.apart)

    return Moments(values.mean, mixed(share), mixed(1 / length), values.across)
