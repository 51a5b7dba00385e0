"""First and second moment of the signal at one point of a network."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.signal.size import Value, combine, is_known


@dataclass(frozen=True)
class Moments:
    """Over entries, samples and draws of the weights; ``None`` is unknown."""

    mean: Value
    second: Value
    """E[x²]."""
    apart: Value = None
    """E[x x'] of one unit at two places of one sample: pixels, tokens."""
    across: Value = None
    """E[x x'] of one unit in two samples."""

    @property
    def variance(self) -> Value:
        """``E[x²] - E[x]²``, never negative."""
        variance = combine(lambda second, mean: second - mean**2, self.second, self.mean)
        return max(variance, 0) if is_known(variance) else variance


UNKNOWN = Moments(None, None)
STANDARD = Moments(0, 1)
"""What a normalised input has."""
NOISE = Moments(0, 1, 0, 0)
"""What an input has whose entries are drawn from N(0, 1)."""
