"""Attributes: read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.torch.attributes import MODULE_METHODS, TENSOR_NAMES
from initlint.program import Module
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import choices, dtypes, layers, layouts, patches, protocols, structures, tensors
from initlint.tracing.members import (
    CLASS_PROPERTY,
    class_member,
    decorator_name,
    has_member,
    load_from_class,
    load_from_super,
    load_from_type,
)
from initlint.tracing.namespaces import NamespaceValue, ParserValue
from initlint.tracing.raising import RaisedError
from initlint.tracing.values import (
    AttributesOf,
    BoundMethod,
    ClassValue,
    ContainerValue,
    Device,
    DictValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Method,
    Native,
    Partial,
    Scope,
    ShapeOf,
    Signal,
    SuperValue,
    TensorValue,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


DOCUMENTATION = "__doc__"
"""An attribute that is `None` for all that is followed, as with ``python -OO``: what it says decides nothing."""


def load(tracer: Tracer, owner: Value, name: str, place: Place, scope: Scope) -> Value:
    """``owner.name``."""
    if name == DOCUMENTATION:
        return None
    if isinstance(owner, Module):
        found = tracer.program.resolve_attribute(owner, name)
        return tracer.resolved(found, name) if found is not None else Unknown(f"{name} is not in its module", place)
    if isinstance(owner, ExternalValue):
        if name == "__name__" and framework.layer_spec(owner.name) is not None:
            return owner.name.rpartition(".")[2]
        if name == "is_complex" and owner.name == framework.DEFAULT_DTYPE:
            return False
        patched = patches.load(tracer, owner.name, name)
        return patched if patched is not None else tracer.external(f"{owner.name}.{name}")
    if isinstance(owner, Instance):
        return _load_from_instance(tracer, owner, name, place)
    if isinstance(owner, (LayerValue, ContainerValue)):
        return _load_from_layer(tracer, owner, name, place)
    if isinstance(owner, ClassValue):
        return load_from_class(tracer, owner, name, place)
    if isinstance(owner, SuperValue):
        return load_from_super(tracer, owner, name)
    if isinstance(owner, TensorValue):
        return tensors.load(tracer, owner, name, place)
    if isinstance(owner, Signal):
        return _load_from_signal(tracer, owner, name, place)
    if isinstance(owner, TypeName):
        return load_from_type(tracer, owner, name, place)
    if isinstance(owner, FunctionValue) and name in ("__name__", "__qualname__"):
        return owner.name
    if isinstance(owner, (FunctionValue, BoundMethod)) and name == "__code__":
        return owner.function if isinstance(owner, BoundMethod) else owner
    if isinstance(owner, FunctionValue) and name == "replace":
        return Native(name, lambda arguments, keywords, place: owner)
    if isinstance(owner, Device) and name in ("type", "index"):
        return owner.type if name == "type" else owner.index
    if isinstance(owner, NamespaceValue):
        if name == "__dict__":
            return DictValue(cast("dict[Value, Value]", owner.attributes))
        return owner.attributes.get(name, Unknown(f"{name} is not set", place))
    if isinstance(owner, ParserValue):
        return Method(owner, name)
    if isinstance(owner, Partial) and name in ("func", "args", "keywords"):
        parts = {"func": owner.function, "args": owner.arguments}
        return parts[name] if name in parts else DictValue(dict(owner.keywords.items()), "**" in owner.keywords)
    if isinstance(owner, Size):
        return Size.symbol(f"{owner}.{name}")
    if isinstance(owner, Either):
        return choices.use_each(tracer, owner, lambda value: load(tracer, value, name, place, scope))
    if isinstance(owner, Unknown):
        if owner.loaded is None:
            return Unknown(owner.reason, owner.place)
        return tensors.loaded_tensor(name, owner.loaded) if name in ("weight", "bias") else Method(owner, name)
    if isinstance(owner, (ListValue, DictValue, str, tuple, re.Pattern, re.Match)) or (
        isinstance(owner, (int, float)) and name == "item"
    ):
        return Method(owner, name)
    if owner is None:
        tracer.note_failure()
    return Unknown(f"attribute {name} of something unknown", place)


def _load_from_signal(tracer: Tracer, owner: Signal, name: str, place: Place) -> Value:
    if name in framework.TRANSPOSED:
        options = {"layout": layouts.layout_of(name, (), {})}
        return tracer.add_layer("reshape", name, place, (owner,), options=options)
    if name in framework.SHAPE_ATTRIBUTES:
        return owner
    if name == "dtype":
        kind = dtypes.of_signal(tracer, owner)
        tracer.repeats.note_measure(owner, None, kind)
        return kind
    if name == "shape":
        return ShapeOf("the shape of a signal", signal=owner)
    if name in ("device", "ndim", "requires_grad", "is_cuda", "grad", "names"):
        return Unknown(f"the {name} of a signal")
    if name in ("is_sparse", "is_quantized", "is_nested"):
        return False
    mark = owner.node, name
    if mark in tracer.signal_marks:
        return tracer.signal_marks[mark]
    is_part = structures.is_input(tracer, owner) and name not in TENSOR_NAMES and name not in structures.METHODS
    return structures.part(tracer, owner, name, place) if is_part else Method(owner, name)


def _load_from_instance(tracer: Tracer, owner: Instance, name: str, place: Place) -> Value:
    if name in owner.attributes:
        tracer.repeats.note_read(owner, name, owner.attributes[name])
        return owner.attributes[name]
    if name == "__class__":
        return TypeName(owner)
    if name == "__dict__" and not owner.cls.is_module:
        return _all_of(owner)
    if name == "__dict__" or name == "_modules":
        return Method(owner, name)
    found = class_member(tracer, owner.cls, name)
    if found is not None or has_member(owner.cls, name):
        return _bind(tracer, found, owner, place)
    patched = patches.inherited(tracer, owner, name)
    if patched is not None:
        return patched
    if name in protocols.METHODS and protocols.is_mapping(owner):
        return Method(owner, name)
    if owner.cls.is_module and name in MODULE_METHODS:
        return Method(owner, name)
    if name == "training":
        return True
    answered = load_by_program(tracer, owner, name)
    if answered is not None:
        return answered
    if owner.is_complete and not owner.cls.has_unknown_base and name not in MODULE_METHODS:
        return Unknown(f"{owner.cls.name} has no attribute {name}", place)
    return Method(owner, name) if name in MODULE_METHODS else Unknown(f"attribute {name} of {owner.cls.name}", place)


def load_by_program(tracer: Tracer, owner: Instance, name: str) -> Value:
    """What ``__getattr__`` or ``__getattribute__`` gives for an attribute that is not there; `None` without either.

    Python asks ``__getattribute__`` for attributes that are there, too: classes that change those are not followed. What
    is asked for to give itself is not there: it would never end.
    """
    asked = (id(owner), name)
    if name.startswith("__") or asked in tracer.asked:
        return None
    tracer.asked.add(asked)
    try:
        return _answer(tracer, owner, name)
    finally:
        tracer.asked.discard(asked)


def _answer(tracer: Tracer, owner: Instance, name: str) -> Value:
    for special in ("__getattr__", "__getattribute__"):
        try:
            found = protocols.call_special(tracer, owner, special, name)
        except RaisedError:
            continue
        if found is not protocols.NOT_THERE and not isinstance(found, Unknown):
            return found
    return None


def load_by_super(tracer: Tracer, owner: Instance, name: str, place: Place) -> Value:
    """``super().__getattribute__(name)``: what is there, and nothing else."""
    if name in owner.attributes:
        tracer.repeats.note_read(owner, name, owner.attributes[name])
        return owner.attributes[name]
    if name == "__dict__" and not owner.cls.is_module:
        return _all_of(owner)
    found = class_member(tracer, owner.cls, name)
    if found is not None or has_member(owner.cls, name):
        return _bind(tracer, found, owner, place)
    if tracer.guards:
        raise RaisedError
    return Unknown(f"{owner.cls.name} has no attribute {name}", place)


def _all_of(owner: Instance) -> AttributesOf:
    attributes = cast("dict[Value, Value]", owner.attributes)
    return AttributesOf(attributes, not owner.is_complete or owner.cls.has_unknown_base, owner=owner)


def _bind(tracer: Tracer, found: Value, owner: Instance, place: Place) -> Value:
    """What reading a class member through an instance gives."""
    if not isinstance(found, FunctionValue) or not isinstance(found.node, facts.Function):
        return found
    kinds = [decorator_name(decorator) for decorator in found.node.decorators]
    if "staticmethod" in kinds:
        return found
    if "classmethod" in kinds:
        return BoundMethod(found, owner.cls)
    if any(kind in ("property", "cached_property", CLASS_PROPERTY) for kind in kinds):
        receiver = owner.cls if CLASS_PROPERTY in kinds else owner
        return tracer.call(BoundMethod(found, receiver), (), {}, place, found.scope)
    return BoundMethod(found, owner)


def _load_from_layer(tracer: Tracer, owner: LayerValue | ContainerValue, name: str, place: Place) -> Value:
    if isinstance(owner, ContainerValue) and name in owner.items:
        return owner.items[name]
    if name in owner.attributes:
        tracer.repeats.note_read(owner, name, owner.attributes[name])
    if isinstance(owner, ContainerValue) and name in owner.attributes:
        return owner.attributes[name]
    if isinstance(owner, LayerValue):
        if name in owner.attributes:
            return owner.attributes[name]
        if name in owner.arguments:
            return layers.kept_argument(owner, name)
        if owner.spec is None and name not in MODULE_METHODS:
            return Unknown(f"attribute {name} of {owner.type_name}", place)
    patched = patches.inherited(tracer, owner, name)
    if patched is not None:
        return patched
    if name == "__class__":
        return TypeName(owner)
    if name == "training":
        return True
    if name in MODULE_METHODS or isinstance(owner, ContainerValue):
        return Method(owner, name)
    return Unknown(f"{owner.type_name} has no attribute {name}", place)
