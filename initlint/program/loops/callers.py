"""Where a routine is called from, and what it is given there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.program.loops.classes import find_method, is_related, subclasses
from initlint.program.loops.expressions import argument, dotted, terminal_name
from initlint.program.loops.routines import ClassScope, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

MOST_CALLERS = 60
"""Calls of one routine that are looked at."""


def find_callers(values: Values, routine: Routine) -> Iterator[tuple[Routine, facts.Call]]:
    """The calls that may run a routine, and the routines they stand in."""
    found = 0
    for caller, call in _candidates(values, routine):
        if _may_run(values, call, caller, routine) and routine in values.targets(call, caller):
            found += 1
            yield caller, call
        if found >= MOST_CALLERS:
            return
    if not found and values.links.read_more(_name_called(routine), routine.module):
        yield from find_callers(values, routine)


def _name_called(routine: Routine) -> str:
    return routine.owner.name if routine.owner is not None and routine.name == "__init__" else routine.name


def _candidates(values: Values, routine: Routine) -> Iterator[tuple[Routine, facts.Call]]:
    """The calls under a name that may be the routine's."""
    if routine.owner is None or not routine.name.startswith("__"):
        yield from values.links.calls_of(routine.name)
        return
    derived = subclasses(values, routine.owner)
    for cls in (routine.owner, *derived):  # a special method is called by name as `super().name()` alone
        for method in cls.methods.values():
            yield from ((method, call) for call in method.calls if terminal_name(call.function) == routine.name)
    if routine.name == "__init__":
        built = [routine.owner, *(cls for cls in derived if find_method(values, cls, "__init__") is routine)]
        for name in dict.fromkeys(("cls", *(cls.name for cls in built))):
            yield from values.links.calls_of(name)


def _may_run(values: Values, call: facts.Call, caller: Routine, routine: Routine) -> bool:
    """Told from the form of a call alone: false if it cannot run a routine, whatever its names are worth."""
    function = call.function
    if isinstance(function, facts.Name):
        return routine.owner is None or function.id != routine.name
    if not isinstance(function, facts.Attribute):
        return True
    root = dotted(function).partition(".")[0]
    is_own = root in ("super", caller.self_name)
    if routine.owner is None:
        return not is_own and _is_imported(root, caller)
    if is_own and isinstance(function.value, (facts.Name, facts.Call)):
        return caller.owner is not None and is_related(values, caller.owner, routine.owner)
    return function.name != "__init__" or terminal_name(function.value) == routine.owner.name


def _is_imported(root: str, caller: Routine) -> bool:
    """Whether a name may stand for a module."""
    scope: Routine | None = caller
    while scope is not None:
        if root in scope.bounds or scope.parameter(root) is not None:
            return False
        if scope.importing(root):
            return True
        scope = scope.parent
    return True


def given_for(values: Values, routine: Routine, name: str) -> Iterator[tuple[Routine, facts.Expression]]:
    """What the calls of a routine give for a parameter, and the routines they stand in."""
    names = [one.name for one in routine.parameters if one.kind in ("positional", "normal")]
    position = names.index(name) - (routine.self_name is not None) if name in names else None
    for caller, call in values.callers(routine):
        shift = _is_unbound(values, routine, caller, call)
        given = argument(call, name, None if position is None else position + shift)
        if given is not None:
            yield caller, given


def _is_unbound(values: Values, routine: Routine, caller: Routine, call: facts.Call) -> bool:
    """Whether it is ``Base.__init__(self, ...)``, which gives the object itself first."""
    function = call.function
    if routine.self_name is None or not isinstance(function, facts.Attribute) or function.name != routine.name:
        return False
    owners = [] if terminal_name(function.value) == "super" else values.of(function.value, caller)
    return any(isinstance(owner, ClassScope) for owner in owners)


def given_to_field(values: Values, cls: ClassScope, name: str) -> Iterator[tuple[Routine, facts.Expression]]:
    """What the constructor of a dataclass is given for a field, and the routines it is called in."""
    annotated = [one.targets[0] for one in cls.node.body if isinstance(one, facts.Assign) and one.annotation]
    fields = [target.id for target in annotated if isinstance(target, facts.Name)]
    if name not in fields or find_method(values, cls, "__init__") is not None:
        return
    for caller, call in values.links.calls_of(cls.name):
        if any(value is cls for value in values.of(call.function, caller)):
            given = argument(call, name, fields.index(name))
            if given is not None:
                yield caller, given
