"""Lists and dicts that are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing.values import DictValue, ListValue, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def new_list(tracer: Tracer, items: list[Value], place: Place | None = None, is_open: bool = False) -> ListValue:
    """A list made just now."""
    made = ListValue(items, is_open, place)
    tracer.heap.born(made)
    return made


def new_dict(tracer: Tracer, items: dict[Value, Value], place: Place | None = None, is_open: bool = False) -> DictValue:
    """A dict made just now."""
    made = DictValue(items, is_open, place)
    tracer.heap.born(made, made.items)
    return made
