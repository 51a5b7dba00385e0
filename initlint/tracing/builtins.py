"""Python's builtins, on known and unknown values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.signal.size import Size
from initlint.tracing import introspection, iteration
from initlint.tracing.arithmetic import binary
from initlint.tracing.collection_construction import new_dict, new_list
from initlint.tracing.comparing import truth
from initlint.tracing.values import (
    Arguments,
    Builtin,
    ClassName,
    ClassValue,
    ContainerValue,
    DictValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Many,
    Scope,
    Signal,
    TensorValue,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_builtin(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    function = BUILTINS.get(name)
    if function is None:
        return Unknown(f"{name} is not followed", place)
    return function(tracer, arguments, keywords, place, scope)


def _len(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, str):
        return len(value)
    if isinstance(value, TensorValue) and value.shape:
        return value.shape[0] if value.shape[0] is not None else Unknown("a size that is not known")
    if isinstance(value, (DictValue, ContainerValue)) and not value.is_open:
        return len(value.items)
    found = iteration.items(tracer, value)
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("the length of something unknown", place)
    return len(found)


def _range(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    whole = [int(v) for v in arguments if isinstance(v, int) or (isinstance(v, float) and v.is_integer())]
    if whole and len(whole) == len(arguments):
        try:
            return range(*whole)
        except (TypeError, ValueError):
            pass
    return Unknown("a range of unknown length", place)


def _enumerate(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
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


def _zip(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    columns = [iteration.items(tracer, value) for value in arguments]
    known = [column for column in columns if column is not None and not any(isinstance(i, Many) for i in column)]
    if not known:
        return Unknown("a zip of something unknown", place)
    if len(known) < len(columns):
        return Unknown("a zip with something unknown", place)
    return ListValue([tuple(row) for row in zip(*known)])  # noqa: B905


def _list(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if not arguments:
        return new_list(tracer, [], place)
    found = iteration.items(tracer, arguments[0])
    return new_list(tracer, list(found or ()), place, is_open=found is None)


def _set(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """A set: as a list, each plain item once."""
    found = _list(tracer, arguments, keywords, place, scope)
    if isinstance(found, ListValue) and all(isinstance(item, (int, float, str)) for item in found.items):
        tracer.heap.set_field(found, "items", list(dict.fromkeys(found.items)))
    return found


def _tuple(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
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


def _number(kind: type[int] | type[float]) -> Builtin:
    def convert(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        value = arguments[0] if arguments else 0
        if isinstance(value, Size):
            return value
        if isinstance(value, (int, float, str)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                pass
        return Unknown("a number that is not known", place)

    return convert


def of_numbers(function: Callable[..., object]) -> Builtin:
    """A function of plain numbers, or of one sequence of them."""

    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        given = [list(value) if isinstance(value, tuple) else value for value in arguments]
        given = [value.items if isinstance(value, ListValue) and not value.is_open else value for value in given]
        flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
        if flat and all(isinstance(item, (int, float)) for item in flat):
            try:
                return function(*given)
            except (TypeError, ValueError, OverflowError, ZeroDivisionError):
                pass
        return _same(flat) if function in (max, min) else Unknown("a number that is not known", place)

    return compute


def _same(values: Sequence[Value]) -> Value:
    if values and all(isinstance(value, Size) and value == values[0] for value in values):
        return values[0]
    return Unknown("the largest or smallest of values that are not known")


def _sum(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a sum of something unknown", place)
    total: Value = arguments[1] if len(arguments) > 1 else 0
    for item in found:
        total = item if total == 0 and isinstance(item, Signal) else binary(tracer, "+", total, item, place, scope)
    return total


def sqrt(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, (int, float)) and value >= 0:
        return math.sqrt(value)
    if isinstance(value, Size):
        return value**0.5
    if isinstance(value, Signal):
        return tracer.add_layer("unknown", "sqrt", place, (value,), reason="a square root of a signal")
    return TensorValue(None) if isinstance(value, TensorValue) else Unknown("a root of something unknown", place)


def pow(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) < 2:
        return Unknown("pow", place)
    return binary(tracer, "**", arguments[0], arguments[1], place, scope)


def _reversed(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return Unknown("something unknown, reversed", place) if found is None else ListValue(list(reversed(found)))


def _any_all(word: str) -> Builtin:
    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        found = iteration.items(tracer, arguments[0]) if arguments else None
        answers = [None if isinstance(i, Many) else truth(tracer, i) for i in found] if found is not None else [None]
        decided = word == "any"
        if decided in answers:
            return decided
        return Unknown(f"{word} of something unknown", place) if None in answers else not decided

    return compute


def _map(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[1]) if len(arguments) == 2 else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a map over something unknown", place)
    return ListValue([tracer.call(arguments[0], (item,), {}, place, scope) for item in found])


MOST_REPEATS = 1_024
"""Items of an ``itertools.repeat`` that are listed."""


def repeat(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    count = arguments[1] if len(arguments) > 1 else keywords.get("times")
    if not arguments or not isinstance(count, int) or count > MOST_REPEATS:
        return Unknown("a repetition of unknown length", place)
    return ListValue([arguments[0]] * count)


def replaced(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """A copy of a dataclass's instance with some fields changed."""
    only = arguments[0] if arguments else None
    if not isinstance(only, Instance) or "**" in keywords:
        return Unknown("a changed copy of something unknown", place)
    made = Instance(only.cls, place, {**only.attributes, **keywords}, only.is_complete)
    tracer.heap.born(made, made.attributes)
    return made


