"""Members of classes, with their bases: what they are worth, and what ``super()`` leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.torch.attributes import MODULE_METHODS
from initlint.reading import facts
from initlint.tracing.values import (
    BoundMethod,
    ClassName,
    ClassValue,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    Method,
    Scope,
    SuperValue,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


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
        tracer.kept.hold(cls.constants[name])
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


def load_from_type(tracer: Tracer, owner: TypeName, name: str, place: Place) -> Value:
    """``type(value).name``."""
    if name in ("__name__", "__qualname__"):
        return ClassName.made(getattr(owner.of, "type_name", "?"), owner.of)
    if isinstance(owner.of, Instance):
        return load_from_class(tracer, owner.of.cls, name, place)
    return Unknown(f"attribute {name} of a class outside the program", place)


def _is_class_method(function: FunctionValue) -> bool:
    node = function.node
    return isinstance(node, facts.Function) and "classmethod" in map(decorator_name, node.decorators)


def load_from_class(tracer: Tracer, owner: ClassValue, name: str, place: Place) -> Value:
    """``Class.name``."""
    if name in CLASS_ATTRIBUTES:
        return CLASS_ATTRIBUTES[name](tracer, owner)
    found = class_member(tracer, owner, name)
    if isinstance(found, FunctionValue) and _is_class_method(found):
        return BoundMethod(found, owner)
    if found is not None or has_member(owner, name):
        return found
    if name == "from_pretrained":
        return Method(owner, name)
    if name == "apply" and ExternalValue(framework.AUTOGRAD_FUNCTION) in owner.order:
        forward = class_member(tracer, owner, "forward")
        return BoundMethod(forward, Unknown("a context", place)) if isinstance(forward, FunctionValue) else forward
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


def load_from_super(tracer: Tracer, owner: SuperValue, name: str) -> Value:
    """``super().name``."""
    receiver = owner.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else owner.cls
    found = class_member(tracer, cls, name, after=owner.cls)
    if isinstance(found, FunctionValue):
        return BoundMethod(found, receiver)
    return found if found is not None else Method(owner, name)
