"""Attention in which a place sees only those before it and itself."""

from __future__ import annotations

from collections.abc import Sequence

from initlint.signal import places
from initlint.signal.moments import Moments
from initlint.signal.size import Number, Value, combine, is_known

EXACT = 16
"""Places up to which each is worked out; of those behind, one for each `STEP`, as they change slowly."""
STEP = 1.25


def attend(values: Moments, length: int, query: Moments, key: Moments) -> Moments:
    """The mean over places, of which number n weighs n values; two have in common what the earlier one has seen.

    Where all weights are 1 / n, ``E[o_m o_n]`` for m < n is ``E[o_n ** 2]``: the later one holds the earlier one's values
    n / m times less each. So it is taken for other weights, too.
    """
    counts = _counts(length)
    seconds = [places.attend(values, count, query, key).second for count in counts]
    if not all(map(is_known, seconds)):
        return places.attend(values, length, query, key)
    alone = [count - before for before, count in zip((0, *counts), counts, strict=False)]
    pairs = [share * (count - 1) for share, count in zip(alone, counts, strict=True)]
    return Moments(values.mean, _mean(seconds, alone), _mean(seconds, pairs) if length > 1 else None, values.across)


def _counts(length: int) -> list[int]:
    """How many values the places weigh that are worked out; the last weighs all."""
    found = list(range(1, min(length, EXACT) + 1))
    while found[-1] < length:
        found.append(min(max(found[-1] + 1, round(found[-1] * STEP)), length))
    return found


def _mean(values: Sequence[Value], weights: Sequence[int]) -> Value:
    def weighed(*known: Number) -> Number:
        total: Number = 0.0
        for value, weight in zip(known, weights, strict=True):
            total = total + value * weight
        return total / sum(weights)

    return combine(weighed, *values)
