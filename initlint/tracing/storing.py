"""Attributes: set and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import tensors
from initlint.tracing.members import class_member
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    Many,
    Scope,
    Signal,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def store(tracer: Tracer, owner: Value, name: str, value: Value, place: Place, scope: Scope) -> None:
    """``owner.name = value``."""
    if isinstance(owner, Instance):
        if not _store_by_program(tracer, owner, name, value, place, scope):
            set_on_instance(tracer, owner, name, value, place)
    elif isinstance(owner, LayerValue):
        if isinstance(value, TensorValue):
            value = tensors.replaced(tracer, owner.attributes.get(name), value, place, scope)
        tracer.heap.set(owner.attributes, name, value)
    elif isinstance(owner, ContainerValue):
        tracer.heap.set(owner.items if is_kept(value) else owner.attributes, name, value)
    elif isinstance(owner, ExternalValue):
        tracer.heap.set(tracer.patches, f"{owner.name}.{name}", value)
    elif isinstance(owner, TensorValue):
        tensors.store(tracer, owner, name, value, place, scope)
    elif isinstance(owner, Signal):
        tracer.heap.set(tracer.signal_marks, (owner.node, name), value)
    elif isinstance(owner, ClassValue):
        tracer.heap.set(owner.constants, name, value)
    elif isinstance(owner, NamespaceValue):
        tracer.heap.set(owner.attributes, name, value)


def set_on_instance(tracer: Tracer, owner: Instance, name: str, value: Value, place: Place) -> None:
    """Sets an attribute of an instance, whatever the program does instead when it is assigned."""
    if isinstance(value, TensorValue) and value.parameter is not None and not value.parameter.name:
        value.parameter.name = name
    tracer.heap.set(owner.attributes, name, value)
    if is_module(value) and id(owner) in tracer.names:
        tracer.names[id(value)] = f"{tracer.names[id(owner)]}.{name}".lstrip(".")
    if isinstance(value, tuple):
        tracer.stored[id(owner), name] = place
    _adopt(tracer, value, name, owner)


def _store_by_program(tracer: Tracer, owner: Instance, name: str, value: Value, place: Place, scope: Scope) -> bool:
    """Runs what the class does when an attribute is assigned, the setter of a property or ``__setattr__``, if any.

    The framework registers modules and parameters before it asks for either. False if nothing was set.
    """
    if owner.cls.is_module and (is_module(value) or (isinstance(value, TensorValue) and value.is_trained)):
        return False
    bases = (base for base in owner.cls.order if isinstance(base, ClassValue))
    setter = next((base.setters[name] for base in bases if name in base.setters), None)
    if setter is not None:
        tracer.call(BoundMethod(setter, owner), (value,), {}, place, scope)
        return True
    function = None if owner.cls.is_module else class_member(tracer, owner.cls, "__setattr__")
    if not isinstance(function, FunctionValue):
        return False
    before = dict(owner.attributes)
    tracer.call(BoundMethod(function, owner), (name, value), {}, place, scope)
    return owner.attributes != before


def is_kept(value: Value) -> bool:
    """Whether a container that gets a value as an attribute keeps it among its items: modules, parameters, the unknown."""
    return is_module(value) or isinstance(value, (TensorValue, Unknown, Many))


def _adopt(tracer: Tracer, value: Value, name: str, owner: Instance) -> None:
    """Notes that a module is kept in another."""
    for each in alternatives(value):
        if owner.cls.is_module and isinstance(each, (Instance, LayerValue, ContainerValue)):
            tracer.heap.set_field(each, "parents", each.parents + 1)


def delete(tracer: Tracer, owner: Value, name: str) -> None:
    """``del owner.name``."""
    if isinstance(owner, (Instance, LayerValue)):
        tracer.heap.delete(owner.attributes, name)
    elif isinstance(owner, ContainerValue):
        tracer.heap.delete(owner.items, name)
