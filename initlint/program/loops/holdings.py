"""Which models' parameters an expression holds, and whether two of them may share some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.classes import ancestry
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.models import ParameterSources, optimized_models
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.loops.steps import Step
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 6
"""Modules in modules that are looked through."""


def held_by_parameters(values: Values, given: facts.Expression | None, routine: Routine) -> list[Value]:
    """The models whose parameters an expression holds; none if one of them is not known."""
    return _made(ParameterSources(values).of(given, routine)) if _is_known(values, given, routine, 0) else []


def held_by(values: Values, owner: facts.Expression, routine: Routine) -> list[Value]:
    """The models that an optimiser steps, or the model itself; none if one of them is not known."""
    found = values.of(owner, routine)
    own = [value for value in found if _is_model(values, value)]
    if own or not all(_is_of_known(values, value) for value in found):
        return _made(own)
    return _made(optimized_models(values, Step(owner, routine, owner)))


def _is_of_known(values: Values, optimizer: Value) -> bool:
    """Whether all that an optimiser was given is known."""
    if not isinstance(optimizer, Foreign) or optimizer.call is None or optimizer.routine is None:
        return False
    given = argument(optimizer.call, framework.OPTIMIZER_PARAMETERS, 0)
    return _is_known(values, given, optimizer.routine, 0)


def _is_known(values: Values, given: facts.Expression | None, routine: Routine, depth: int) -> bool:
    """Whether an expression is made of nothing but ``.parameters()`` of models that are known."""
    if isinstance(given, facts.Call):
        function = given.function
        if isinstance(function, facts.Attribute) and function.name in framework.PARAMETERS:
            return bool(values.of(function.value, routine))
        is_lazy = terminal_name(function) in framework.KEEPS_PARAMETERS and bool(given.arguments)
        parts = [one.value for one in given.arguments if not isinstance(one.value, facts.Lambda)]
        return is_lazy and all(_is_known(values, one, routine, depth) for one in parts)
    if isinstance(given, facts.Binary):
        return all(_is_known(values, one, routine, depth) for one in (given.left, given.right))
    if isinstance(given, facts.Sequence):
        return bool(given.items) and all(_is_known(values, one, routine, depth) for one in given.items)
    if isinstance(given, facts.Starred):
        return _is_known(values, given.value, routine, depth)
    bounds = routine.bounds.get(given.id, []) if isinstance(given, facts.Name) and depth < DEEPEST else []
    is_plain = len(bounds) == 1 and not bounds[0].route
    return is_plain and _is_known(values, bounds[0].value, bounds[0].routine, depth + 1)


def names_list(routine: Routine, name: str) -> bool:
    """Whether a name in a routine is that of a list of parameters, and of nothing else."""
    bounds = routine.bounds.get(name, [])
    return len(bounds) == 1 and not bounds[0].route and _is_list(bounds[0].value)


def _is_list(given: facts.Expression | None) -> bool:
    """Whether it is a list for certain, of parameters and not of groups of them."""
    if isinstance(given, facts.Binary):
        return given.operator == "+" and _is_list(given.left) and _is_list(given.right)
    if isinstance(given, facts.Comprehension):
        return given.kind == "list" and isinstance(given.element, facts.Name)
    if not isinstance(given, facts.Call) or terminal_name(given) != "list" or len(given.arguments) != 1:
        return False
    inner = given.arguments[0].value
    is_own = isinstance(inner, facts.Call) and terminal_name(inner) in ("parameters", "filter", "chain")
    return is_own and not given.arguments[0].star


def _is_model(values: Values, value: Value) -> bool:
    return isinstance(value, Instance) and is_model(values, value.cls)


def _made(found: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(one for one in found if isinstance(one, (Instance, Foreign))))


def may_share(values: Values, one: Value, other: Value) -> bool:
    """Whether two models may have a parameter in common: the same one, a part of it, or not told apart."""
    if not isinstance(one, (Instance, Foreign)) or not isinstance(other, (Instance, Foreign)):
        return True
    if one.call is None or other.call is None or one.call is other.call:
        return True
    return _is_part(values, one, other, 0) or _is_part(values, other, one, 0)


def _is_part(values: Values, part: Instance | Foreign, whole: Instance | Foreign, depth: int) -> bool:
    """Whether a model is made inside another, or given to it."""
    if depth > DEEPEST or part.call is whole.call:
        return True
    owner = part.routine.owner if part.routine is not None else None
    if owner is not None and isinstance(whole, Instance):
        line = ancestry(values, whole.cls)
        if owner in line or any(_makes(values, cls, owner, 0) for cls in line):
            return True
    return any(_is_part(values, part, given, depth + 1) for given in _given(values, whole))


def _given(values: Values, whole: Instance | Foreign) -> Iterator[Instance | Foreign]:
    """The models and other objects that a constructor is given."""
    if whole.call is not None and whole.routine is not None:
        for one in whole.call.arguments:
            for part in one.value.items if isinstance(one.value, facts.Sequence) else (one.value,):
                for value in values.of(part, whole.routine):
                    if isinstance(value, (Instance, Foreign)) and value.call is not None:
                        yield value


def _makes(values: Values, cls: ClassScope, wanted: ClassScope, depth: int) -> bool:
    """Whether a class keeps an object of another, however deep."""
    kept = (bound for bounds in cls.attributes.values() for bound in bounds)
    inner = {v.cls for one in kept for v in values.of(one.value, one.routine) if isinstance(v, Instance)} - {cls}
    return depth > DEEPEST or any(
        wanted in ancestry(values, one) or _makes(values, one, wanted, depth + 1) for one in inner
    )
