"""Methods of lists, dicts and strings, and of the framework's containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import iteration, subscripts
from initlint.tracing.type_tests import note_type_test
from initlint.tracing.unknown_calls import call_unknown
from initlint.tracing.values import (
    Arguments,
    AttributesOf,
    ClassName,
    ContainerValue,
    DictValue,
    Items,
    Keywords,
    ListValue,
    Many,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_on_container(
    tracer: Tracer,
    module: ContainerValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    if name in ("append", "extend"):
        more = list(arguments) if name == "append" else iteration.items(tracer, arguments[0]) if arguments else None
        subscripts.extend_container(tracer, module, more)
        return module
    if name == "insert" and len(arguments) == 2 and isinstance(arguments[0], int):
        values = list(module.items.values())
        values.insert(arguments[0], arguments[1])
        tracer.heap.set_field(module, "items", Items((str(index), value) for index, value in enumerate(values)))
        return None
    if name == "keys":
        return ListValue(list(module.items), module.is_open)
    if name == "values":
        return ListValue(list(module.items.values()), module.is_open)
    if name == "items":
        return ListValue([_pair(key, value) for key, value in module.items.items()], module.is_open)
    if name == "update" and arguments and isinstance(arguments[0], DictValue):
        for key, value in arguments[0].items.items():
            tracer.heap.set(module.items, str(key), value)
        return None
    reason = Unknown(f"method {name} of a {module.type_name}", place)
    return call_unknown(tracer, reason, arguments, keywords, place)


def _pair(key: str, value: Value) -> Value:
    """A module with its name, which is not known of one that may be there any number of times."""
    return Many(tuple((Unknown("a name"), each) for each in value.items)) if isinstance(value, Many) else (key, value)


def call_on_list(tracer: Tracer, receiver: ListValue, name: str, arguments: Arguments, place: Place) -> Value:
    changed = list(receiver.items)
    result: Value = None
    first = arguments[0] if arguments else None
    if name in ("append", "add"):
        changed.append(first)
    elif name == "extend":
        more = iteration.items(tracer, first)
        changed.extend(more if more is not None else [Many((Unknown("an item of something unknown"),))])
    elif name == "insert" and isinstance(first, int) and len(arguments) > 1:
        changed.insert(first, arguments[1])
    elif name == "pop":
        index = first if isinstance(first, int) else -1
        if not -len(changed) <= index < len(changed):
            return Unknown("an item of a list that may be empty", place)
        result = changed.pop(index)
    elif name == "reverse":
        changed.reverse()
    elif name == "copy":
        return ListValue(changed, receiver.is_open, place)
    elif name == "clear":
        changed.clear()
    elif name == "index":
        return (
            changed.index(first) if isinstance(first, (int, str)) and first in changed else Unknown("an index", place)
        )
    else:
        return Unknown(f"method {name} of a list", place)
    tracer.heap.set_field(receiver, "items", changed)
    return result


def call_on_dict(
    tracer: Tracer, receiver: DictValue, name: str, arguments: Arguments, keywords: Keywords, place: Place
) -> Value:
    if name == "items":
        pairs: list[Value] = [(key, value) for key, value in receiver.items.items()]
        return ListValue(pairs, receiver.is_open, place)
    if name in ("keys", "values"):
        return ListValue(list(receiver.items if name == "keys" else receiver.items.values()), receiver.is_open, place)
    if name in ("get", "pop", "setdefault"):
        return _get(tracer, receiver, name, arguments, place)
    if name == "update":
        _update(tracer, receiver, arguments[0] if arguments else DictValue(dict(keywords.items())))
        return None
    if name == "copy":
        return DictValue(dict(receiver.items), receiver.is_open, place)
    return Unknown(f"method {name} of a dict", place)


def _update(tracer: Tracer, receiver: DictValue, source: Value) -> None:
    for key, value in (source.items if isinstance(source, DictValue) else {}).items():
        tracer.heap.set(receiver.items, key, value)
    if not isinstance(source, DictValue) or source.is_open:
        tracer.heap.set_field(receiver, "is_open", True)
        if isinstance(receiver, AttributesOf):
            tracer.heap.set_field(receiver.owner, "is_complete", False)


def _get(tracer: Tracer, receiver: DictValue, name: str, arguments: Arguments, place: Place) -> Value:
    key, default = (*arguments, None, None)[:2]
    if not isinstance(key, (str, int, float, tuple)):
        return Unknown("a key that is not known", place)
    if key in receiver.items:
        value = receiver.items[key]
        if name == "pop":
            tracer.heap.delete(receiver.items, key)
        return value
    if receiver.is_open:
        return Unknown("a key that may be missing", place)
    if name == "setdefault":
        tracer.heap.set(receiver.items, key, default)
    return default


def call_on_string(tracer: Tracer, receiver: str, name: str, arguments: Arguments, place: Place, scope: Scope) -> Value:
    if name == "join" and arguments:
        parts = iteration.items(tracer, arguments[0])
        if parts is None or not all(isinstance(part, str) for part in parts):
            return Unknown("a joined string", place)
        return receiver.join(str(part) for part in parts)
    if name == "format" and all(isinstance(value, (str, int, float)) for value in arguments):
        try:
            return receiver.format(*arguments)
        except (IndexError, KeyError, ValueError):
            return Unknown("a string with an unknown part", place)
    if name not in STRING_METHODS or not all(isinstance(value, (str, int, tuple)) for value in arguments):
        return Unknown(f"method {name} of a string", place)
    try:
        result = getattr(receiver, name)(*arguments)
    except (TypeError, ValueError, IndexError, KeyError):
        return Unknown(f"method {name} of a string", place)
    if isinstance(receiver, ClassName) and name in ("find", "startswith", "endswith", "count"):
        matched = result >= 0 if name == "find" else bool(result)
        note_type_test(tracer, receiver, str(arguments[0]), matched, "in", place, scope)
    if isinstance(receiver, ClassName) and isinstance(result, str):
        return ClassName.made(result, receiver.of)
    return ListValue(list(result)) if isinstance(result, list) else result


STRING_METHODS = frozenset(
    {
        "find",
        "startswith",
        "endswith",
        "lower",
        "upper",
        "split",
        "strip",
        "replace",
        "count",
        "rsplit",
        "title",
        "capitalize",
        "lstrip",
        "rstrip",
        "partition",
        "rpartition",
        "isdigit",
        "removeprefix",
        "removesuffix",
    }
)
