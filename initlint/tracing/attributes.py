"""Attributes: read, set, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.program import Module
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import dtypes, layers, layouts, patches, protocols, tensors
from initlint.tracing.namespaces import NamespaceValue, ParserValue
from initlint.tracing.raising import RaisedError
from initlint.tracing.values import (
    BoundMethod,
    ClassName,
    ClassValue,
    ContainerValue,
    Device,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    Partial,
    Scope,
    ShapeOf,
    Signal,
    SuperValue,
    TensorValue,
    TypeName,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def load(tracer: Tracer, owner: Value, name: str, place: Place, scope: Scope) -> Value:
    """``owner.name``."""
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
        return _load_from_class(tracer, owner, name, place)
    if isinstance(owner, SuperValue):
        return _load_from_super(tracer, owner, name)
    if isinstance(owner, TensorValue):
        return tensors.load(tracer, owner, name, place)
    if isinstance(owner, Signal):
        return _load_from_signal(tracer, owner, name, place)
    if isinstance(owner, TypeName):
        return _load_from_type(tracer, owner, name, place)
    if isinstance(owner, FunctionValue) and name in ("__name__", "__qualname__"):
        return owner.name
    if isinstance(owner, Device) and name in ("type", "index"):
        return owner.type if name == "type" else owner.index
    if isinstance(owner, NamespaceValue):
        return owner.attributes.get(name, Unknown(f"{name} is not set", place))
    if isinstance(owner, ParserValue):
        return Method(owner, name)
    if isinstance(owner, Partial) and name in ("func", "args", "keywords"):
        parts = {"func": owner.function, "args": owner.arguments}
        return parts[name] if name in parts else DictValue(dict(owner.keywords.items()), "**" in owner.keywords)
    if isinstance(owner, Size):
        return Size.symbol(f"{owner}.{name}")
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
        return dtypes.of_signal(tracer, owner)
    if name == "shape":
        return ShapeOf("the shape of a signal", signal=owner)
    if name in ("device", "ndim", "requires_grad", "is_cuda", "grad", "names"):
        return Unknown(f"the {name} of a signal")
    mark = owner.node, name
    return tracer.signal_marks[mark] if mark in tracer.signal_marks else Method(owner, name)


def _load_from_instance(tracer: Tracer, owner: Instance, name: str, place: Place) -> Value:
    if name in owner.attributes:
        return owner.attributes[name]
    if name == "__class__":
        return TypeName(owner)
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

    Python asks ``__getattribute__`` for attributes that are there, too: classes that change those are not followed.
    """
    if name.startswith("__"):
        return None
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
        return owner.attributes[name]
    found = class_member(tracer, owner.cls, name)
    if found is not None or has_member(owner.cls, name):
        return _bind(tracer, found, owner, place)
    if tracer.guards:
        raise RaisedError
    return Unknown(f"{owner.cls.name} has no attribute {name}", place)


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


CLASS_PROPERTY = "classproperty"
"""Decorator by convention for what is worked out from the class when it is read."""


def decorator_name(decorator: facts.Expression) -> str:
    """Last part of a decorator's name."""
    if isinstance(decorator, facts.Call):
        decorator = decorator.function
    if isinstance(decorator, facts.Attribute):
        return decorator.name
    return decorator.id if isinstance(decorator, facts.Name) else ""


def class_member(tracer: Tracer, cls: ClassValue, name: str, after: ClassValue | None = None) -> Value:
    """A member of a class or of the first base that has it; `after`: only bases behind that one.

    `None`: no such member, or one that is ``None``, see `has_member`.
    """
    order = list(cls.order)
    if after is not None and after in order:
        order = order[order.index(after) + 1 :]
    having = [
        base for base in order if isinstance(base, ClassValue) and (name in base.members or name in base.constants)
    ]
    found = next((base for base in having if has_value(base, name)), having[0] if having else None)
    return None if found is None else _member(tracer, found, name)


def has_member(cls: ClassValue, name: str) -> bool:
    """Whether a class or one of its bases in the program gives a name a value."""
    return any(isinstance(base, ClassValue) and has_value(base, name) for base in cls.order)


def has_value(cls: ClassValue, name: str) -> bool:
    """Whether the class itself gives a name a value; ``name: int`` alone does not."""
    node = cls.members.get(name)
    is_bare = isinstance(node, facts.Assign) and node.value is None
    return name in cls.constants or (node is not None and not is_bare)


def _member(tracer: Tracer, cls: ClassValue, name: str) -> Value:
    if name not in cls.constants:
        node = cls.members[name]
        if isinstance(node, facts.Function):
            return FunctionValue(node, cls.scope, cls)
        cls.constants[name] = Unknown(f"{name} is defined by itself")
        cls.constants[name] = _class_constant(tracer, cls, node, name)
    return cls.constants[name]


def _class_constant(tracer: Tracer, cls: ClassValue, node: facts.Statement, name: str) -> Value:
    if isinstance(node, facts.Class):
        return tracer.class_value(node, cls.scope)
    if isinstance(node, facts.Assign) and node.value is not None:
        inner = Scope(cls.scope.module, cls.scope)
        inner.names.update({key: value for key, value in cls.constants.items() if key != name})
        return tracer.evaluate(node.value, inner)
    return Unknown(f"{name} has no value in {cls.name}")


