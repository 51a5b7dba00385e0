"""Init functions and what they are given: the modules of a model, those of unknown kind, and those that were loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import LateInit, TypeTest, Write
from initlint.program.nodes import nodes
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import modules, tensors
from initlint.tracing.heap import Branch
from initlint.tracing.values import (
    BoundMethod,
    ClassName,
    ContainerValue,
    FunctionValue,
    Instance,
    ListValue,
    Many,
    Scope,
    Unknown,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

# --------------------------------------------------------------------------------------------------------------- apply


def apply(tracer: Tracer, module: Value, function: Value, place: Place, scope: Scope) -> None:
    """``module.apply(function)``: the function runs on the children first, on the module itself last."""
    inside = modules.modules_of(tracer, module)
    before = [parameter.writes for parameter in modules.parameters_of(tracer, module)]
    for inner in reversed(inside):
        tracer.call(function, (inner,), {}, place, scope)
    if is_vague(module):
        _note_vague(tracer, function)
    for part in loaded_parts(module):
        apply_to_loaded(tracer, part, function, place, scope)
    _note_reloaded(tracer, inside, place)
    reached = [parameter.writes for parameter in modules.parameters_of(tracer, module)] != before
    if isinstance(module, Instance) and not tracer.is_constructed(module) and not reached:
        entry = (function, place, frozenset(id(inner) for inner in inside))
        tracer.applied.setdefault(id(module), []).append(entry)


def _function(value: Value) -> FunctionValue | None:
    value = value.function if isinstance(value, BoundMethod) else value
    return value if isinstance(value, FunctionValue) else None


# --------------------------------------------------------------------------------------------------- what may be inside


def is_vague(module: Value) -> bool:
    """Whether a model may hold layers that are not known."""
    return any(_is_vague(inner) for _, inner in modules.named_modules(module))


def _is_vague(module: Value) -> bool:
    if isinstance(module, ContainerValue):
        return module.is_open or not all(map(_is_known, module.items.values()))
    if not isinstance(module, Instance):
        return False
    called = called_attributes(module)
    unknown = (
        name for name, value in module.attributes.items() if isinstance(value, (Unknown, Size)) and not _is_known(value)
    )
    return not module.is_complete or any(name in called for name in unknown)


def _is_known(value: Value) -> bool:
    """Whether it is no layer, or one of those it may be."""
    return not any(isinstance(each, (Unknown, Size)) for each in alternatives(value))


def called_attributes(module: Instance) -> set[str]:
    """The attributes of ``self`` that a class calls, as a module is called."""
    if module.cls.called is None:
        calls = (node.function for node in nodes(module.cls.node.body) if isinstance(node, facts.Call))
        owned = (each for each in calls if isinstance(each, facts.Attribute) and isinstance(each.value, facts.Name))
        module.cls.called = {
            each.name for each in owned if isinstance(each.value, facts.Name) and each.value.id == "self"
        }
    return module.cls.called


def _note_vague(tracer: Tracer, function: Value) -> None:
    """Says that a test in an init function may hold for a layer that is not known."""
    found = _function(function)
    if found is not None:
        place = tracer.place(found.node, found.scope)
        tracer.record.observations.append(TypeTest(place, found.name, "a layer that is not known", "", True))


def parts(tracer: Tracer, module: Value, is_named: bool, is_parameter: bool, place: Place, scope: Scope) -> list[Value]:
    """What a loop over a model may get besides what is known: parts of loaded models, and parts that are not known."""
    found: list[Value] = []
    if is_vague(module):
        seen = TypeTest(place, scope.function_name, "a layer that is not known", "", True)
        tracer.record.observations.append(seen)
        found.append(Many((_pair(is_named, Unknown("a part of a module that is not known")),)))
    for part in loaded_parts(module):
        assert part.loaded is not None
        value = tensors.loaded_tensor("weight", part.loaded) if is_parameter else part
        found.append(Many((_pair(is_named, Unknown("a part of a loaded model") if is_named else value),)))
    return found


def _pair(is_named: bool, value: Value) -> Value:
    return (Unknown("a name"), value) if is_named else value


def named(path: str, value: Value) -> Value:
    """A module or parameter with its name, which remembers what it is the name of."""
    if isinstance(value, Many):
        return Many(tuple(_pair(True, item) for item in value.items))
    return ClassName.made(path, value), value


# -------------------------------------------------------------------------------------------------- loaded, not traced


def loaded_parts(module: Value) -> Iterator[Unknown]:
    """The models inside that came with their weights and were not traced."""
    for _, inner in modules.named_modules(module):
        for _, value in modules.submodules(inner):
            for each in value.items if isinstance(value, Many) else (value,):
                if isinstance(each, Unknown) and each.loaded is not None:
                    yield each


def apply_to_loaded(tracer: Tracer, part: Unknown, function: Value, place: Place, scope: Scope) -> None:
    """Runs an init function on some layer of a loaded model; if it may write to it, that is put on record."""
    before = list(tracer.record.observations)
    tracer.heap.begin()
    tracer.call(function, (part,), {}, place, scope)
    tracer.heap.merge(tracer.heap.take_back(), Branch())
    after = tracer.record.observations
    late = [seen for seen in after[len(before) :] if isinstance(seen, LateInit)]
    tracer.record.observations = before
    if late:
        before.append(LateInit(place, late[0].loaded, is_applied=True))


def call_on_loaded(
    tracer: Tracer, part: Unknown, name: str, arguments: tuple[Value, ...], place: Place, scope: Scope
) -> Value:
    """A method of a model that came with its weights."""
    assert part.loaded is not None
    if name == "apply" and arguments:
        apply_to_loaded(tracer, part, arguments[0], place, scope)
        return part
    if name in ("parameters", "modules", "children"):
        item = tensors.loaded_tensor("weight", part.loaded) if name == "parameters" else part
        return ListValue([Many((item,))])
    if name in ("named_parameters", "named_modules", "named_children"):
        return ListValue([Many((_pair(True, Unknown("a part of a loaded model")),))])
    return (
        part if name in framework.GIVE_BACK_THE_MODULE else Unknown(f"method {name} of a model that was loaded", place)
    )


# ------------------------------------------------------------------------------------------------------ loaded, traced


def mark_loaded(tracer: Tracer, module: Value, place: Place) -> None:
    """``module.load_state_dict(...)``."""
    for parameter in modules.parameters_of(tracer, module):
        tensors.add_load(tracer, parameter, place)
    tracer.loaded[id(module)] = (module, place)


def _note_reloaded(tracer: Tracer, inside: list[Value], place: Place) -> None:
    """Looks whether an init function overwrote a whole module whose weights were surely loaded before."""
    for module, loaded in [tracer.loaded[id(inner)] for inner in inside if id(inner) in tracer.loaded]:
        weights = [p for p in modules.parameters_of(tracer, module) if p.role not in ("bias", "scale")]
        if weights and all(_is_overwritten(parameter.writes, loaded) for parameter in weights):
            tracer.record.observations.append(LateInit(place, loaded, is_applied=True))
            del tracer.loaded[id(module)]


def _is_overwritten(writes: tuple[Write, ...], loaded: Place) -> bool:
    """Whether the last write is another one than a load that surely ran before it."""
    was_loaded = any(write.place == loaded and write.is_certain and write.initializer == "loaded" for write in writes)
    last = writes[-1]
    is_fresh = last.initializer not in ("loaded", "unknown") and tensors.is_drawn(last.initializer, last.distribution)
    return was_loaded and is_fresh and last.is_certain
