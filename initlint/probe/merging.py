"""One recording out of several of the same model, built with different seeds: every number the median of theirs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from initlint.diagnosis.trajectory import trajectories
from initlint.probe.linking import link
from initlint.probe.recording import Cost, ParameterRow, Recording, Row

WORST_COUNTS = frozenset({"nonfinite_fraction"})
"""Numbers of which the largest counts: what overflows with one seed in three is a fault."""
DIFFERENT = "the model is built or runs differently from seed to seed: the numbers are those of the first seed alone"


def merge(recordings: Sequence[Recording]) -> Recording:
    """The rows and parameters of the first, every number the median over all; `seeds` holds all their seeds.

    Where the structure differs (stochastic depth, a random architecture) the first recording alone, with a note.
    """
    first = recordings[0]
    if len(recordings) == 1:
        return first
    if any(_structure(each) != _structure(first) for each in recordings[1:]):
        return replace(first, notes=(*first.notes, DIFFERENT))
    merged: Recording = _merged(recordings)
    return replace(
        merged,
        seeds=tuple(seed for each in recordings for seed in each.seeds),
        notes=_notes(recordings),
        cost=_cost(recordings),
    )


def spread(recordings: Sequence[Recording]) -> float | None:
    """Standard deviation, over the seeds, of the decades that the gradient changes by over the depth.

    Of the longest trajectory; `None` where it is not finite or there is but one seed.
    """
    found = [_decades(recording) for recording in recordings]
    known = [value for value in found if value is not None and math.isfinite(value)]
    return statistics.stdev(known) if len(known) == len(found) > 1 else None


def _decades(recording: Recording) -> float | None:
    paths = [path for path in trajectories(link(recording)) if path.is_trunk]
    return max(paths, key=lambda path: len(path.layers)).gradient if paths else None


def _structure(recording: Recording) -> tuple[object, ...]:
    return tuple(map(_row_key, recording.rows)), tuple(map(_parameter_key, recording.parameters)), recording.outputs


def _row_key(row: Row) -> tuple[object, ...]:
    return row.name, row.op, row.kind, row.call, row.inputs


def _parameter_key(row: ParameterRow) -> tuple[object, ...]:
    return row.name, row.role, row.values.shape


def _merged(values: Sequence[Any], name: str = "") -> Any:
    """The median of numbers, alone or inside structs and tuples of the same length; of all else the first."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    if all(isinstance(value, Struct) for value in present):
        fields = [asdict(value) for value in present]
        return type(present[0])(**{key: _merged([each[key] for each in fields], key) for key in fields[0]})
    if all(isinstance(value, float) for value in present):
        if len(present) < len(values):
            return None
        return max(values) if name in WORST_COUNTS else _median(values)
    if all(isinstance(value, tuple) for value in present) and len({len(value) for value in present}) == 1:
        return tuple(_merged(together) for together in zip(*present, strict=True))
    return values[0]


def _median(values: Sequence[float]) -> float:
    """NaN counts as larger than everything."""
    ordered = sorted(values, key=lambda value: (math.isnan(value), value))
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _notes(recordings: Sequence[Recording]) -> tuple[str, ...]:
    found = list(dict.fromkeys(note for each in recordings for note in each.notes))
    noise = spread(recordings)
    if noise is not None:
        found.append(f"over {len(recordings)} seeds the gradient's decades over the depth have a spread of {noise:.2f}")
    return tuple(found)


def _cost(recordings: Sequence[Recording]) -> Cost:
    """A build and a step at their medians; the extra passes of all."""
    costs = [each.cost for each in recordings]
    return Cost(
        building=statistics.median(cost.building for cost in costs),
        step=statistics.median(cost.step for cost in costs),
        passes=sum(cost.passes for cost in costs),
    )
