"""Whether all that an expression may be is known, not only some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.expressions import dotted, spelled
from initlint.program.loops.objects import Instance
from initlint.program.loops.routines import Bound, Routine, binding_scope, reaching
from initlint.program.resolution import Definition
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
    if isinstance(node, facts.Subscript):
        return _knows_items(values, node.value, routine, depth)
    if isinstance(node, facts.Call):
        if isinstance(node.function, facts.Subscript) and not knows_all(values, node.function, routine, depth + 1):
            return False
        makers = [callee for callee in values.callees(node, routine) if isinstance(callee, Routine)]
        return all(_knows_value(values, one, maker, depth) for maker in makers for one in maker.returns)
    return True


def _knows_items(values: Values, node: facts.Expression, routine: Routine, depth: int) -> bool:
    """Whether a collection that is indexed is written out under the one name it has, and gets nothing later."""
    if not isinstance(node, facts.Name):
        return True
    bounds, holder = _bounds_of(values, node, routine)
    if not all(isinstance(bound.value, facts.Dictionary) for bound in bounds):
        return True
    items = [(item, bound) for bound in bounds for item in _items_of(bound.value)]
    modules = {id(module): module for module in (holder.module, routine.module)}.values()
    routines = [one for module in modules for one in values.links.scopes(module).routines]
    return not any(_fills(one, node.id) for one in routines) and all(
        item is not None and _knows_value(values, item, bound.routine, depth) for item, bound in items
    )


def _bounds_of(values: Values, name: facts.Name, routine: Routine) -> tuple[list[Bound], Routine]:
    """The bindings of a name, those of the module that it is imported from included, and the scope they stand in."""
    scope: Routine | None = routine
    while scope is not None:
        if name.id in scope.bounds:
            return scope.bounds[name.id], scope
        scope = scope.parent
    found = values.links.program.resolve(routine.module, name.id)
    if not isinstance(found, Definition):
        return [], routine
    script = values.links.scopes(found.module).script
    return script.bounds.get(found.name, []), script


def _fills(routine: Routine, name: str) -> bool:
    """Whether a routine puts more into a dictionary of that name."""
    targets = (target for one in routine.assigned for target in one.targets)
    is_set = any(isinstance(one, facts.Subscript) and spelled(one.value) == name for one in targets)
    return is_set or any(dotted(call.function) in (f"{name}.update", f"{name}.setdefault") for call in routine.calls)


def _items_of(node: facts.Expression) -> tuple[facts.Expression | None, ...]:
    """The values of a dictionary; `None` for one that is unpacked into it."""
    assert isinstance(node, facts.Dictionary)
    return tuple(None if key is None else value for key, value in zip(node.keys, node.values, strict=True))


def _knows_name(values: Values, name: facts.Name, routine: Routine, depth: int) -> bool:
    scope = binding_scope(name.id, routine)
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
