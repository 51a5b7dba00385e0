"""Layers that are put into a model right after it was made: a new head on a ready-made network, or on one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from initlint.frameworks import heads as framework
from initlint.frameworks import losses
from initlint.program.loops.expressions import receiver, terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.passing import index_in
from initlint.program.loops.routines import Routine
from initlint.program.nodes import nodes
from initlint.program.rebuilding import stored
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.ending import Held
    from initlint.program.loops.values import Values
    from initlint.program.module import Module


LAST = -2
"""The position that ``[-1]`` asks for."""


@dataclass(frozen=True)
class Head:
    """A layer stored under an attribute of a model, or at a position of the container there."""

    index: int | None
    """That position, or `LAST`; `None` for all that is under the attribute."""
    value: facts.Expression | None
    """`None` for a container that a method changes."""
    routine: Routine
    model: facts.Expression
    start: int
    end: int


class Put(NamedTuple):
    """What makes a layer, and where."""

    made: facts.Expression
    routine: Routine


def new_head(values: Values, model: Foreign | Instance, attributes: frozenset[str], last: int | None) -> Put | None:
    """The one layer that a model gets, right after it was made, for the one its output comes from; `None` for none.

    Raises `UnknownHeadError` if it may get others, or another time.
    """
    found = heads_of(values, model, attributes)
    if not found:
        return None
    head = found[0]
    is_last = head.index in (None, LAST) or (head.index == last and last is not None)
    if len(found) > 1 or head.value is None or not is_last or not _is_new_for(values, head, model):
        raise UnknownHeadError
    return Put(head.value, head.routine)


def own_head(values: Values, model: Instance, attributes: tuple[Held, ...]) -> Put | None:
    """The layer that a model of the program gets, right after it was made, for the one under the first attribute."""
    name = attributes[0].name if attributes else ""
    if model.call is None or model.routine is None or not _stores_under(model.routine, name):
        return None
    try:
        return new_head(values, model, frozenset({name}), None)
    except UnknownHeadError:
        return None


class UnknownHeadError(Exception):
    """What a model's output comes from is not known."""


def heads_of(values: Values, model: Foreign | Instance, attributes: frozenset[str]) -> list[Head]:
    """All that may be stored under some attributes of a model, wherever in the program."""
    if attributes not in values.heads:
        values.heads[attributes] = list(_stored_under(values, attributes))
    return [head for head in values.heads[attributes] if _may_be_of(values, head, model)]


def _stores_under(routine: Routine, attribute: str) -> bool:
    """Whether a routine stores something under an attribute of that name."""
    targets = (target for one in routine.assigned for target in one.targets)
    held = (target.value if isinstance(target, facts.Subscript) else target for target in targets)
    return any(isinstance(one, facts.Attribute) and one.name == attribute for one in held)


def _is_new_for(values: Values, head: Head, model: Foreign | Instance) -> bool:
    """Whether it is stored in that model, and no other, before anything was done with it but looking at it."""
    made, routine = model.call, model.routine
    if made is None or head.routine is not routine or not made.end <= head.start:
        return False
    owners = values.of(head.model, routine)
    is_own = [getattr(owner, "call", None) is made for owner in owners] == [True]
    return is_own and _runs_with(head, made, routine) and not _is_used_between(values, head, model)


def _stored_under(values: Values, attributes: frozenset[str]) -> Iterator[Head]:
    for module in values.links.modules:
        if _mentions(module, attributes):
            for routine, target, value in stored(values.links.program, module):
                held = target.value if isinstance(target, facts.Subscript) else target
                if isinstance(held, facts.Attribute) and held.name in attributes:
                    index = _position(target.index) if isinstance(target, facts.Subscript) else None
                    yield Head(index, value, routine, held.value, target.start, target.end)
            for routine in values.links.scopes(module).routines:
                yield from _changed_in(routine, attributes)


def _changed_in(routine: Routine, attributes: frozenset[str]) -> Iterator[Head]:
    """Containers under an attribute of anything but the object itself whose method changes them."""
    for call in routine.calls:
        held = receiver(call)
        if isinstance(held, facts.Attribute) and held.name in attributes and terminal_name(call) in losses.GROWING:
            yield Head(None, None, routine, held.value, call.start, call.end)


def _mentions(module: Module, attributes: frozenset[str]) -> bool:
    try:
        text = module.source.text()
    except (OSError, ValueError):
        return True
    return any(f".{name}" in text for name in attributes)


def _position(index: facts.Expression) -> int:
    is_last = isinstance(index, facts.Unary) and isinstance(index.operand, facts.Literal) and index.operand.value == 1
    return LAST if is_last else index_in(index)


def _may_be_of(values: Values, head: Head, model: Foreign | Instance) -> bool:
    owners = values.of(head.model, head.routine)
    return not owners or any(getattr(owner, "call", None) is model.call for owner in owners)


def _runs_with(head: Head, made: facts.Call, routine: Routine) -> bool:
    """Whether every branch and loop around the one holds the other."""
    blocks = (*routine.branches, *routine.loops)
    around = [one for one in blocks if one.start <= head.start and head.end <= one.end]
    return all(one.start <= made.start and made.end <= one.end for one in around)


def _is_used_between(values: Values, head: Head, model: Foreign | Instance) -> bool:
    assert model.call is not None and model.routine is not None
    for call in model.routine.calls:
        is_between = model.call.end <= call.start and call.end <= head.start
        if is_between and terminal_name(call.function) not in framework.LOOKS_ON and _takes(values, call, model):
            return True
    return False


def _takes(values: Values, call: facts.Call, model: Foreign | Instance) -> bool:
    """Whether a call is one of the model, or is given it."""
    assert model.routine is not None
    names = [node for one in (call.function, *(one.value for one in call.arguments)) for node in nodes(one)]
    return any(
        getattr(value, "call", None) is model.call
        for node in names
        if isinstance(node, (facts.Name, facts.Attribute))
        for value in values.of(node, model.routine)
    )
