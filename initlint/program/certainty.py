"""Whether all that an expression may be is known, not only some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.routines import Bound, Routine, reaching
from initlint.program.loops.values import Instance
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 8
"""Names and attributes followed one after another."""


def knows_all(values: Values, node: facts.Expression, routine: Routine, depth: int = 0) -> bool:
    """Whether each of the values that a name or attribute is bound to, or that a function returns, can be followed."""
    if depth > DEEPEST:
        return False
    if isinstance(node, facts.Conditional):
        return all(knows_all(values, part, routine, depth + 1) for part in (node.body, node.otherwise))
    if isinstance(node, facts.Name):
        return _knows_name(values, node, routine, depth)
    if isinstance(node, facts.Attribute) and isinstance(node.value, facts.Name):
        return node.value.id != routine.self_name or _knows_attribute(values, node, routine, depth)
    if isinstance(node, facts.Call):
        makers = [callee for callee in values.callees(node, routine) if isinstance(callee, Routine)]
        return all(_knows_value(values, one, maker, depth) for maker in makers for one in maker.returns)
    return True


def _knows_name(values: Values, name: facts.Name, routine: Routine, depth: int) -> bool:
    scope: Routine | None = routine
    while scope is not None and name.id not in scope.bounds and scope.parameter(name.id) is None:
        scope = scope.parent
    if scope is None:
        return True
    at = name.start if scope is routine else None
    bounds = list(reaching(scope, scope.bounds.get(name.id, []), at))
    is_given = scope.parameter(name.id) is not None and name.id != scope.self_name
    is_rebound = any(bound.is_sure and at is not None for bound in bounds)
    given = given_for(values, scope, name.id) if is_given and not is_rebound else ()
    return all(_is_known(values, bound, depth) for bound in bounds) and all(
        _knows_value(values, value, caller, depth) for caller, value in given
    )


def _knows_attribute(values: Values, node: facts.Attribute, routine: Routine, depth: int) -> bool:
    classes = hierarchy(values, Instance(routine.owner)) if routine.owner is not None else []
    return all(_is_known(values, bound, depth) for cls in classes for bound in cls.attributes.get(node.name, []))


def _is_known(values: Values, bound: Bound, depth: int) -> bool:
    if bound.route:
        return bool(values.of(bound.value, bound.routine, bound.route))
    return _knows_value(values, bound.value, bound.routine, depth)


def _knows_value(values: Values, value: facts.Expression, routine: Routine, depth: int) -> bool:
    if isinstance(value, facts.Literal):
        return value.value is None
    return bool(values.of(value, routine)) and knows_all(values, value, routine, depth + 1)
