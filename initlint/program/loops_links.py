"""Finds routines and classes across the modules of a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from initlint.program.loops_routines import ClassScope, ModuleScopes, Routine
from initlint.program.module import Module
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.program import Program


class Links:
    """The scopes of the program's modules, made when they are first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._scopes: dict[int, ModuleScopes] = {}
        self._routines: dict[int, Routine] = {}
        self._classes: dict[int, ClassScope] = {}
        self._packed: dict[int, bytes] = {}
        self._aliases: dict[str, set[str]] | None = None

    def scopes(self, module: Module) -> ModuleScopes:
        """What stands in a module."""
        found = self._scopes.get(id(module))
        if found is None:
            found = self._scopes[id(module)] = ModuleScopes.of(module)
            self._routines.update((id(routine.node), routine) for routine in found.routines if routine.node is not None)
            self._classes.update((id(scope.node), scope) for scope in found.classes)
        return found

    def routine_of(self, module: Module, node: facts.Function) -> Routine:
        self.scopes(module)
        return self._routines[id(node)]

    def class_of(self, module: Module, node: facts.Class) -> ClassScope:
        self.scopes(module)
        return self._classes[id(node)]

    def mentioning(self, *words: str) -> Iterator[Module]:
        """The modules to report on in which all of these names stand somewhere, told without walking them."""
        wanted = [word.encode() for word in words]
        for module in self.program.modules:
            packed = self._packed.get(id(module))
            if packed is None:
                packed = self._packed[id(module)] = msgspec.msgpack.encode(module.source.facts)
            if all(word in packed for word in wanted):
                yield module

    def calls_of(self, name: str) -> Iterator[tuple[Routine, facts.Call]]:
        """Every call of something with that last name, or of what is imported from that name under another."""
        for alias in (name, *sorted(self._aliases_of(name))):
            for module in self.mentioning(alias):
                yield from self.scopes(module).calls.get(alias, ())

    def _aliases_of(self, name: str) -> set[str]:
        if self._aliases is None:
            self._aliases = {}
            for module in self.program.modules:
                for alias, binding in module.bindings.items():
                    original = getattr(binding, "name", None)
                    if original is not None and original != alias:
                        self._aliases.setdefault(original, set()).add(alias)
        return self._aliases.get(name, set())
