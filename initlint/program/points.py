"""Where an expression stands that is followed to what made its value, and what is found on the way put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from initlint.program.ending import Call, Ending, Held
from initlint.program.loops.routines import Routine
from initlint.program.parts import Path
from initlint.reading import facts

Known = list[Ending] | None
"""All that it may be; `None` where one of them is not known."""


@dataclass(frozen=True)
class Point:
    """Where an expression stands, and what is asked of it."""

    routine: Routine
    path: Path = ()
    depth: int = 0
    is_raw: bool = True
    """Whether a log-softmax that was to come has been met."""
    is_part: bool = False
    """Whether some of its entries are picked."""

    def within(self, key: int | str) -> Point:
        return replace(self, path=(key, *self.path))


def held_by_attribute(ending: Ending, function: facts.Expression, routine: Routine) -> Ending:
    """The ending with the attribute of ``self`` that was called on the way to it, if one was."""
    if not isinstance(function, facts.Attribute) or not isinstance(function.value, facts.Name):
        return ending
    is_own = function.value.id == routine.self_name
    return replace(ending, attributes=(Held(function.name, routine.owner), *ending.attributes)) if is_own else ending


def applied_by(call: Call, given: facts.Expression | None, found: Known) -> Known:
    """The endings of a call of a layer, with that call; those of a container are called by it."""
    if found is None:
        return None
    is_own = [ending.is_layer and ending.applied is None and not ending.containers for ending in found]
    return [
        replace(ending, applied=call, given=given) if own else ending for ending, own in zip(found, is_own, strict=True)
    ]


def all_of(found: Iterable[Known]) -> Known:
    """Everything, if each is known and there is at least one."""
    endings: list[Ending] = []
    for each in found:
        if each is None:
            return None
        endings += each
    return list(dict.fromkeys(endings)) or None


def are_axes(options: tuple[facts.Argument, ...]) -> bool:
    """Whether nothing but an axis is given: what has a method of that name and takes more is no tensor."""
    return all(one.keyword is not None or isinstance(one.value, (facts.Literal, facts.Unary)) for one in options)
