"""What operations do to a signal at many places: to the moments of an entry, and to those of one unit at two of them.

Weights drawn independently keep what two places have in common and add nothing: for an input of independent entries, any
two places of one unit behind a convolution are as alike as any others (Garriga-Alonso et al. 2019, arXiv:1808.05587,
eq. 7; Novak et al. 2019, arXiv:1810.05148, section 2). Only what a nonlinearity makes of the mean is common to all.
So `Moments.apart` and `Moments.across` tell what pools, norms and attention do. Where they are unknown, entries count as
independent, as in `initlint.signal.propagation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from initlint.signal import propagation
from initlint.signal.moments import Moments, Shared
from initlint.signal.nonlinearity import Activation
from initlint.signal.pooling import average_pool, max_pool
from initlint.signal.propagation import NORM_EPSILON
from initlint.signal.size import Value, as_float, combine, is_known, positive_part

STEPS = tuple(step / 2 for step in range(-10, 11))
"""Nodes of the trapezoidal rule for one Gaussian: exact to 1e-9 for what is smooth at the scale of 1."""
WEIGHTS = tuple(math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / 2 for z in STEPS)
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
    return replace(operation(*inputs), apart=apart, across=across)


def activate(before: Moments, shape: Activation) -> Moments:
    """An activation of Gaussians (Cho and Saul 2009; Poole et al. 2016, arXiv:1606.05340, eq. 5)."""
    found = shape.forward(before.mean, before.variance, before.skewness)
    plain = found if before.skewness == 0 else shape.forward(before.mean, before.variance)
    apart, across = (_product(before, shared, shape) for shared in (before.apart, before.across))
    return replace(found, apart=_as_alike(apart, plain, found), across=_as_alike(across, plain, found))


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
    return Moments(shift, second, kept(before.apart, common), kept(before.across, between), skewness=before.skewness)


def normalize_size(before: Moments, scale: Value = 1, epsilon: float = 0.0) -> Moments:
    """RMS norm."""
    found = propagation.rms_normalize(before, scale, epsilon)
    gain = combine(lambda after, q: after / q, found.second, before.second)
    apart, across = (combine(lambda x, g: x * g, value, gain) for value in (before.apart, before.across))
    return replace(found, apart=apart, across=across)


# --------------------------------------------------------------------------------------------------------------- pools


def average(before: Moments, count: float, inside: float | None = None, square: float | None = None) -> Moments:
    """The mean of `count` places, of which `inside` lie in the input on average, and `square` is the mean of its square."""
    first = count if inside is None else inside
    pairs = count * count if square is None else square
    if before.apart is None:
        return average_pool(before, count)
    share = first / count
    second = combine(lambda q, a: (first * q + (pairs - first) * a) / count**2, before.second, before.apart)
    mean, apart, across = (
        combine(lambda m: m * share, before.mean),
        combine(lambda a: a * share**2, before.apart),
        combine(lambda a: a * share**2, before.across),
    )
    spread = combine(lambda q, m: q - m**2, second, mean)
    left = as_float(combine(lambda after, v: after / v, spread, before.variance))
    return Moments(mean, second, apart, across, skewness=before.skewness * math.sqrt(max(left or 0.0, 0.0)))


def largest(before: Moments, count: int, shape: Activation | None = None) -> Moments:
    """The largest of `count` places of a Gaussian, then an activation that never falls.

    The common part moves all of them, so that of alike places the largest is as any other.
    """
    numbers = [as_float(value) for value in (before.mean, before.second, before.apart)]
    mean, second, apart = numbers
    if mean is None or second is None or apart is None:
        return max_pool(before, count)
    common = min(max(apart - mean**2, 0.0), second - mean**2)
    value = shape.value if shape is not None else _same
    found = _largest(value, mean, math.sqrt(common), math.sqrt(max(second - mean**2 - common, 0.0)), count)
    share = as_float(combine(lambda a: (a - mean**2) / common if common > 0 else 0.0, before.across)) or 0.0
    return Moments(*found, found[0] ** 2 + (found[2] - found[0] ** 2) * min(max(share, 0.0), 1.0))


def _same(x: float) -> float:
    return x


GRID = tuple(step / 8 for step in range(-72, 73))
"""Nodes for the largest of independent N(0, 1)."""


@lru_cache(maxsize=64)
def _density(count: int) -> tuple[float, ...]:
    """Of the largest of `count` at the nodes of `GRID`, summing to 1 (David and Nagaraja 2003)."""
    raw = [math.exp(-z * z / 2) * (0.5 * math.erfc(-z / math.sqrt(2))) ** (count - 1) for z in GRID]
    return tuple(value / sum(raw) for value in raw)


def _largest(
    value: Callable[[float], float], mean: float, width: float, own: float, count: int
) -> tuple[float, float, float]:
    """E[f], E[f²] and the product at two windows."""
    first = second = both = 0.0
    for z, weight in zip(STEPS, WEIGHTS, strict=True):
        values = [value(mean + width * z + own * most) for most in GRID]
        inner = sum(map(_times, values, _density(count)))
        first += weight * inner
        both += weight * inner**2
        second += weight * sum(density * each**2 for each, density in zip(values, _density(count), strict=True))
    return first, second, both


def _times(left: float, right: float) -> float:
    return left * right


# ----------------------------------------------------------------------------------------------------------- attention


def attend(values: Moments, length: int, query: Moments, key: Moments) -> Moments:
    """Softmax attention over `length` places, its logits scaled by ``1 / sqrt(d)`` (Vaswani et al. 2017, footnote 4).

    Of the logits of one query only what sets the keys apart counts. Two queries weigh the same values independently.
    """
    spread = as_float(combine(lambda q, k, a: q * positive_part(k - a), query.second, key.second, key.apart))
    square = as_float(propagation.softmax(Moments(0, spread or 0.0), length).second) or 0.0
    share = min(square * length, 1.0)

    def mixed(part: float) -> Value:
        return combine(lambda q, a: part * q + (1 - part) * a, values.second, values.apart)

    return Moments(values.mean, mixed(share), mixed(1 / length), values.across)
