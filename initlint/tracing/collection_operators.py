"""Operators on lists, tuples, dicts and sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing.collection_construction import new_list
from initlint.tracing.iteration import items
from initlint.tracing.replication import note_replication
from initlint.tracing.values import ContainerValue, DictValue, ListValue, Many, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def combine_collections(tracer: Tracer, symbol: str, left: Value, right: Value, place: Place) -> Value:
    if symbol == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return (*left, *right)
    if symbol == "+" and isinstance(left, Unknown) and isinstance(right, tuple):
        return new_list(tracer, [Many((left,)), *right], place)
    if symbol == "+" and isinstance(left, (ListValue, ContainerValue)):
        first, second = items(tracer, left), items(tracer, right)
        return new_list(tracer, [*(first or ()), *(second or ())], place, first is None or second is None)
    if symbol == "*":
        return _repeat(tracer, left, right, place)
    if symbol in SET_OPERATORS and isinstance(left, ListValue) and isinstance(right, ListValue):
        return _of_sets(symbol, left, right, place)
    if symbol == "|" and isinstance(left, DictValue) and isinstance(right, DictValue):
        return DictValue({**left.items, **right.items}, left.is_open or right.is_open, place)
    return Unknown(f"{symbol} of collections", place)


SET_OPERATORS = frozenset({"|", "&", "-", "^"})


def _of_sets(symbol: str, left: ListValue, right: ListValue, place: Place) -> Value:
    """Of sets of plain values and of the keys of dicts, in the order in which the items come."""
    known = not (left.is_open or right.is_open) and all(map(_is_item, [*left.items, *right.items]))
    if not known:
        return Unknown(f"{symbol} of sets that are not known", place)
    first, second = dict.fromkeys(left.items), dict.fromkeys(right.items)
    only, both = [item for item in first if item not in second], [item for item in first if item in second]
    others = [item for item in second if item not in first]
    found = {"|": [*first, *others], "&": both, "-": only, "^": [*only, *others]}
    return ListValue(found[symbol], place=place)


def _is_item(value: Value) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _repeat(tracer: Tracer, left: Value, right: Value, place: Place) -> Value:
    collection, count = (left, right) if isinstance(left, (ListValue, tuple)) else (right, left)
    if not isinstance(collection, (ListValue, tuple)):
        return Unknown("a repetition that is not followed", place)
    inside = collection.items if isinstance(collection, ListValue) else list(collection)
    known = count if isinstance(count, int) else None
    for item in inside:
        note_replication(tracer, item, "shared", known, place)
    if known is None or known > 1000:
        return new_list(tracer, [Many(tuple(inside))], place)
    return tuple(inside * known) if isinstance(collection, tuple) else new_list(tracer, inside * known, place)
