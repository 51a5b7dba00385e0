"""Whether what was made is still the same where it is used: a layer of a model, the values of a tensor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import losses as framework
from initlint.frameworks import torch as layers
from initlint.program.ending import KEEPING, Ending, Held
from initlint.program.loops.classes import is_related
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.routines import ClassScope, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Value
    from initlint.program.module import Module
    from initlint.program.program import Program


def is_rebuilt(program: Program, ending: Ending) -> bool:
    """Whether something stores under an attribute that leads to it, or into a container that holds it."""
    return any(_is_stored(program, held) for held in ending.attributes) or _is_grown(program, ending)


def _is_stored(program: Program, held: Held) -> bool:
    """Whether code outside of a class stores under that attribute of what may be an object of it."""
    attribute = held.name
    for module in program.modules:
        if _mentions(module, attribute):
            for routine, target, _ in stored(program, module):
                if isinstance(target, facts.Attribute) and target.name == attribute:
                    owners = program.values.of(target.value, routine)
                    if not owners or any(_may_be(program, owner, held.cls) for owner in owners):
                        return True
    return False


def _may_be(program: Program, owner: Value, cls: ClassScope | None) -> bool:
    return isinstance(owner, Instance) and (cls is None or is_related(program.values, owner.cls, cls))


def is_filled_by_hand(program: Program, attribute: str) -> bool:
    """Whether code outside of a class stores into the collection that it keeps there, as ``model.biases[i] = state[i]``."""
    modules = [module for module in program.modules if _mentions(module, attribute, r"\[")]
    targets = (target for module in modules for _, target, _ in stored(program, module))
    kept = (target.value for target in targets if isinstance(target, facts.Subscript))
    return any(isinstance(one, facts.Attribute) and one.name == attribute and not _is_self(one.value) for one in kept)


def _is_self(owner: facts.Expression) -> bool:
    return isinstance(owner, facts.Name) and owner.id == "self"


def _mentions(module: Module, attribute: str, then: str = r"\s*=[^=]") -> bool:
    try:
        return re.search(rf"\.{re.escape(attribute)}{then}", module.source.text()) is not None
    except (OSError, ValueError):
        return True


def stored(
    program: Program, module: Module
) -> Iterator[tuple[Routine, facts.Attribute | facts.Subscript, facts.Expression | None]]:
    """Assignments in a module to parts of anything but the object whose method assigns: where, to what, and what."""
    for routine in program.values.links.scopes(module).routines:
        for one in routine.assigned:
            for target in one.targets:
                if isinstance(target, (facts.Attribute, facts.Subscript)):
                    owner = target.value
                    if not (isinstance(owner, facts.Name) and owner.id == routine.self_name):
                        yield routine, target, one.value


def _is_grown(program: Program, ending: Ending) -> bool:
    """Whether a container gets, or may get, another last layer after it was made."""
    if not ending.containers or ending.call is None:
        return False
    module = ending.call.routine.module
    changed: list[tuple[Routine, facts.Expression]] = [
        (routine, one) for routine, one, _ in stored(program, module) if isinstance(one, facts.Subscript)
    ]
    for routine in program.values.links.scopes(module).routines:
        changed += [(routine, call.function) for call in routine.calls if terminal_name(call) in framework.GROWING]
    return any(_is_one_of(program, target, routine, ending) for routine, target in changed)


def _is_one_of(program: Program, target: facts.Expression, routine: Routine, ending: Ending) -> bool:
    owner = target.value if isinstance(target, (facts.Attribute, facts.Subscript)) else None
    values = program.values.of(owner, routine)
    return any(isinstance(value, Foreign) and value.call in ending.containers for value in values)


def is_changed(name: str, scope: Routine) -> bool:
    """Whether a name's value is changed in place, as by ``x += y``, ``x[i] = y`` or ``x.log_()``."""
    targets = [one.target for one in scope.augmented] + [target for one in scope.assigned for target in one.targets]
    changed = [target.value if isinstance(target, facts.Subscript) else target for target in targets]
    own = {id(target) for one in scope.assigned for target in one.targets}
    is_stored = any(isinstance(one, facts.Name) and one.id == name and id(one) not in own for one in changed)
    return is_stored or any(_changes(call.function, name) for call in scope.calls)


def _changes(function: facts.Expression, name: str) -> bool:
    """Whether it is a method of what the name stands for that changes its values in place."""
    if not isinstance(function, facts.Attribute) or not isinstance(function.value, facts.Name):
        return False
    spec = layers.FUNCTIONS.get(function.name)
    is_kept = spec is not None and spec.op in KEEPING
    is_in_place = function.name.endswith("_") and not function.name.endswith("__")
    return function.value.id == name and is_in_place and not is_kept
