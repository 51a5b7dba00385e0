"""Finds routines, classes and calls across the modules of a program, and walks only the modules that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.program.loops_expressions import terminal_name
from initlint.program.loops_routines import ClassScope, ModuleScopes, Routine
from initlint.program.module import Module, flatten
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.program import Program


class Links:
    """The scopes of the program's modules, made when they are first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.modules = program.modules
        self._scopes: dict[int, ModuleScopes] = {}
        self._routines: dict[int, Routine] = {}
        self._classes: dict[int, ClassScope] = {}

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

    def calling(self, *names: str) -> list[Module]:
        """The modules to report on in which something with one of these last names is called."""
        found = {id(module): module for name in names for module in self._called.get(name, ())}
        return [module for module in self.modules if id(module) in found]

    def calls_of(self, name: str) -> Iterator[tuple[Routine, facts.Call]]:
        """Every call of something with that last name, or of what is imported from that name under another."""
        for alias in (name, *sorted(self._aliases.get(name, ()))):
            for module in self._called.get(alias, ()):
                yield from self.scopes(module).calls.get(alias, ())

    def derived_from(self, name: str) -> Iterator[ClassScope]:
        """The classes at the top of modules with a base of that last name, or of another for the same import."""
        for alias in (name, *sorted(self._aliases.get(name, ()))):
            for module, node in self._by_base.get(alias, ()):
                yield self.class_of(module, node)

    @cached_property
    def defined(self) -> set[str]:
        """Names of the functions and classes at the top of modules, and of the methods of those classes."""
        found: set[str] = set()
        for module in self.modules:
            for node in flatten(module.source.facts.body):
                if isinstance(node, (facts.Function, facts.Class)):
                    found.add(node.name)
                if isinstance(node, facts.Class):
                    found.update(
                        one.name for one in flatten(node.body) if isinstance(one, (facts.Function, facts.Class))
                    )
        return found

    @cached_property
    def _called(self) -> dict[str, list[Module]]:
        found: dict[str, list[Module]] = {}
        for module in self.modules:
            body = module.source.facts.body
            inner = (one.called for one in flatten(body) if isinstance(one, (facts.Function, facts.Class)))
            for name in {*module.source.facts.called, *(name for names in inner for name in names)}:
                found.setdefault(name, []).append(module)
        return found

    @cached_property
    def _by_base(self) -> dict[str, list[tuple[Module, facts.Class]]]:
        found: dict[str, list[tuple[Module, facts.Class]]] = {}
        for module in self.modules:
            classes = [node for node in flatten(module.source.facts.body) if isinstance(node, facts.Class)]
            for node in classes:
                for base in node.bases:
                    found.setdefault(terminal_name(base.value), []).append((module, node))
        return found

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for module in self.modules:
            for alias, binding in module.bindings.items():
                original = getattr(binding, "name", None)
                if original is not None and original != alias:
                    found.setdefault(original, set()).add(alias)
        return found
