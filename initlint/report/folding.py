"""Which rows of a long table are shown, so that a collapse is still seen at a glance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Repeat:
    """Rows that come again at once, as the layers of a block do."""

    start: int
    """Index of the first row of them."""
    period: int
    """How many rows they are."""
    again: int
    """How often they come behind the first time."""

    @property
    def end(self) -> int:
        """Index behind the last row of the last time."""
        return self.start + self.period * (1 + self.again)


LEAST_AGAIN = 2
"""Times that rows have to come again to be folded."""
LEAST_SAVED = 5
"""Rows that folding has to save: it takes one or two lines itself."""
LONGEST_PERIOD = 80
"""Rows of the longest block that is looked for."""


def find_repeats(keys: Sequence[Hashable]) -> list[Repeat]:
    """The repeats of a table whose rows are alike where their keys are equal, from top to bottom, none in another."""
    found: list[Repeat] = []
    row = 0
    while row < len(keys):
        best = max((_repeat(keys, row, period) for period in range(1, LONGEST_PERIOD + 1)), key=_worth)
        if _saved(best) >= LEAST_SAVED:
            found.append(best)
            row = best.end
        else:
            row += 1
    return found


def _repeat(keys: Sequence[Hashable], start: int, period: int) -> Repeat:
    end = start + period
    while end < len(keys) and keys[end] == keys[end - period]:
        end += 1
    return Repeat(start, period, (end - start) // period - 1)


def _saved(repeat: Repeat) -> int:
    """How many rows are left out."""
    return repeat.again * repeat.period if repeat.again >= LEAST_AGAIN else 0


def _worth(repeat: Repeat) -> tuple[int, int]:
    """The rows it saves; of equals the shorter one is better."""
    return _saved(repeat), -repeat.period


def _evenly(rows: Sequence[int], count: int) -> list[int]:
    if len(rows) <= count:
        return list(rows)
    return [rows[index * len(rows) // count] for index in range(count)]
