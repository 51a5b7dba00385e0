"""Signals that are written into tensors and into other signals: what a program calls by that name is another signal then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.reading import facts
from initlint.tracing.values import Signal, TensorValue, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def with_items(tracer: Tracer, owner: Value, value: Value, place: Place) -> Value:
    """What ``owner[index] = value`` leaves under the owner's name, whose entries are its own or those of a signal; `None`
    if that is nothing new."""
    if not isinstance(value, Signal) or not _can_be_signal(owner):
        return None
    if isinstance(owner, Signal):
        return tracer.add_layer(
            "join", "[]=", place, (owner, value), reason="which entries are written over is not known"
        )
    return tracer.add_layer("function", "[]=", place, (value,))


def is_in_place(name: str) -> bool:
    """Whether a method of that name writes to the tensor that it is called on, and gives it back."""
    return name.endswith("_") and not name.endswith("__")


def _can_be_signal(owner: Value) -> bool:
    """Whether it is no memory of a model's own weights."""
    return isinstance(owner, Signal) or (isinstance(owner, TensorValue) and is_free(owner))


def is_free(tensor: TensorValue) -> bool:
    """Whether no module keeps it as a weight."""
    return tensor.parameter is None or tensor.parameter.role == "tensor"


def named(node: facts.Expression) -> facts.Expression | None:
    """The name or attribute whose memory an expression is a view of; `None` if there is none."""
    while isinstance(node, facts.Call) and isinstance(node.function, facts.Attribute):
        if node.function.name not in framework.ALIASES:
            return None
        node = node.function.value
    return node if isinstance(node, (facts.Name, facts.Attribute, facts.Subscript)) else None
