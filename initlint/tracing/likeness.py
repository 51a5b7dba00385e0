"""Which modules are alike: built of the same classes, with parameters of the same shapes and laws, at the same places.

What a call does to one of them it does to all others, as long as it reads no number in which they differ: see
`initlint.tracing.repeating`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from initlint.network import Parameter
from initlint.signal.size import Size
from initlint.tracing import purity
from initlint.tracing.values import (
    ClassValue,
    ContainerValue,
    Device,
    Either,
    Instance,
    LayerValue,
    ListValue,
    Many,
    ModuleValue,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

MOST_MODULES = 64
"""In one that is compared with others; a block of a transformer has a dozen."""
PLAIN = purity.PLAIN | {Device}
"""Types of values that are compared by what they are."""


class UnlikeError(Exception):
    """A module holds what cannot be compared."""


@dataclass
class Survey:
    """A module with all that it holds, in the order in which it is met."""

    key: Hashable = None
    """Equal for two modules that are alike, whatever plain attributes they have: those are compared when they are read."""
    modules: list[ModuleValue] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    """By identity of a module, of its attributes or of a parameter: which one it is."""


def survey(tracer: Tracer, module: ModuleValue) -> Survey | None:
    """What a module holds; `None` if it holds too much, or what cannot be compared."""
    found = Survey()
    try:
        found.key = _module_key(tracer, module, found)
    except UnlikeError:
        return None
    return found


def _module_key(tracer: Tracer, module: ModuleValue, found: Survey) -> Hashable:
    if id(module) in found.places:
        return found.places[id(module)]
    if len(found.modules) >= MOST_MODULES:
        raise UnlikeError
    found.places[id(module)] = found.places[id(module.attributes)] = len(found.modules)
    found.modules.append(module)
    own = _own_key(module)
    return id(module.place), own, tuple((n, _held_key(tracer, v, found)) for n, v in _contents(module).items())


def _own_key(module: ModuleValue) -> Hashable:
    if isinstance(module, LayerValue):
        return module.name, id(module.spec), tuple((name, mark(value)) for name, value in module.arguments.items())
    if isinstance(module, Instance):
        return id(module.cls.node), module.is_complete
    return module.kind, module.type_name, module.is_open


def _contents(module: ModuleValue) -> Mapping[str, Value]:
    return {**module.items, **module.attributes} if isinstance(module, ContainerValue) else module.attributes


def _held_key(tracer: Tracer, value: Value, found: Survey) -> Hashable:
    if isinstance(value, (LayerValue, ContainerValue)) or (isinstance(value, Instance) and value.cls.is_module):
        return _module_key(tracer, value, found)
    if isinstance(value, TensorValue):
        return _tensor_key(tracer, value, found)
    if isinstance(value, (Many, Either)) or (isinstance(value, Unknown) and value.loaded is not None):
        raise UnlikeError
    return isinstance(value, (Unknown, Size))


def _tensor_key(tracer: Tracer, tensor: TensorValue, found: Survey) -> Hashable:
    owner = tensor.parameter
    kind = (type(tensor), tensor.shape, tensor.is_part, tensor.rows, tensor.is_trained)
    if owner is None:
        return (*kind, tensor.distribution, id(tensor) if type(tensor) is not TensorValue else 0)
    if id(owner) not in found.places:
        found.places[id(owner)] = len(found.parameters)
        found.parameters.append(owner)
    marks = tracer.marks.get(id(owner), {})
    named = tuple((name, mark(value)) for name, value in marks.items())
    return (*kind, found.places[id(owner)], _parameter_key(owner), named)


def _parameter_key(owner: Parameter) -> Hashable:
    last = owner.last
    law = None if last is None else last.distribution
    return owner.role, owner.shape, owner.is_frozen, owner.is_settled, len(owner.writes), law


def mark(value: Value) -> Hashable:
    """What a value is compared by; 1, 1.0 and True are three."""
    if type(value) in PLAIN:
        return type(value), value
    if isinstance(value, tuple):
        return tuple(map(mark, value))
    if _is_simply_unknown(value):
        return value.reason, value.is_conditional
    if isinstance(value, ListValue):
        return value.is_open, tuple(map(mark, value.items))
    return ClassValue, id(value)


def is_plain(value: Value) -> bool:
    """Whether a value is compared by what it is."""
    return type(value) in PLAIN or _is_simply_unknown(value)


def _is_simply_unknown(value: Value) -> TypeGuard[Unknown]:
    """Whether nothing is known of a value, not even what it came from."""
    return type(value) is Unknown and value.loaded is None
