"""Classes whose constructor fills fields: dataclasses, attrs, pydantic models, named tuples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import members
from initlint.tracing.values import BoundMethod, ClassValue, Instance, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


FIELDS = frozenset({"dataclass", "define", "attrs", "s", "frozen", "pydantic_dataclass"})
"""Decorators that write a class's constructor, whatever constructor it inherits."""


def is_decorated(cls: ClassValue) -> bool:
    return any(members.decorator_name(decorator) in FIELDS for decorator in cls.node.decorators)


def is_dataclass(cls: ClassValue) -> bool:
    """Whether its fields are its constructor's arguments: dataclasses, attrs, pydantic models, named tuples."""
    for base in cls.order:
        if isinstance(base, ClassValue):
            if is_decorated(base):
                return True
        elif base.name.rpartition(".")[2] in ("BaseModel", "NamedTuple", "Struct", "BaseSettings"):
            return True
    return False


def fields(cls: ClassValue) -> dict[str, tuple[ClassValue, facts.Assign]]:
    """The annotated names of a dataclass, bases first."""
    found: dict[str, tuple[ClassValue, facts.Assign]] = {}
    for base in reversed(cls.order):
        if isinstance(base, ClassValue):
            for name, node in base.members.items():
                if isinstance(node, facts.Assign) and node.annotation is not None and not _is_shared(node.annotation):
                    found[name] = (base, node)
    return found


def _is_shared(annotation: facts.Expression) -> bool:
    """Whether it says that a name belongs to the class and is no field: ``ClassVar[int]``."""
    name = annotation.value if isinstance(annotation, facts.Subscript) else annotation
    return members.decorator_name(name) == "ClassVar"


def fill_fields(
    tracer: Tracer, made: Instance, cls: ClassValue, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> None:
    """What the constructor of a dataclass does."""
    queue = list(arguments)
    for name, (owner, node) in fields(cls).items():
        if queue:
            value = queue.pop(0)
        elif name in keywords:
            value = keywords[name]
        elif node.value is None:
            value = Unknown(f"field {name} is not given")
        else:
            value = _field_default(tracer, owner, node.value)
        tracer.heap.set(made.attributes, name, value)
    after = members.class_member(tracer, cls, "__post_init__")
    if after is not None:
        tracer.call(BoundMethod(after, made), (), {}, made.place, cls.scope)  # type: ignore[arg-type]


def _field_default(tracer: Tracer, owner: ClassValue, node: facts.Expression) -> Value:
    """The default of a field, through ``field(default=...)`` and ``field(default_factory=...)``."""
    if isinstance(node, facts.Call) and members.decorator_name(node) in ("field", "Field", "attrib", "ib"):
        for argument in node.arguments:
            if argument.keyword == "default" or (argument.keyword is None and members.decorator_name(node) == "Field"):
                return tracer.evaluate(argument.value, owner.scope)
            if argument.keyword in ("default_factory", "factory"):
                factory = tracer.evaluate(argument.value, owner.scope)
                return tracer.call(factory, (), {}, tracer.place(node, owner.scope), owner.scope)
        return Unknown("a field without a default")
    return tracer.evaluate(node, owner.scope)
