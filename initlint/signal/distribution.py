"""What one entry of a weight is drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from initlint.signal.normal import mass_below, normal_density
from initlint.signal.size import Size, Value, as_float, combine, is_known, largest

SHIFT_KEEPS = frozenset({"constant", "normal", "uniform", "truncated_normal", "unknown"})
"""Families that adding a constant does not leave."""


@dataclass(frozen=True)
class Distribution:
    """The law of one entry, over the draws of the initialiser and the places in the tensor."""

    family: str
    """``"constant"``, ``"normal"``, ``"uniform"``, ``"truncated_normal"``, ``"orthogonal"``, ``"identity"``,
    ``"sparse"``, ``"standardised"`` (each unit's weights sum to 0), ``"other"`` (known moments, no named shape) or
    ``"unknown"``."""
    mean: Value = None
    variance: Value = None
    gain: Value = None
    """Of an orthogonal matrix or an identity: what it multiplies the signal by."""

    @staticmethod
    def unknown() -> Distribution:
        """Nothing is known."""
        return Distribution("unknown")

    @staticmethod
    def constant(value: Value) -> Distribution:
        """Every entry is `value`."""
        return Distribution("constant", value, 0)

    @staticmethod
    def normal(mean: Value = 0, std: Value = 1) -> Distribution:
        """N(mean, std²)."""
        return _unless_constant(Distribution("normal", mean, combine(lambda s: s**2, std)))

    @staticmethod
    def uniform(low: Value = 0, high: Value = 1) -> Distribution:
        """U(low, high): mean ``(low + high) / 2``, variance ``(high - low)² / 12``."""
        mean = combine(lambda a, b: (a + b) / 2, low, high)
        return _unless_constant(Distribution("uniform", mean, combine(lambda a, b: (b - a) ** 2 / 12, low, high)))

    @staticmethod
    def centred(family: str, variance: Value) -> Distribution:
        """Mean 0 and the given variance, in the family ``"normal"`` or ``"uniform"``."""
        return _unless_constant(Distribution(family, 0, variance))

    @staticmethod
    def truncated_normal(mean: Value = 0, std: Value = 1, low: Value = -2, high: Value = 2) -> Distribution:
        """N(mean, std²) given that it falls in [low, high] (bounds are values, not numbers of std, as in torch).

        A symbolic std is a small one, as ``hidden ** -0.5`` is: the bounds are then taken to cut nothing.
        """
        plain = [as_float(value) for value in (mean, std, low, high)]
        if isinstance(std, Size) and plain[0] is not None:
            return Distribution("truncated_normal", mean, std**2)
        known = [value for value in plain if value is not None]
        if len(known) < len(plain):
            return Distribution("truncated_normal")
        return _unless_constant(Distribution("truncated_normal", *_truncated_moments(*known)))

    @staticmethod
    def orthogonal(rows: Value, columns: Value, gain: Value = 1) -> Distribution:
        """A uniformly drawn (semi-)orthogonal matrix times `gain`: variance ``gain² / max(rows, columns)``.

        Saxe, McClelland and Ganguli 2014, arXiv:1312.6120: the columns (or rows) have norm 1.
        """
        variance = combine(lambda g, n: g**2 / n, gain, largest(rows, columns))
        return Distribution("orthogonal", 0, variance, gain)

    @staticmethod
    def identity(gain: Value = 1, density: Value = None) -> Distribution:
        """`gain` on the diagonal, 0 elsewhere; `density` is the share of the entries that lie on the diagonal."""
        mean = combine(lambda g, d: g * d, gain, density)
        variance = combine(lambda g, d: g**2 * d * (1 - d), gain, density)
        return Distribution("identity", mean, variance, gain)

    @staticmethod
    def sparse(sparsity: Value, std: Value = 0.01) -> Distribution:
        """0 with probability `sparsity`, else N(0, std²): variance ``(1 - sparsity) std²`` (Martens 2010)."""
        return _unless_constant(Distribution("sparse", 0, combine(lambda p, s: (1 - p) * s**2, sparsity, std)))

    @staticmethod
    def standardised(variance: Value = 1) -> Distribution:
        """Each unit's weights have exactly mean 0 and this variance (Qiao et al. 2019, arXiv:1903.10520, eq. 6)."""
        return _unless_constant(Distribution("standardised", 0, variance))

    @property
    def is_constant(self) -> bool:
        """Whether all entries are equal."""
        return self.family == "constant"

    @property
    def is_zero(self) -> bool:
        """Whether all entries are 0."""
        return self.is_constant and is_known(self.mean) and self.mean == 0

    @property
    def std(self) -> Value:
        """Standard deviation of an entry."""
        return combine(lambda variance: variance**0.5, self.variance)

    @property
    def second(self) -> Value:
        """E[w²] of an entry."""
        return combine(lambda mean, variance: variance + mean**2, self.mean, self.variance)

    def scaled(self, factor: Value) -> Distribution:
        """Of ``factor * w``."""
        if is_known(factor) and factor == 0:
            return Distribution.constant(0)
        mean = combine(lambda m, f: m * f, self.mean, factor)
        variance = 0 if self.is_constant else combine(lambda v, f: v * f**2, self.variance, factor)
        return replace(self, mean=mean, variance=variance, gain=combine(lambda g, f: g * f, self.gain, factor))

    def shifted(self, offset: Value) -> Distribution:
        """Of ``w + offset``."""
        family = self.family if self.family in SHIFT_KEEPS or offset == 0 else "other"
        gain = self.gain if family == self.family else None
        return replace(self, family=family, mean=combine(lambda m, c: m + c, self.mean, offset), gain=gain)


def _unless_constant(distribution: Distribution) -> Distribution:
    """A spread of exactly 0 is a constant, whatever drew it."""
    if is_known(distribution.variance) and distribution.variance == 0:
        return Distribution.constant(distribution.mean)
    return distribution


def _truncated_moments(mean: float, std: float, low: float, high: float) -> tuple[float, float]:
    """Mean and variance of a doubly truncated normal (Johnson, Kotz and Balakrishnan 1994, equation 13.134)."""
    if std == 0 or low >= high:
        return min(max(mean, low), high), 0.0
    below, above = (low - mean) / std, (high - mean) / std
    mass = _normal_mass(below, above)
    if mass < TAIL_MASS:
        return _tail_moments(mean, std, low, high)
    first = (normal_density(below) - normal_density(above)) / mass
    second = (_moment_at(below) - _moment_at(above)) / mass
    return mean + std * first, std**2 * (1 + second - first**2)


TAIL_MASS = 1e-6
"""Below this probability of the interval the closed form cancels, and the integral is done by numbers."""


def _tail_moments(mean: float, std: float, low: float, high: float, points: int = 2000) -> tuple[float, float]:
    """Moments of the part of the density in an interval far out in its tail, by the midpoint rule."""
    peak = min(max(mean, low), high)
    reach = std**2 / max(abs(peak - mean), std)
    left, right = max(low, peak - 40 * reach), min(high, peak + 40 * reach)
    xs = [left + (right - left) * (i + 0.5) / points for i in range(points)]
    ws = [math.exp(((peak - mean) ** 2 - (x - mean) ** 2) / (2 * std**2)) for x in xs]
    average = sum(w * x for w, x in zip(ws, xs, strict=True)) / sum(ws)
    return average, sum(w * (x - average) ** 2 for w, x in zip(ws, xs, strict=True)) / sum(ws)


def _normal_mass(low: float, high: float) -> float:
    """P(low < z < high), without cancellation in the upper tail."""
    if low > 0:
        low, high = -high, -low
    return mass_below(high) - mass_below(low)


def _moment_at(z: float) -> float:
    return 0.0 if math.isinf(z) else z * normal_density(z)
