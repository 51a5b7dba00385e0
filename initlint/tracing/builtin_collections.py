"""Python's builtins that make collections, or go through them."""

from __future__ import annotations

from functools import reduce
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
    alternatives,
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
    """Rows of what is known; of a column whose length is not known it is taken that it is as long as the others."""
    columns = [
        iteration.items(tracer, value) or [Many((Unknown("an item of something unknown"),))] for value in arguments
    ]
    lengths = [len(column) for column in columns if not any(isinstance(item, Many) for item in column)]
    if not lengths:
        return (
            ListValue([Many((tuple(_at(tracer, column, None) for column in columns),))]) if columns else ListValue([])
        )
    return ListValue([tuple(_at(tracer, column, index) for column in columns) for index in range(min(lengths))])


def _at(tracer: Tracer, column: list[Value], index: int | None) -> Value:
    """The item of a column in a row: behind one that stands for any number, whichever may be there."""
    first = next((at for at, item in enumerate(column) if isinstance(item, Many)), len(column))
    if index is not None and index < first:
        return column[index]
    found = [each for item in column[0 if index is None else first :] for each in alternatives(item)]
    return reduce(tracer.heap.join, found) if found else Unknown("an item of something empty")


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
    if found is None:
        return Unknown("a map over something unknown", place)
    made: list[Value] = []
    for item in found:
        results = tuple(tracer.call(arguments[0], (each,), {}, place, scope) for each in alternatives(item))
        made.append(Many(results) if isinstance(item, Many) else results[0])
    return ListValue(made)


def call_next(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return found[0] if found and not isinstance(found[0], Many) else Unknown("the next item", place)
