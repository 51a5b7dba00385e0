"""Inputs that are more than one tensor: a batch with attributes, a dict of tensors, a list of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network.layout import Drop
from initlint.tracing.collection_construction import new_list
from initlint.tracing.values import Many, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

READERS = frozenset({"get", "pop", "setdefault"})
LISTS = frozenset({"keys", "values", "items"})
METHODS = READERS | LISTS
"""Methods of dicts."""


def is_input(tracer: Tracer, owner: Value) -> bool:
    """Whether it is an input of the model, or a part of one; not what an earlier run left behind."""
    layers = tracer.record.layers
    return isinstance(owner, Signal) and owner.node < len(layers) and layers[owner.node].op == "input"


def part(tracer: Tracer, owner: Signal, name: str, place: Place) -> Value:
    """What an input holds under a name, ``.x`` or ``["x"]``: an input of its own, or what the program has put there."""
    mark = owner.node, name
    if mark not in tracer.signal_marks:
        whole = tracer.record.layers[owner.node].kind
        dotted = name if name.startswith("[") else f".{name}"
        tracer.heap.set(tracer.signal_marks, mark, tracer.add_layer("input", f"{whole}{dotted}", place))
    return tracer.signal_marks[mark]


def items(tracer: Tracer, owner: Signal) -> list[Value]:
    """What a loop over a tensor gets, or over an input that is a list of them: any number of what is alike."""
    place = tracer.record.layers[owner.node].place
    if is_input(tracer, owner):
        return [Many((part(tracer, owner, "[]", place),))]
    return [Many((tracer.add_layer("reshape", "[]", place, (owner,), options={"layout": Drop((0,))}),))]


def call(tracer: Tracer, owner: Signal, name: str, arguments: tuple[Value, ...], place: Place) -> Value:
    """A method of dicts on an input; `None` if it is none."""
    if name in READERS and arguments and isinstance(arguments[0], str):
        return part(tracer, owner, f"[{arguments[0]!r}]", place)
    if name not in LISTS or arguments:
        return None
    key, value = Unknown("a name", place), part(tracer, owner, "[]", place)
    return new_list(tracer, [Many(({"keys": key, "values": value}.get(name, (key, value)),))], place)
