"""What the modules of a program put into the registries of others: ``@MODELS.register("net")`` above a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from initlint.program.resolution import Definition
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.module import Module
    from initlint.program.program import Program

Registrations = Mapping[tuple[int, str], list[tuple["Module", str]]]
"""For a module (by identity) and a name at its top level: the other modules that call methods of what it is bound to, or
decorate with them, at their own, and the name that it has there."""


def find_registrations(program: Program) -> Registrations:
    """Those of the modules to report on, in their order."""
    found: dict[tuple[int, str], list[tuple[Module, str]]] = {}
    for module in program.modules:
        for name in module.registered:
            bound = program.resolve(module, name)
            if isinstance(bound, Definition) and isinstance(bound.node, facts.Assign) and bound.module is not module:
                found.setdefault((id(bound.module), bound.name), []).append((module, name))
    return found