CLASS_ATTRIBUTES: dict[str, Callable[[Tracer, ClassValue], Value]] = {
    "__name__": lambda tracer, cls: cls.name,
    "__qualname__": lambda tracer, cls: cls.name,
    "__module__": lambda tracer, cls: tracer.program.dotted_name(cls.scope.module),
    "__bases__": lambda tracer, cls: cls.bases or (ExternalValue("builtins.object"),),
    "__mro__": lambda tracer, cls: cls.order,
    "__dict__": lambda tracer, cls: DictValue({name: _member(tracer, cls, name) for name in _own_names(cls)}),
}
"""What every class has."""


def _own_names(cls: ClassValue) -> list[str]:
    """What the class itself gives a value."""
    return [name for name in {**cls.members, **cls.constants} if has_value(cls, name)]


def _load_from_type(tracer: Tracer, owner: TypeName, name: str, place: Place) -> Value:
    if name in ("__name__", "__qualname__"):
        return ClassName.made(getattr(owner.of, "type_name", "?"), owner.of)
    if isinstance(owner.of, Instance):
        return _load_from_class(tracer, owner.of.cls, name, place)
    return Unknown(f"attribute {name} of a class outside the program", place)


def _is_class_method(function: FunctionValue) -> bool:
    node = function.node
    return isinstance(node, facts.Function) and "classmethod" in map(decorator_name, node.decorators)


def _load_from_class(tracer: Tracer, owner: ClassValue, name: str, place: Place) -> Value:
    if name in CLASS_ATTRIBUTES:
        return CLASS_ATTRIBUTES[name](tracer, owner)
    found = class_member(tracer, owner, name)
    if isinstance(found, FunctionValue) and _is_class_method(found):
        return BoundMethod(found, owner)
    if found is not None or has_member(owner, name):
        return found
    if name == "from_pretrained":
        return Method(owner, name)
    if owner.is_module and name in MODULE_METHODS:
        return ExternalValue(f"{framework.MODULE}.{name}")
    return Unknown(f"{owner.name} has no attribute {name}", place)


def make_super(tracer: Tracer, arguments: Sequence[Value], scope: Scope) -> Value:
    """``super()`` and ``super(Class, self)``."""
    current: Scope | None = scope
    while current is not None and current.defining is None:
        current = current.parent
    if arguments and isinstance(arguments[0], ClassValue):
        receiver = arguments[1] if len(arguments) > 1 else None
        return SuperValue(arguments[0], receiver)
    if current is None or current.defining is None:
        return Unknown("super() outside of a method")
    receiver = current.owner if current.owner is not None else _first_argument(current)
    return SuperValue(current.defining, receiver)


def _first_argument(scope: Scope) -> Value:
    node = scope.function.node if scope.function is not None else None
    return scope.names.get(node.parameters[0].name) if node is not None and node.parameters else None


def _load_from_super(tracer: Tracer, owner: SuperValue, name: str) -> Value:
    receiver = owner.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else owner.cls
    found = class_member(tracer, cls, name, after=owner.cls)
    if isinstance(found, FunctionValue):
        return BoundMethod(found, receiver)
    return found if found is not None else Method(owner, name)


def _load_from_layer(tracer: Tracer, owner: LayerValue | ContainerValue, name: str, place: Place) -> Value:
    if isinstance(owner, ContainerValue) and name in owner.items:
        return owner.items[name]
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
    if owner.cls.is_module and isinstance(value, (Instance, LayerValue, ContainerValue)):
        tracer.heap.set_field(value, "parents", value.parents + 1)


def delete(tracer: Tracer, owner: Value, name: str) -> None:
    """``del owner.name``."""
    if isinstance(owner, (Instance, LayerValue)):
        tracer.heap.delete(owner.attributes, name)
    elif isinstance(owner, ContainerValue):
        tracer.heap.delete(owner.items, name)


MODULE_METHODS = frozenset(
    {
        "apply",
        "modules",
        "named_modules",
        "children",
        "named_children",
        "parameters",
        "named_parameters",
        "buffers",
        "named_buffers",
        "add_module",
        "register_module",
        "register_parameter",
        "register_buffer",
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "bfloat16",
        "train",
        "eval",
        "requires_grad_",
        "state_dict",
        "load_state_dict",
        "zero_grad",
        "forward",
        "__call__",
        "get_submodule",
        "get_parameter",
        "append",
        "extend",
        "insert",
        "keys",
        "values",
        "items",
        "update",
        "pop",
        "reset_parameters",
        "_reset_parameters",
        "type",
        "post_init",
        "init_weights",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "share_memory",
        "save_hyperparameters",
        "log",
        "flatten_parameters",
        "compile",
        "extra_repr",
        "__init__",
        "train_dataloader",
        "get_input_embeddings",
        "from_pretrained",
        "load_from_checkpoint",
        "to_empty",
        "_init_weights",
        "__class__",
        "gradient_checkpointing_enable",
        "tie_weights",
        "fill_",
        "clear",
        "_load_from_state_dict",
        "log_dict",
        "optimizers",
        "manual_backward",
        "set_extra_state",
        "get_extra_state",
        "print",
        "register_load_state_dict_post_hook",
    }
)
"""Methods of the framework's modules and containers that `initlint.tracing.methods` knows."""
