"""Classes of the program: how they are built, and how instances come to be."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import EarlyApply
from initlint.program.module import flatten, target_names
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import construction, members, methods, modules
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    ExternalValue,
    FunctionValue,
    Instance,
    Scope,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def build(tracer: Tracer, node: facts.Class, scope: Scope) -> ClassValue:
    """The value of a class definition."""
    bases = tuple(tracer.evaluate(base.value, scope) for base in node.bases if base.keyword is None)
    built = ClassValue(node, scope, bases, _members(node))
    built.setters = {each.name: FunctionValue(each, scope, built) for each in flatten(node.body) if _is_setter(each)}
    built.order = (built, *_linearise(bases))
    built.is_module = any(_is_module_base(base) for base in built.order)
    built.has_unknown_base = any(_is_unknown_base(base) for base in (*built.order[1:], *bases))
    return built


def _members(node: facts.Class) -> dict[str, facts.Statement]:
    members: dict[str, facts.Statement] = {}
    for statement in flatten(node.body):
        if isinstance(statement, (facts.Function, facts.Class)):
            if not _is_overload(statement):
                members[statement.name] = statement
        elif isinstance(statement, facts.Assign):
            for target in statement.targets:
                members.update(dict.fromkeys(target_names(target), statement))
    return members


def _is_overload(node: facts.Statement) -> bool:
    decorators = getattr(node, "decorators", ())
    names = [members.decorator_name(decorator) for decorator in decorators]
    return "overload" in names or "setter" in names


def _is_setter(node: facts.Statement) -> TypeGuard[facts.Function]:
    return isinstance(node, facts.Function) and "setter" in map(members.decorator_name, node.decorators)


def _linearise(bases: Sequence[Value]) -> list[ClassValue | ExternalValue]:
    """The bases in the order in which they are searched: depth first, each kept at its last mention."""
    found: list[ClassValue | ExternalValue] = []
    for base in bases:
        inherited = list(base.order) if isinstance(base, ClassValue) else [base]
        for each in inherited:
            if isinstance(each, (ClassValue, ExternalValue)):
                if each in found:
                    found.remove(each)
                found.append(each)
    return found


def _is_module_base(base: ClassValue | ExternalValue) -> bool:
    if isinstance(base, ClassValue):
        return base.is_module
    name = base.name
    return name in framework.MODULE_BASES or name in framework.CONTAINERS or framework.layer_spec(name) is not None


def _is_unknown_base(base: Value) -> bool:
    if isinstance(base, ClassValue):
        return base.has_unknown_base
    if isinstance(base, ExternalValue):
        return not (_is_module_base(base) or _is_plain_base(base.name))
    return True


def _is_plain_base(name: str) -> bool:
    """Whether a class outside the program is no module: Python's own, or one of the framework's that hold no layers."""
    root = name.partition(".")[0]
    return root == "builtins" or root in sys.stdlib_module_names or name in framework.PLAIN_BASES


# ------------------------------------------------------------------------------------------------------------ instances


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
    """Runs the ``__init_subclass__`` that a class inherits, when it is used first."""
    if TOLD in cls.constants:
        return
    function = members.class_member(tracer, cls, SUBCLASS_HOOK, after=cls)
    if function is None:
        return
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
    tracer.record.classes.add(id(cls.node))
    given = (*arguments, *keywords.values())
    tracer.record.known_arguments[id(made)] = not any(isinstance(value, (Unknown, Size)) for value in given)


def container_base(cls: ClassValue) -> str | None:
    """The kind of container that a class derives from."""
    for base in cls.order:
        if isinstance(base, ExternalValue) and base.name in framework.CONTAINERS:
            return framework.CONTAINERS[base.name]
    return None


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


class ContainerInstance(Instance):
    """The ``self`` of a class derived from a container while its constructor runs."""

    container: ContainerValue


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
    if "__init__" not in cls.members and _is_decorated(cls):
        fill_fields(tracer, made, cls, arguments, keywords)
    elif function is not None:
        tracer.call(BoundMethod(function, made), arguments, keywords, place, scope)  # type: ignore[arg-type]
    elif is_dataclass(cls):
        fill_fields(tracer, made, cls, arguments, keywords)
    elif _is_layer(cls) or container_base(cls) is not None:
        methods.call_external_constructor(tracer, made, arguments, keywords, place, scope)
    elif cls.is_module and arguments == () and not keywords:
        return
    elif _is_dict(cls) and len(arguments) == 1:
        tracer.heap.set(made.attributes, ITEMS, arguments[0])
    elif arguments or keywords:
        tracer.heap.set_field(made, "is_complete", False)
        for name, value in keywords.items():
            tracer.heap.set(made.attributes, name, value)


ITEMS = "<items>"
"""Attribute under which an instance of a class derived from a dict keeps what it was made from."""


def _is_dict(cls: ClassValue) -> bool:
    names = {base.name.rpartition(".")[2] for base in cls.order if isinstance(base, ExternalValue)}
    return not cls.is_module and not names.isdisjoint({"dict", "OrderedDict", "UserDict"})


def _is_layer(cls: ClassValue) -> bool:
    """Whether it derives from one of the framework's layers."""
    return any(isinstance(base, ExternalValue) and framework.layer_spec(base.name) is not None for base in cls.order)


FIELDS = frozenset({"dataclass", "define", "attrs", "s", "frozen", "pydantic_dataclass"})
"""Decorators that write a class's constructor, whatever constructor it inherits."""


def _is_decorated(cls: ClassValue) -> bool:
    return any(members.decorator_name(decorator) in FIELDS for decorator in cls.node.decorators)


def is_dataclass(cls: ClassValue) -> bool:
    """Whether its fields are its constructor's arguments: dataclasses, attrs, pydantic models, named tuples."""
    for base in cls.order:
        if isinstance(base, ClassValue):
            if _is_decorated(base):
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
