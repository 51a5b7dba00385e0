"""Instances of classes of the program: how they come to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import EarlyApply
from initlint.signal.size import Size
from initlint.tracing import base_methods, construction, members, modules
from initlint.tracing.dataclass_fields import fill_fields, is_dataclass, is_decorated
from initlint.tracing.derived import ITEMS, ContainerInstance, container_base, is_dict, layer_base
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    FunctionValue,
    Instance,
    Scope,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def instantiate(
    tracer: Tracer,
    cls: ClassValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    """``Class(...)``."""
    own = [base for base in cls.order if isinstance(base, ClassValue)]
    if any(SUBCLASS_HOOK in base.members for base in own):
        for base in reversed(own):
            _tell_bases(tracer, base)
    container = container_base(cls)
    if container is not None and "forward" not in _all_members(cls):
        return _instantiate_container(tracer, cls, container, arguments, keywords, place, scope)
    made = Instance(cls, place)
    tracer.heap.born(made, made.attributes)
    made.is_complete = not cls.has_unknown_base
    _note(tracer, made, cls, arguments, keywords)
    tracer.constructing.append(made)
    try:
        _initialise(tracer, made, cls, arguments, keywords, place, scope)
    finally:
        tracer.constructing.pop()
    _check_early_applies(tracer, made)
    return made


SUBCLASS_HOOK = "__init_subclass__"
TOLD = "<told bases>"
"""Among the constants of a class: that its bases have been told of it."""


def _tell_bases(tracer: Tracer, cls: ClassValue) -> None:
    """Runs the ``__init_subclass__`` that a class inherits, when it is used first; it ran when the class was defined."""
    if TOLD in cls.constants:
        return
    function = members.class_member(tracer, cls, SUBCLASS_HOOK, after=cls)
    if function is None:
        return
    with tracer.heap.outside_of_branches():
        tracer.heap.set(cls.constants, TOLD, True)
        if isinstance(function, FunctionValue):
            given = {each.keyword: tracer.evaluate(each.value, cls.scope) for each in cls.node.bases if each.keyword}
            given.pop("metaclass", None)
            tracer.call(BoundMethod(function, cls), (), given, tracer.place(cls.node, cls.scope), cls.scope)


def _note(
    tracer: Tracer, made: Instance, cls: ClassValue, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> None:
    if not cls.is_module:
        return
    tracer.record.made.append(made)
    tracer.repeats.note_made(made)
    tracer.record.classes.add(id(cls.node))
    given = (*arguments, *keywords.values())
    tracer.record.known_arguments[id(made)] = not any(isinstance(value, (Unknown, Size)) for value in given)


def _all_members(cls: ClassValue) -> set[str]:
    return {name for base in cls.order if isinstance(base, ClassValue) for name in base.members}


def _instantiate_container(
    tracer: Tracer,
    cls: ClassValue,
    kind: str,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    """An instance of a class derived from ``nn.Sequential``: its constructor fills a container."""

    function = members.class_member(tracer, cls, "__init__")
    if not isinstance(function, FunctionValue):
        made = construction.make_container(tracer, kind, arguments, keywords, place)
        made.type_name = cls.name
        return made
    shell = ContainerInstance(cls, place)
    shell.container = ContainerValue(kind, place, type_name=cls.name)
    tracer.heap.born(shell, shell.attributes, shell.container, shell.container.items)
    tracer.constructing.append(shell)
    try:
        tracer.call(BoundMethod(function, shell), arguments, keywords, place, scope)
    finally:
        tracer.constructing.pop()
    for name, value in shell.attributes.items():
        if is_module(value):
            shell.container.items.setdefault(name, value)
    return shell.container


def _initialise(
    tracer: Tracer,
    made: Instance,
    cls: ClassValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> None:
    function = members.class_member(tracer, cls, "__init__")
    if _is_made_of_fields(cls):
        fill_fields(tracer, made, cls, arguments, keywords)
    elif function is not None:
        tracer.call(BoundMethod(function, made), arguments, keywords, place, scope)  # type: ignore[arg-type]
    elif is_dataclass(cls):
        fill_fields(tracer, made, cls, arguments, keywords)
    elif layer_base(cls) is not None or container_base(cls) is not None:
        base_methods.call_external_constructor(tracer, made, arguments, keywords, place, scope)
    elif cls.is_module and arguments == () and not keywords:
        return
    elif is_dict(cls) and len(arguments) == 1:
        tracer.heap.set(made.attributes, ITEMS, arguments[0])
    elif arguments or keywords:
        tracer.heap.set_field(made, "is_complete", False)
        for name, value in keywords.items():
            tracer.heap.set(made.attributes, name, value)


def _is_made_of_fields(cls: ClassValue) -> bool:
    """Whether the constructor that it has or inherits is one that a decorator wrote."""
    for base in cls.order:
        if isinstance(base, ClassValue) and ("__init__" in base.members or is_decorated(base)):
            return "__init__" not in base.members
    return False


def _check_early_applies(tracer: Tracer, made: Instance) -> None:
    """Looks whether an init function that ran in the constructor would have reached layers that came later."""
    for function, place, seen in tracer.applied.pop(id(made), []):
        later = [module for module in modules.modules_of(tracer, made) if id(module) not in seen and is_module(module)]
        reached: list[str] = []
        for module in later:
            owned = modules.own_parameters(module)
            if not owned or any(write.is_explicit for parameter in owned for write in parameter.writes):
                continue
            before = [parameter.writes for parameter in owned]
            tracer.heap.begin()
            tracer.call(function, (module,), {}, place, made.cls.scope)
            if [parameter.writes for parameter in owned] != before:
                reached.append(tracer.name_of(module) or getattr(module, "type_name", "a layer"))
            tracer.heap.take_back()
        if reached:
            name = getattr(getattr(function, "function", function), "name", "the init function")
            tracer.record.observations.append(EarlyApply(place, str(name), tuple(reached)))
