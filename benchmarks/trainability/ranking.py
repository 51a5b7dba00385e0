"""Rank statistics and counts of judgements against what came, exact."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence


def roc_auc(healthy: Sequence[float], sick: Sequence[float]) -> float:
    """Chance that a healthy model has the higher score than a sick one, a tie counted as half, 0 to 1.

    Exact: the Mann-Whitney statistic over all pairs. Raises `ValueError` if either kind is missing.
    """
    if not healthy or not sick:
        raise ValueError("expected models that train and models that fail, found only one kind")
    ranked = sorted(sick)
    wins = sum(bisect_left(ranked, score) + bisect_right(ranked, score) for score in healthy)
    return wins / (2 * len(healthy) * len(sick))


def precision_recall(pairs: Iterable[tuple[bool, bool]]) -> tuple[float, float]:
    """Of pairs "said to fail, failed": share of the said that failed, share of the failed that were said. 0 to 1."""
    known = list(pairs)
    both = known.count((True, True))
    return both / max(sum(said for said, _ in known), 1), both / max(sum(failed for _, failed in known), 1)
