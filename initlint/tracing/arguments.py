"""What functions and classes are called with that nothing in the program calls: defaults, or symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import dataclass_fields, instances, members
from initlint.tracing.tracer import Tracer
from initlint.tracing.values import ClassValue, DictValue, FunctionValue, ListValue, Scope, Value


def give_arguments(tracer: Tracer, parameters: Sequence[facts.Parameter], scope: Scope) -> None:
    """Binds a root's parameters: to their defaults, to an instance of the annotated config class, or to a symbol."""
    for parameter in parameters:
        scope.names[parameter.name] = _argument(tracer, parameter, scope)


def build(tracer: Tracer, cls: ClassValue, scope: Scope) -> Value:
    """An instance of a class, made with such arguments."""
    function = members.class_member(tracer, cls, "__init__")
    place = tracer.place(cls.node, scope)
    keywords: dict[str, Value] = {}
    arguments: list[Value] = []
    if isinstance(function, FunctionValue):
        for parameter in function.node.parameters[1:]:
            if parameter.kind in ("*", "**"):
                continue
            value = _argument(tracer, *_spoken_for(tracer, cls, function, parameter))
            if parameter.kind == "positional":
                arguments.append(value)
            elif parameter.default is None or not isinstance(parameter.default, facts.Literal):
                keywords[parameter.name] = value
    return instances.instantiate(tracer, cls, tuple(arguments), keywords, place, scope)


def _spoken_for(
    tracer: Tracer, cls: ClassValue, function: FunctionValue, parameter: facts.Parameter
) -> tuple[facts.Parameter, Scope]:
    """A constructor's parameter; of one that says nothing of itself, the one that its value comes from where the module builds
    the class, else what the class says of the attribute of that name, else what the others of its name in the module are.
    With the scope that it stands in."""
    scope = Scope(function.scope.module, function.scope)
    if parameter.annotation is not None or parameter.default is not None or function.defining is None:
        return parameter, scope
    family = tracer.family(function.scope.module)
    source = family.source(function.defining.node, parameter.name)
    if source is not None:
        return source, scope
    for base in (each for each in cls.order if isinstance(each, ClassValue)):
        said = base.members.get(parameter.name)
        if isinstance(said, facts.Assign) and said.annotation is not None:
            return msgspec.structs.replace(parameter, annotation=said.annotation), Scope(base.scope.module, base.scope)
    return family.alike(parameter.name) or parameter, scope


def _argument(tracer: Tracer, parameter: facts.Parameter, scope: Scope) -> Value:
    if parameter.kind == "*":
        return ListValue([], True)
    if parameter.kind == "**":
        return DictValue({}, False)
    outer = scope.parent or scope
    if parameter.default is not None:
        value = tracer.evaluate(parameter.default, outer)
        if value is not None or parameter.annotation is None:
            return value
    config = _config(tracer, parameter, outer)
    if config is not None:
        return config
    return None if parameter.default is not None else Size.symbol(parameter.name)


def _config(tracer: Tracer, parameter: facts.Parameter, scope: Scope) -> Value:
    """An instance of the class a parameter is annotated with, or of one of several, if its fields all have defaults."""
    for annotation in _classes_in(parameter.annotation):
        found = tracer.evaluate(annotation, scope)
        if isinstance(found, ClassValue) and not found.is_module and _has_defaults(tracer, found):
            return tracer.default_instance(found, tracer.place(annotation, scope))
    return None


def _classes_in(annotation: facts.Expression | None) -> Iterator[facts.Name | facts.Attribute]:
    """The classes that an annotation names: ``A``, ``A | B``, ``Optional[A]``, ``Union[A, B]``."""
    if isinstance(annotation, (facts.Name, facts.Attribute)):
        yield annotation
    elif isinstance(annotation, facts.Binary) and annotation.operator == "|":
        yield from _classes_in(annotation.left)
        yield from _classes_in(annotation.right)
    elif isinstance(annotation, facts.Subscript) and members.decorator_name(annotation.value) in UNIONS:
        inside = annotation.index
        for each in inside.items if isinstance(inside, facts.Sequence) else (inside,):
            yield from _classes_in(each)


UNIONS = frozenset({"Optional", "Union"})
"""Annotations that name one class or several."""


def _has_defaults(tracer: Tracer, cls: ClassValue) -> bool:
    function = members.class_member(tracer, cls, "__init__")
    if isinstance(function, FunctionValue):
        return all(p.default is not None or p.kind in ("*", "**") for p in function.node.parameters[1:])
    return dataclass_fields.is_dataclass(cls)
