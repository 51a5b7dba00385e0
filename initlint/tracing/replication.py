"""Layers that a program repeats, so that copies or several places share what one of them was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import Replication
from initlint.tracing.modules import parameters_of
from initlint.tracing.values import ContainerValue, Instance, LayerValue, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def note_repetition(tracer: Tracer, items: Sequence[Value], place: Place) -> None:
    """Puts on record that the same layer stands in a list more than once."""
    counts = Counter(id(item) for item in items)
    for item in {id(item): item for item in items if counts[id(item)] > 1}.values():
        note_replication(tracer, item, "shared", counts[id(item)], place)


def note_replication(tracer: Tracer, item: Value, how: str, count: int | None, place: Place) -> None:
    """Puts on record that a layer with weights is repeated."""
    if isinstance(item, (LayerValue, Instance, ContainerValue)) and (count is None or count > 1):
        owned = tuple(parameters_of(tracer, item))
        if owned:
            name = item.type_name
            tracer.record.observations.append(Replication(place, how, name, count, owned))