def first(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return arguments[0] if arguments else Unknown("nothing", place)


def _iter_next(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return found[0] if found and not isinstance(found[0], Many) else Unknown("the next item", place)


def _str(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else ""
    if isinstance(value, (LayerValue, Instance, ContainerValue, TypeName)):
        of = value.of if isinstance(value, TypeName) else value
        return ClassName.made(getattr(of, "type_name", "?"), of)
    if isinstance(value, tuple) and all(isinstance(each, ClassValue) for each in value):
        return f"({', '.join(_class_text(tracer, each) for each in value)})"
    if isinstance(value, ClassValue):
        return _class_text(tracer, value)
    return str(value) if isinstance(value, (str, int, float)) else Unknown("a string", place)


def _class_text(tracer: Tracer, cls: Value) -> str:
    assert isinstance(cls, ClassValue)
    return f"<class '{tracer.program.dotted_name(cls.scope.module)}.{cls.name}'>"


def _nothing(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return None


def _unknown(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return Unknown("not followed", place)


BUILTINS: dict[str, Builtin] = {
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "isinstance": introspection.call_isinstance,
    "hasattr": introspection.call_hasattr,
    "getattr": introspection.call_getattr,
    "setattr": introspection.call_setattr,
    "type": introspection.call_type,
    "list": _list,
    "set": _set,
    "sorted": _unknown,
    "tuple": _tuple,
    "dict": call_dict,
    "int": _number(int),
    "float": _number(float),
    "round": of_numbers(round),
    "abs": of_numbers(abs),
    "max": of_numbers(max),
    "min": of_numbers(min),
    "sum": _sum,
    "pow": pow,
    "reversed": _reversed,
    "any": _any_all("any"),
    "all": _any_all("all"),
    "map": _map,
    "iter": first,
    "next": _iter_next,
    "str": _str,
    "repr": _str,
    "callable": introspection.call_callable,
    "print": _nothing,
    "bool": _unknown,
    "super": _unknown,
    "object": _unknown,
    "filter": _unknown,
    "issubclass": introspection.call_issubclass,
    "dir": introspection.call_dir,
    "id": _unknown,
    "vars": _unknown,
    "open": _unknown,
    "property": _unknown,
    "slice": _unknown,
    "frozenset": _set,
    "divmod": _unknown,
    "NotImplementedError": _unknown,
    "ValueError": _unknown,
    "Exception": _unknown,
    "RuntimeError": _unknown,
    "TypeError": _unknown,
    "staticmethod": first,
    "classmethod": first,
    "input": _unknown,
    "locals": _unknown,
    "globals": _unknown,
}
