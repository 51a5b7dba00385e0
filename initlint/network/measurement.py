"""What was measured of a signal, a gradient or a weight: statistics over the entries of one tensor."""

from __future__ import annotations

import math

from msgspec import Struct


class Statistics(Struct, frozen=True, kw_only=True):
    """Of the entries of one tensor."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    mean: float
    second: float
    """E[x²]."""
    abs_max: float
    zero_fraction: float = 0.0
    """Share of the entries that are exactly 0, as are the other fractions a share from 0 to 1."""
    nonfinite_fraction: float = 0.0
    saturated_fraction: float | None = None
    """In the flat part of a bounded activation; ``None`` for other operations."""
    dead_fraction: float | None = None
    """Share of the *units* that are 0 for the whole batch; ``None`` for what cannot be 0 on a whole side."""
    correlation: float | None = None
    """Mean cosine between two different samples of the batch; ``None`` where no axis is the batch."""

    @property
    def variance(self) -> float:
        """Over all entries."""
        return max(self.second - self.mean**2, 0.0)

    @property
    def std(self) -> float:
        """Standard deviation over all entries."""
        return math.sqrt(self.variance)

    @property
    def elements(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)


class Gradient(Struct, frozen=True, kw_only=True):
    """Of the entries of one gradient."""

    mean_square: float
    elements: int
    zero_fraction: float = 0.0
    nonfinite_fraction: float = 0.0
    lost_in_fp16: float = 0.0
    """Share of the non-zero entries that half precision makes 0."""
    lost_in_bf16: float = 0.0

    @property
    def total(self) -> float:
        """Sum of the squares: what a stack that keeps the gradient keeps, whatever the widths of its layers."""
        return self.mean_square * self.elements

    @property
    def rms(self) -> float:
        """Root of the mean square."""
        return math.sqrt(self.mean_square) if self.mean_square >= 0 else math.nan
