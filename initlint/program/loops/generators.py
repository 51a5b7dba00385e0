"""Generators of parameters that are empty by the time gradients are to be bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import find_method, hierarchy
from initlint.program.loops.events import Clip
from initlint.program.loops.expressions import spelled, terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Bound, Routine, reaching
from initlint.program.loops.steps import is_optimizer
from initlint.program.nodes import nodes
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values


@dataclass(frozen=True)
class Exhausted:
    """A generator of parameters that is empty when gradients are to be bounded."""

    by: facts.Node
    """What went through it; the clip itself, where that does again and again."""
    made: facts.Expression | None
    """What made it, if its names mean the same at the clip."""


def exhausted(values: Values, clip: Clip) -> Exhausted | None:
    """The generator that a clip is given and that is empty by then, for certain."""
    given = clip.parameters
    if isinstance(given, facts.Name):
        return _named(values, clip, given)
    if isinstance(given, facts.Attribute):
        return _kept(values, clip, given)
    return None


def _named(values: Values, clip: Clip, given: facts.Name) -> Exhausted | None:
    routine = clip.routine
    bounds = list(reaching(routine, routine.bounds.get(given.id, []), given.start))
    if len(bounds) == 1 and not bounds[0].route and bounds[0].routine is routine:
        is_generator = _is_generator(values, bounds[0])
        by = _used_up(values, clip, given.id, bounds[0].start) if is_generator else None
        return None if by is None else Exhausted(by, bounds[0].value)
    if not bounds and routine.parameter(given.id) is not None and given.id != routine.self_name:
        calls = [Bound(value, (), 0, caller, False) for caller, value in given_for(values, routine, given.id)]
        is_generator = bool(calls) and all(_is_generator(values, one) for one in calls)
        by = _used_up(values, clip, given.id, -1) if is_generator else None
        return None if by is None else Exhausted(by, None)
    return None


def _used_up(values: Values, clip: Clip, name: str, since: int) -> facts.Node | None:
    """What goes through a generator before the clip; the clip itself, if it runs again on the same one."""
    for loop in clip.routine.loops:
        if loop.start <= clip.call.start and clip.call.end <= loop.end and not loop.start <= since:
            return clip.call
    users = _users(values, clip.routine, name)
    return next((one for one in users if since < one.start and one.end <= clip.call.start), None)


def _kept(values: Values, clip: Clip, given: facts.Attribute) -> Exhausted | None:
    """An attribute that is set once, in another method, to a generator: every call of this one is given the same."""
    for owner in values.of(given.value, clip.routine):
        if isinstance(owner, Instance):
            bounds = [one for cls in hierarchy(values, owner) for one in cls.attributes.get(given.name, [])]
            is_other = len(bounds) == 1 and not bounds[0].route and bounds[0].routine is not clip.routine
            if is_other and _is_generator(values, bounds[0]) and bounds[0].routine.name == "__init__":
                made = bounds[0].value
                is_own = {node.id for node in nodes(made) if isinstance(node, facts.Name)} == {clip.routine.self_name}
                return Exhausted(clip.call, made if is_own else None)
    return None


def _is_generator(values: Values, bound: Bound) -> bool:
    """Whether a value is a generator of parameters for certain."""
    value, routine = bound.value, bound.routine
    if isinstance(value, facts.Comprehension):
        return value.kind == "generator" and any(_reads_parameters(clause.iterable) for clause in value.clauses)
    if not isinstance(value, facts.Call):
        return False
    if isinstance(value.function, facts.Attribute) and value.function.name in framework.MODULE_GENERATORS:
        return _is_of_module(values, value, value.function, routine)
    callees = [one.name for one in values.callees(value, routine) if isinstance(one, Foreign)]
    is_lazy = any(name in framework.LAZY_CALLS for name in callees) or (
        isinstance(value.function, facts.Name) and value.function.id in framework.LAZY_BUILTINS and not callees
    )
    return is_lazy and any(_reads_parameters(one.value) for one in value.arguments)


def _is_of_module(values: Values, call: facts.Call, function: facts.Attribute, routine: Routine) -> bool:
    """Whether it is a module's own ``parameters()``: not that of a class of the program which may give a list."""
    if values.targets(call, routine):
        return False
    owners = values.of(function.value, routine)
    return all(
        (
            isinstance(one, Instance)
            and is_model(values, one.cls)
            and find_method(values, one.cls, function.name) is None
        )
        or (isinstance(one, Foreign) and one.name.startswith(framework.MODULE_ROOT))
        for one in owners
    ) and (bool(owners) or function.name not in values.links.defined)


def _reads_parameters(node: facts.Expression) -> bool:
    return isinstance(node, facts.Call) and terminal_name(node.function) in framework.MODULE_GENERATORS


def _users(values: Values, routine: Routine, name: str) -> Iterator[facts.Node]:
    """What goes through all of a generator of that name, in the order of the source."""
    found = [call for call in routine.calls if _takes(call, name) and _goes_through(values, call, routine)]
    loops = [loop.iterable for loop in routine.loops if isinstance(loop, facts.For) and spelled(loop.iterable) == name]
    clauses = [clause.iterable for clause in _clauses(routine) if spelled(clause.iterable) == name]
    yield from sorted((*found, *loops, *clauses), key=lambda one: one.start)


def _takes(call: facts.Call, name: str) -> bool:
    first = call.arguments[0] if call.arguments else None
    return (
        first is not None and first.keyword in (None, framework.OPTIMIZER_PARAMETERS) and spelled(first.value) == name
    )


def _goes_through(values: Values, call: facts.Call, routine: Routine) -> bool:
    if isinstance(call.function, facts.Name) and call.function.id in framework.EAGER_BUILTINS:
        return True
    callees = values.callees(call, routine)
    made = (Foreign(one.name, call, routine) for one in callees if isinstance(one, Foreign))
    return any(is_optimizer(values, one) or one.name in framework.CLIP_FUNCTIONS for one in made)


def _clauses(routine: Routine) -> Iterator[facts.Clause]:
    for call in routine.calls:
        for one in call.arguments:
            if isinstance(one.value, facts.Comprehension):
                yield from one.value.clauses
    for assign in routine.assigned:
        for node in nodes(assign.value):
            if isinstance(node, facts.Comprehension) and node.kind != "generator":
                yield from node.clauses
