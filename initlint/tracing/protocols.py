"""What `in`, `len`, a loop or a mapping's method asks of an object of the program, through its special methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import comparing, dataclass_fields, derived, iteration, members, subscripts
from initlint.tracing.values import (
    BoundMethod,
    ExternalValue,
    FunctionValue,
    Instance,
    ListValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

MAPPINGS = frozenset(
    {"collections.abc.Mapping", "collections.abc.MutableMapping", "typing.Mapping", "typing.MutableMapping"}
)
"""Abstract classes that make the methods of a dict out of ``__getitem__`` and ``__iter__``."""
NOT_THERE = object()
"""The result of a special method that a class does not have."""


def call_special(tracer: Tracer, owner: Instance, name: str, *arguments: Value) -> Value:
    """The result of a special method that the class of an instance defines; `NOT_THERE` if it defines none."""
    function = members.class_member(tracer, owner.cls, name)
    if not isinstance(function, FunctionValue):
        return NOT_THERE
    return tracer.call(BoundMethod(function, owner), arguments, {}, owner.place, function.scope)


def is_mapping(value: Value) -> bool:
    """Whether it is an instance of a class that is a mapping by one of `MAPPINGS`."""
    return isinstance(value, Instance) and any(
        isinstance(base, ExternalValue) and base.name in MAPPINGS for base in value.cls.order
    )


def is_record(value: Instance) -> bool:
    """Whether it is a dataclass that is a dict of its fields, too, as the output objects of models are."""
    return derived.is_dict(value.cls) and dataclass_fields.is_dataclass(value.cls)


def entries(owner: Instance) -> dict[str, Value]:
    """What such a dict holds: the fields that are set."""
    return {name: value for name, value in owner.attributes.items() if value is not None and name != derived.ITEMS}


def items(tracer: Tracer, owner: Instance) -> list[Value] | None:
    """What a loop over an instance gets; `None` if that is not known."""
    found = call_special(tracer, owner, "__iter__")
    return None if found is NOT_THERE or found is owner else iteration.items(tracer, found)


def holds(tracer: Tracer, owner: Instance, item: Value) -> bool | None:
    """``item in owner``; `None` if that is not known."""
    found = call_special(tracer, owner, "__contains__", item)
    if found is not NOT_THERE:
        return comparing.truth(tracer, found)
    inside = items(tracer, owner)
    return None if inside is None else comparing.is_among(inside, item)


def call_on_mapping(tracer: Tracer, owner: Instance, name: str, arguments: tuple[Value, ...], place: Place) -> Value:
    """``owner.get(key, default)`` and the other methods that a mapping has."""
    keys = items(tracer, owner)
    if name == "get" and arguments and keys is not None:
        is_there = holds(tracer, owner, arguments[0])
        if is_there is not None:
            default = arguments[1] if len(arguments) > 1 else None
            return subscripts.load_item(tracer, owner, arguments[0], place) if is_there else default
    if name not in ("keys", "values", "items") or keys is None:
        return Unknown(f"method {name} of a {owner.cls.name}", place)
    if name == "keys":
        return ListValue(keys)
    values = [subscripts.load_item(tracer, owner, key, place) for key in keys]
    return ListValue(values if name == "values" else list(zip(keys, values, strict=True)))


METHODS = frozenset({"get", "keys", "values", "items"})
"""Of a mapping, those that are followed."""
