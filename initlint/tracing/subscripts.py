"""Items of what has them: reading, writing and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.signal.size import Size
from initlint.tracing import dataclass_fields, iteration, layouts, members, rows, storing, structures, tensors
from initlint.tracing.collection_construction import new_list
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    DictValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    Row,
    Scope,
    ShapeOf,
    Signal,
    TensorValue,
    Unknown,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def store_item(tracer: Tracer, owner: Value, index: Value, value: Value, place: Place, scope: Scope) -> None:
    """``owner[index] = value``."""
    if isinstance(owner, ListValue):
        if isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
            changed = list(owner.items)
            changed[index] = value
            tracer.heap.set_field(owner, "items", changed)
        else:
            tracer.heap.set_field(owner, "items", [Many((value, *owner.items))])
    elif isinstance(owner, DictValue):
        if isinstance(index, (str, int, float, bool, tuple, ExternalValue, ClassValue)) or index is None:
            tracer.heap.set(owner.items, index, value)
        else:
            tracer.heap.set_field(owner, "is_open", True)
    elif isinstance(owner, ContainerValue):
        _store_in_container(tracer, owner, index, value)
    elif isinstance(owner, Signal) and isinstance(index, str):
        tracer.heap.set(tracer.signal_marks, (owner.node, f"[{index!r}]"), value)
    elif isinstance(owner, TensorValue):
        tensors.store_item(tracer, owner, index, value, place, scope)
    elif isinstance(owner, Method) and owner.name == "_modules" and isinstance(owner.receiver, Instance):
        storing.store(tracer, owner.receiver, str(index), value, place, scope)


def _store_in_container(tracer: Tracer, owner: ContainerValue, index: Value, value: Value) -> None:
    keys = list(owner.items)
    if isinstance(index, int) and owner.kind != "dict" and -len(keys) <= index < len(keys):
        tracer.heap.set(owner.items, keys[index], value)
    elif isinstance(index, str):
        tracer.heap.set(owner.items, index, value)
    else:
        tracer.heap.set_field(owner, "is_open", True)


def extend_container(tracer: Tracer, owner: ContainerValue, more: Sequence[Value] | None) -> None:
    """Appends modules to a ``Sequential`` or ``ModuleList``."""
    if more is None:
        tracer.heap.set_field(owner, "is_open", True)
        return
    for value in more:
        tracer.heap.set(owner.items, str(len(owner.items)), value)
        for each in alternatives(value):
            if isinstance(each, (Instance, LayerValue, ContainerValue)):
                tracer.heap.set_field(each, "parents", each.parents + 1)


def delete_item(tracer: Tracer, owner: Value, index: Value) -> None:
    """``del owner[index]``."""
    if isinstance(owner, DictValue):
        tracer.heap.delete(owner.items, index)
    elif isinstance(owner, ListValue) and isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
        changed = list(owner.items)
        del changed[index]
        tracer.heap.set_field(owner, "items", changed)
    elif isinstance(owner, ContainerValue) and isinstance(index, int) and owner.items:
        tracer.heap.delete(owner.items, list(owner.items)[index])


def load_item(tracer: Tracer, owner: Value, index: Value, place: Place) -> Value:
    """``owner[index]``."""

    if isinstance(owner, Signal) and isinstance(index, str) and structures.is_input(tracer, owner):
        return structures.part(tracer, owner, f"[{index!r}]", place)
    if isinstance(owner, Signal):
        is_piece = tracer.record.layers[owner.node].kind in framework.SPLITS
        options: dict[str, object] = {"layout": layouts.picked(index, is_piece=is_piece)}
        part = layouts.part_of_units(index)
        if part is not None:
            options["part"] = part
        return tracer.add_layer("reshape", "[]", place, (owner,), options=options)
    if isinstance(owner, ShapeOf) and isinstance(index, int):
        return layouts.size_along(tracer, owner.signal, index)
    if isinstance(owner, Row) and isinstance(index, (int, slice)):
        return _load_from_row(owner, index)
    if isinstance(owner, TensorValue):
        return tensors.load_item(owner, index)
    if isinstance(owner, DictValue):
        return _load_from_dict(tracer, owner, index, place)
    if isinstance(owner, Instance) and isinstance(index, (int, str)) and dataclass_fields.is_dataclass(owner.cls):
        return _load_field(owner, index)
    getter = members.class_member(tracer, owner.cls, "__getitem__") if isinstance(owner, Instance) else None
    if isinstance(getter, FunctionValue):
        return tracer.call(BoundMethod(getter, owner), (index,), {}, place, getter.scope)
    if isinstance(owner, ContainerValue):
        return _load_from_container(tracer, owner, index, place)
    if isinstance(owner, Size):
        return Size.symbol(f"{owner}[{index}]") if isinstance(index, int) else Unknown("an item", place)
    if isinstance(owner, str) and isinstance(index, (int, slice)):
        return owner[index] if isinstance(index, slice) or -len(owner) <= index < len(owner) else Unknown("an item")
    return _load_from_list(tracer, owner, index, place)


def _load_field(owner: Instance, index: int | str) -> Value:
    """A dataclass that is read as a tuple or dict, as the output objects of models are: of the fields that are set."""
    if isinstance(index, str):
        return owner.attributes.get(index, Unknown(f"field {index} is not set"))
    values = [value for value in owner.attributes.values() if value is not None]
    return values[index] if -len(values) <= index < len(values) else Unknown("a field that is not set")


def _load_from_row(owner: Row, index: int | slice) -> Value:
    numbers = owner.numbers
    if isinstance(index, slice):
        return rows.part(owner, numbers[index])
    return numbers[index] if -len(numbers) <= index < len(numbers) else Unknown("an index out of range")


def _load_from_list(tracer: Tracer, owner: Value, index: Value, place: Place) -> Value:
    if isinstance(owner, Unknown) and owner.loaded is None:
        return Unknown(owner.reason, owner.place)
    found = iteration.items(tracer, owner) if not isinstance(owner, str) else None
    if found is not None and isinstance(index, slice) and any(isinstance(item, Many) for item in found):
        each = [one for item in found for one in (item.items if isinstance(item, Many) else (item,))]
        return new_list(tracer, [Many(tuple(each))], place)
    if found is None or any(isinstance(item, Many) for item in found):
        return _same_item(found) or Unknown("an item of something unknown", place)
    if isinstance(index, bool) or not isinstance(index, (int, slice)):
        return _same_item(found) or _any_item(tracer, found) or Unknown("an item at an unknown index", place)
    if isinstance(index, slice):
        part = found[index]
        return tuple(part) if isinstance(owner, tuple) else new_list(tracer, part, place)
    return found[index] if -len(found) <= index < len(found) else Unknown("an index out of range", place)


def _same_item(found: Sequence[Value] | None) -> Value:
    """The item, whichever it is, of a list of equal plain values."""
    if found and all(isinstance(item, (int, float, str)) and item == found[0] for item in found):
        return found[0]
    return None


def _load_from_dict(tracer: Tracer, owner: DictValue, index: Value, place: Place) -> Value:
    """At a key that is not known, any of the values, if they can be called."""
    try:
        if index in owner.items:
            return owner.items[index]
    except TypeError:
        pass
    if (
        isinstance(index, (Unknown, Size))
        and not owner.is_open
        and (found := _any_item(tracer, [*owner.items.values()]))
    ):
        return found
    return Unknown("a key that is not known", place)


def _any_item(tracer: Tracer, found: Sequence[Value]) -> Value:
    """One of some things to call, whichever it is; `None` for anything else."""
    joined = reduce(tracer.heap.join, found) if found else None
    return replace(joined, is_optional=False) if isinstance(joined, Either) else None


def _load_from_container(tracer: Tracer, owner: ContainerValue, index: Value, place: Place) -> Value:
    if isinstance(index, str) and index in owner.items:
        return owner.items[index]
    values = list(owner.items.values())
    is_known = isinstance(index, (int, slice, str))
    if owner.kind != "dict" and not (is_known and not any(isinstance(value, Many) for value in values)):
        return _load_from_many(tracer, owner, values, index, place)
    if isinstance(index, int) and not owner.is_open and -len(values) <= index < len(values):
        return values[index]
    if isinstance(index, slice) and not owner.is_open:
        picked = dict(list(owner.items.items())[index])
        return ContainerValue(owner.kind, place, picked, type_name=owner.type_name, parents=owner.parents)
    return Unknown("a layer at an unknown index", place)


def _load_from_many(
    tracer: Tracer, owner: ContainerValue, values: Sequence[Value], index: Value, place: Place
) -> Value:
    """An item of a container of which some stand for any number, or at an index that is not known: one of those it may be."""
    known = next((at for at, value in enumerate(values) if isinstance(value, Many)), len(values))
    if isinstance(index, int) and 0 <= index < known:
        return values[index]
    if isinstance(index, slice):
        each = tuple(one for value in values for one in alternatives(value))
        return ContainerValue(owner.kind, place, {"0": Many(each)}, type_name=owner.type_name, parents=owner.parents)
    rest = [one for value in values[known if isinstance(index, int) else 0 :] for one in alternatives(value)]
    if owner.is_open or not rest:
        return Unknown("a layer at an unknown index", place)
    return reduce(tracer.heap.join, rest)
