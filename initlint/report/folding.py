"""Which rows of a long table are shown, so that a collapse is still seen at a glance."""

from __future__ import annotations

from collections.abc import Sequence

MOST_ROWS = 60
"""Rows of a table that is shown whole: about what two screens hold."""
FOLDED_ROWS = 40
"""Rows that are shown of a longer one."""
ENDS = 4
"""Rows shown at each end whatever they are."""


def shown_rows(count: int, marked: Sequence[int], trunk: Sequence[int], most: int = MOST_ROWS) -> list[int]:
    """Indices of the rows to show of `count`: all if they are at most `most`, else at most `FOLDED_ROWS`.

    These are the ends, those `marked` (the most telling first, for half of the room), and of the trunk what still fits,
    evenly spaced; where all this is little, of the other rows, too.
    """
    if count <= most:
        return list(range(count))
    kept = {*range(ENDS), *range(count - ENDS, count), *marked[: FOLDED_ROWS // 2]}
    kept.update(_evenly([row for row in trunk if row not in kept], FOLDED_ROWS - len(kept)))
    if len(kept) < FOLDED_ROWS // 2:
        kept.update(_evenly([row for row in range(count) if row not in kept], FOLDED_ROWS - len(kept)))
    return sorted(kept)


def _evenly(rows: Sequence[int], count: int) -> list[int]:
    if len(rows) <= count:
        return list(rows)
    return [rows[index * len(rows) // count] for index in range(count)]
