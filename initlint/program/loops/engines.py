"""Engines that take the steps themselves: whether the configuration they are given asks for clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.expressions import dotted, spelled
from initlint.program.loops.routines import Bound, Routine, reaching
from initlint.program.loops.values import Foreign, Instance
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 6
"""Names, attributes and functions followed from one configuration."""


def engine_may_clip(values: Values, engine: Foreign) -> bool:
    """Whether a configuration asks for clipping, or is not known in full."""
    assert engine.call is not None and engine.routine is not None
    given = [one.value for one in engine.call.arguments if one.keyword in framework.ENGINE_SETTINGS]
    return len(given) != 1 or _may_ask(values, given[0], engine.routine, 0)


def _may_ask(values: Values, node: facts.Expression, routine: Routine, depth: int) -> bool:
    """Whether a dictionary that an expression gives may ask for clipping."""
    if depth > DEEPEST:
        return True
    if isinstance(node, facts.Dictionary):
        return any(_sets(key, value) for key, value in zip(node.keys, node.values, strict=True))
    if isinstance(node, facts.Conditional):
        return any(_may_ask(values, part, routine, depth + 1) for part in (node.body, node.otherwise))
    if isinstance(node, facts.Call):
        return _may_give(values, node, routine, depth)
    if isinstance(node, (facts.Name, facts.Attribute)):
        bounds = _bounds_of(values, node, routine)
        places = {bound.routine for bound in bounds} | {routine}
        is_changed = any(_is_changed(spelled(node), place) for place in places)
        return not bounds or is_changed or any(_is_asked_by(values, bound, depth) for bound in bounds)
    return True


def _is_asked_by(values: Values, bound: Bound, depth: int) -> bool:
    return bool(bound.route) or _may_ask(values, bound.value, bound.routine, depth + 1)


def _may_give(values: Values, call: facts.Call, routine: Routine, depth: int) -> bool:
    if dotted(call.function) == "dict":
        return any(one.star or one.keyword is None or _is_on(one.keyword, one.value) for one in call.arguments)
    targets = values.targets(call, routine)
    given = [(value, target) for target in targets for value in target.returns]
    return not given or any(_may_ask(values, value, target, depth + 1) for value, target in given)


def _sets(key: facts.Expression | None, value: facts.Expression) -> bool:
    """Whether an item may be the bound; one that is unpacked, or under a name that is not known, may be."""
    return not isinstance(key, facts.Literal) or _is_on(key.value, value)


def _is_on(key: object, value: facts.Expression) -> bool:
    is_off = isinstance(value, facts.Literal) and value.value in (None, 0)
    return key == framework.ENGINE_CLIPPING and not is_off


def _bounds_of(values: Values, node: facts.Name | facts.Attribute, routine: Routine) -> list[Bound]:
    """What a name, or an attribute of the object itself, is bound to."""
    if isinstance(node, facts.Attribute):
        owners = [owner for owner in values.of(node.value, routine) if isinstance(owner, Instance)]
        return [
            one for owner in owners for cls in hierarchy(values, owner) for one in cls.attributes.get(node.name, ())
        ]
    scope: Routine | None = routine
    while scope is not None:
        if node.id in scope.bounds or scope.parameter(node.id) is not None:
            is_given = scope.parameter(node.id) is not None
            at = node.start if scope is routine else None
            return [] if is_given else list(reaching(scope, scope.bounds[node.id], at))
        scope = scope.parent
    return list(values.links.scopes(routine.module).script.bounds.get(node.id, ()))


def _is_changed(name: str, routine: Routine) -> bool:
    """Whether a routine sets the bound in a dictionary under that name, or something that is not known."""
    for statement in routine.assigned:
        items = [one for one in statement.targets if isinstance(one, facts.Subscript) and spelled(one.value) == name]
        if statement.value is not None and any(_sets(one.index, statement.value) for one in items):
            return True
    return any(dotted(call.function) in (f"{name}.update", f"{name}.setdefault") for call in routine.calls)
