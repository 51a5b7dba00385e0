"""Python's builtins that make collections, or go through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import iteration
from initlint.tracing.collection_construction import new_dict, new_list
from initlint.tracing.comparing import truth
from initlint.tracing.values import (
    Arguments,
    Builtin,
    DictValue,
    Keywords,
    ListValue,
    Many,
    Scope,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_len(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, str):
        return len(value)
    if isinstance(value, TensorValue) and value.shape:
        return value.shape[0] if value.shape[0] is not None else Unknown("a size that is not known")
    if isinstance(value, DictValue) and not value.is_open:
        return len(value.items)
    found = iteration.items(tracer, value)
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("the length of something unknown", place)
    return len(found)


def call_range(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    whole = [int(v) for v in arguments if isinstance(v, int) or (isinstance(v, float) and v.is_integer())]
    if whole and len(whole) == len(arguments):
        try:
            return range(*whole)
        except (TypeError, ValueError):
            pass
    return Unknown("a range of unknown length", place)


def call_enumerate(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    start = arguments[1] if len(arguments) > 1 else keywords.get("start", 0)
    if found is None or not isinstance(start, int):
        return Unknown("an enumeration of something unknown", place)
    pairs: list[Value] = []
    for index, item in enumerate(found, start):
        if isinstance(item, Many):
            pairs.append(Many(tuple((Unknown("an index"), each) for each in item.items)))
        else:
            pairs.append((index, item))
    return ListValue(pairs)


def call_zip(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    columns = [iteration.items(tracer, value) for value in arguments]
    pieces = [column[0] for column in columns if column and isinstance(column[0], Many)]
    if len(pieces) == len(columns) and all(len(each.items) == 1 for each in pieces):
        return ListValue([Many((tuple(each.items[0] for each in pieces),))])
    known = [column for column in columns if column is not None and not any(isinstance(i, Many) for i in column)]
    if not known:
        return Unknown("a zip of something unknown", place)
    if len(known) < len(columns):
        return Unknown("a zip with something unknown", place)
    return ListValue([tuple(row) for row in zip(*known)])  # noqa: B905


def call_list(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if not arguments:
        return new_list(tracer, [], place)
    found = iteration.items(tracer, arguments[0])
    return new_list(tracer, list(found or ()), place, is_open=found is None)


def call_set(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """A set: as a list, each plain item once."""
    found = call_list(tracer, arguments, keywords, place, scope)
    if isinstance(found, ListValue) and all(isinstance(item, (int, float, str)) for item in found.items):
        tracer.heap.set_field(found, "items", list(dict.fromkeys(found.items)))
    return found


def call_tuple(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else []
    return ListValue([], True, place) if found is None else tuple(found)


def call_dict(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    items: dict[Value, Value] = {}
    is_open = "**" in keywords
    if arguments:
        source = arguments[0]
        if isinstance(source, DictValue):
            items.update(source.items)
            is_open = is_open or source.is_open
        else:
            pairs = iteration.items(tracer, source)
            for pair in pairs or [Many(())]:
                if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int, tuple)):
                    items[pair[0]] = pair[1]
                else:
                    is_open = True
    items.update({key: value for key, value in keywords.items() if key != "**"})
    return new_dict(tracer, items, place, is_open)


def call_reversed(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return Unknown("something unknown, reversed", place) if found is None else ListValue(list(reversed(found)))


def any_or_all(word: str) -> Builtin:
    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        found = iteration.items(tracer, arguments[0]) if arguments else None
        answers = [None if isinstance(i, Many) else truth(tracer, i) for i in found] if found is not None else [None]
        decided = word == "any"
        if decided in answers:
            return decided
        return Unknown(f"{word} of something unknown", place) if None in answers else not decided

    return compute


def call_map(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[1]) if len(arguments) == 2 else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a map over something unknown", place)
    return ListValue([tracer.call(arguments[0], (item,), {}, place, scope) for item in found])


def call_next(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return found[0] if found and not isinstance(found[0], Many) else Unknown("the next item", place)
