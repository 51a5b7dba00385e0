"""What top-level names are worth: definitions, assignments, builtins, and what is outside the program."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.frameworks.composites import READ_ELSEWHERE, SOURCES, composite
from initlint.program import Definition, External, Module
from initlint.program.module import flatten
from initlint.reading import facts
from initlint.tracing import builtins
from initlint.tracing.expressions import given
from initlint.tracing.targets import assign
from initlint.tracing.values import (
    ClassValue,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    ListValue,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

CONSTANTS: dict[str, Value] = {
    "math.pi": math.pi,
    "math.e": math.e,
    "math.inf": math.inf,
    "numpy.pi": math.pi,
    "torch.pi": math.pi,
}
"""Names outside the program whose values are known."""


def builtin(name: str) -> Value:
    """What a name is that nothing in the program binds."""
    if name in builtins.BUILTINS:
        return ExternalValue(f"builtins.{name}")
    return Unknown(f"{name} is not defined in what was read")


def _outside(name: str) -> Value:
    """A name outside the program."""
    known = CONSTANTS.get(name)
    return known if known is not None else ExternalValue(framework.canonical(name))


def top_level_value(tracer: Tracer, module: Module, name: str) -> Value:
    """A name that nothing but a star import of something external could bind is the builtin of that name, if any."""
    own = builtin(name)
    if name not in module.bindings and isinstance(own, ExternalValue):
        found = tracer.program.resolve(module, name)
        return own if found is None or isinstance(found, External) else resolved(tracer, found, name)
    return resolved(tracer, tracer.program.resolve(module, name), name)


def external(tracer: Tracer, name: str) -> Value:
    """A name outside the program; a class for a module that its framework builds of other layers."""
    found = _outside(name)
    known = composite(found.name) if isinstance(found, ExternalValue) else None
    if known is None:
        return found
    kind, own = known
    module = next((one for one in _written_out(tracer, kind) if own in one.bindings), None)
    return found if module is None else tracer.global_value(module, own)


def _written_out(tracer: Tracer, kind: str) -> list[Module]:
    """The modules in which what a framework builds of its own layers is written out."""
    known = [module for module, each in tracer.composites.items() if each == kind]
    if not known:
        known = [module for path in SOURCES[kind] if (module := tracer.program.read(path)) is not None]
        tracer.composites.update(dict.fromkeys(known, kind))
    return known


def resolved(tracer: Tracer, found: Definition | External | Module | None, name: str) -> Value:
    """The value behind what a name was resolved to."""
    if found is None:
        return builtin(name)
    if isinstance(found, External):
        return external(tracer, found.name)
    if isinstance(found, Module):
        return found
    scope = tracer.scope_of(found.module)
    if isinstance(found.node, facts.Class):
        known = external(tracer, _full_name(tracer, found)) if found.node.name in READ_ELSEWHERE else None
        return known if isinstance(known, ClassValue) else tracer.class_value(found.node, scope)
    if isinstance(found.node, facts.Function):
        return FunctionValue(found.node, scope)
    return _assigned(tracer, found.node, found.name, scope)


def _full_name(tracer: Tracer, found: Definition) -> str:
    return f"{tracer.program.dotted_name(found.module)}.{found.name}"


def _assigned(tracer: Tracer, node: facts.Assign, name: str, scope: Scope) -> Value:
    """The value of a module-level assignment; unknown if the name is assigned more than once."""
    if name in scope.names:
        return scope.names[name]
    if node.value is None:
        return Unknown(f"{name} has no value")
    value = tracer.evaluate(node.value, scope)
    for target in node.targets:
        if isinstance(target, facts.Name) and target.id == name:
            return _with_items(tracer, value, name, node, scope)
    trial = Scope(scope.module, scope)
    for target in node.targets:
        assign(tracer, target, value, trial)
    return trial.names.get(name, Unknown(f"{name} cannot be followed"))


def before_itself(tracer: Tracer, module: Module, name: str) -> Value:
    """What a name is worth in an assignment to itself, as in ``Model = documented(Model)``: what bound it before."""
    bound = module.bindings.get(name)
    found: Value = Unknown(f"{name} is defined by itself")
    for statement in flatten(module.source.facts.body) if isinstance(bound, facts.Assign) else ():
        if not isinstance(bound, facts.Assign) or statement.start >= bound.start:
            continue
        scope = tracer.scope_of(module)
        if isinstance(statement, facts.Class) and statement.name == name:
            found = tracer.class_value(statement, scope)
        elif isinstance(statement, facts.Function) and statement.name == name:
            found = FunctionValue(statement, scope)
        elif isinstance(statement, facts.Import) and name in (local := module.of_import(statement)).bindings:
            found = resolved(tracer, tracer.program.resolve(local, name), name)
    return found


def _register(tracer: Tracer, entry: facts.Call | facts.Function | facts.Class, name: str, scope: Scope) -> None:
    """Does what the module does with an object of its own, as registries are filled: calls its methods, and hands them what
    they decorate."""
    if isinstance(entry, facts.Call):
        tracer.evaluate(entry, scope)
        return
    around = scope.parent or scope
    made = tracer.class_value(entry, around) if isinstance(entry, facts.Class) else FunctionValue(entry, around)
    for decorator in entry.decorators:
        method = decorator.function if isinstance(decorator, facts.Call) else decorator
        owner = method.value if isinstance(method, facts.Attribute) else None
        if isinstance(owner, facts.Name) and owner.id == name:
            tracer.call(tracer.evaluate(decorator, scope), (made,), {}, tracer.place(entry, scope), scope)


def _with_items(tracer: Tracer, value: Value, name: str, bound: facts.Assign, scope: Scope) -> Value:
    """The value of a module-level name once the items that its module gives it from there on are set, and those that
    functions of the module set for whoever calls them at the top level."""
    if isinstance(value, (DictValue, ListValue)) and name in scope.module.grown:
        value.is_open = True
    trial = Scope(scope.module, scope)
    trial.names[name] = value
    if isinstance(value, Instance) and not value.cls.is_module and not scope.module.is_script:
        for entry in scope.module.registered.get(name, ()):
            _register(tracer, entry, name, trial)
        for module, alias in tracer.program.registrations.get((id(scope.module), name), ()):
            there = Scope(module, tracer.scope_of(module))
            there.names[alias] = value
            for entry in module.registered[alias]:
                _register(tracer, entry, alias, there)
    for node in scope.module.items.get(name, ()):
        if node.value is not None and node.start > bound.start:
            item = tracer.evaluate(node.value, trial)
            for target in node.targets:
                if isinstance(target, facts.Subscript):
                    assign(tracer, target, item, trial)
    for function in scope.module.fillers.get(name, ()) if isinstance(value, DictValue) else ():
        for caller, call in tracer.program.calls_of(scope.module, function):
            outer = tracer.scope_of(caller)
            arguments, keywords = given(tracer, call, outer)
            tracer.call(FunctionValue(function, trial), arguments, keywords, tracer.place(call, outer), outer)
    return value
