"""Engines that take the steps themselves: whether the configuration they are given asks for clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from initlint.frameworks import training as framework
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.expressions import dotted, spelled
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.routines import Bound, Routine, binding_scope, reaching
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 6
"""Names, attributes and functions followed from one configuration."""


class Settings(NamedTuple):
    """A dictionary of settings that is written out, or a call of ``dict``."""

    node: facts.Dictionary | facts.Call
    routine: Routine


def engine_may_clip(values: Values, engine: Foreign) -> bool:
    """Whether a configuration asks for clipping, or is not known in full."""
    found = settings_of(values, engine)
    return not found or any(map(_asks, found))


def settings_of(values: Values, engine: Foreign) -> list[Settings]:
    """All that an engine may be given as its configuration; nothing where that is not known, or changed later."""
    assert engine.call is not None and engine.routine is not None
    given = [one.value for one in engine.call.arguments if one.keyword in framework.ENGINE_SETTINGS]
    return _written(values, given[0], engine.routine, 0) if len(given) == 1 else []


def _written(values: Values, node: facts.Expression, routine: Routine, depth: int) -> list[Settings]:
    """The dictionaries that an expression gives; none if one of them is not known."""
    if isinstance(node, facts.Dictionary) or (isinstance(node, facts.Call) and dotted(node.function) == "dict"):
        return [Settings(node, routine)]
    if depth > DEEPEST:
        return []
    parts: list[tuple[facts.Expression, Routine]] = []
    if isinstance(node, facts.Conditional):
        parts = [(node.body, routine), (node.otherwise, routine)]
    elif isinstance(node, facts.Call):
        parts = [(value, target) for target in values.targets(node, routine) for value in target.returns]
    elif isinstance(node, (facts.Name, facts.Attribute)):
        bounds = _bounds_of(values, node, routine)
        places = {bound.routine for bound in bounds} | {routine}
        is_kept = not any(bound.route for bound in bounds) and not any(
            _is_changed(spelled(node), one) for one in places
        )
        parts = [(bound.value, bound.routine) for bound in bounds] if is_kept else []
    found = [_written(values, part, where, depth + 1) for part, where in parts]
    return [one for each in found for one in each] if all(found) else []


def _asks(settings: Settings) -> bool:
    """Whether it holds the bound, or may."""
    node = settings.node
    if isinstance(node, facts.Dictionary):
        return any(_sets(key, value) for key, value in zip(node.keys, node.values, strict=True))
    return any(one.star or one.keyword is None or _is_on(one.keyword, one.value) for one in node.arguments)


def _sets(key: facts.Expression | None, value: facts.Expression) -> bool:
    """Whether an item may be the bound; one that is unpacked, or under a name that is not known, may be."""
    return not isinstance(key, facts.Literal) or _is_on(key.value, value)


def _is_on(key: object, value: facts.Expression) -> bool:
    is_off = isinstance(value, facts.Literal) and value.value in framework.OFF
    return key == framework.ENGINE_CLIPPING and not is_off


def _bounds_of(values: Values, node: facts.Name | facts.Attribute, routine: Routine) -> list[Bound]:
    """What a name, or an attribute of the object itself, is bound to."""
    if isinstance(node, facts.Attribute):
        owners = [owner for owner in values.of(node.value, routine) if isinstance(owner, Instance)]
        return [
            one for owner in owners for cls in hierarchy(values, owner) for one in cls.attributes.get(node.name, ())
        ]
    scope = binding_scope(node.id, routine)
    if scope is None or scope.parameter(node.id) is not None:
        return []
    return list(reaching(scope, scope.bounds[node.id], node.start if scope is routine else None))


def _is_changed(name: str, routine: Routine) -> bool:
    """Whether a routine sets the bound in a dictionary under that name, or something that is not known."""
    for statement in routine.assigned:
        items = [one for one in statement.targets if isinstance(one, facts.Subscript) and spelled(one.value) == name]
        if statement.value is not None and any(_sets(one.index, statement.value) for one in items):
            return True
    return any(dotted(call.function) in (f"{name}.update", f"{name}.setdefault") for call in routine.calls)
