"""What an expression may be worth, as far as models, optimisers and functions go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.module import Module
from initlint.reading import facts


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a class of the program; without a call it is the ``self`` of a method, its routine."""

    cls: ClassScope
    call: facts.Call | None = None
    routine: Routine | None = None


@dataclass(frozen=True, eq=False)
class Foreign:
    """Something outside the program by its dotted name; with a call, what calling it gives."""

    name: str
    call: facts.Call | None = None
    routine: Routine | None = None


Value: TypeAlias = "Instance | Foreign | ClassScope | Routine | Module"


def distinct(values: Iterable[Value]) -> list[Value]:
    """Each value once; objects of one class by the call that makes them."""
    found: dict[tuple[object, ...], Value] = {}
    for value in values:
        if isinstance(value, Instance):
            key: tuple[object, ...] = ("instance", id(value.cls), id(value.call))
        elif isinstance(value, Foreign):
            key = ("foreign", value.name, id(value.call))
        else:
            key = (id(value),)
        found.setdefault(key, value)
    return list(found.values())
