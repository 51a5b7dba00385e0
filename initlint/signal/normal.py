"""The standard normal law."""

from __future__ import annotations

import math


def normal_density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mass_below(z: float) -> float:
    """P(x < z), without cancellation in the lower tail."""
    return 0.5 * math.erfc(-z / math.sqrt(2))
