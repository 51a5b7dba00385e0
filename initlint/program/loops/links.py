"""Finds routines, classes and calls across the modules of a program, and walks only the modules that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.loops.scopes import ModuleScopes
from initlint.program.module import Module, flatten
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.program import Program


MOST_READ = 20
"""Files that seemed not to matter, read for the callers of one routine."""


class Links:
    """The scopes of the program's modules, made when they are first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.modules = program.modules
        self._scopes: dict[int, ModuleScopes] = {}
        self._routines: dict[int, Routine] = {}
        self._classes: dict[int, ClassScope] = {}
        self._unread = program.unread
        self._texts: dict[Path, bytes] = {}

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
            for name in names_called(module):
                found.setdefault(name, []).append(module)
        return found

    def read_more(self, name: str, module: Module) -> bool:
        """Reads the files that seemed not to matter but name a definition and the module it stands in."""
        where = module.path.parent.name if module.path.stem == "__init__" else module.path.stem
        more = [path for path in self._unread if self._names(path, name) and self._names(path, where)]
        for path in more[:MOST_READ]:
            self._unread.remove(path)
            read = self.program.read(path)
            if read is not None:
                for called in names_called(read):
                    self._called.setdefault(called, []).append(read)
        return bool(more)

    def _names(self, path: Path, word: str) -> bool:
        text = self._bytes(path)  # looked through for the mere letters first, which is much faster
        return word.encode() in text and re.search(rf"\b{re.escape(word)}\b".encode(), text) is not None

    def _bytes(self, path: Path) -> bytes:
        if path not in self._texts:
            try:
                self._texts[path] = path.read_bytes()
            except OSError:
                self._texts[path] = b""
        return self._texts[path]

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


def names_called(module: Module) -> set[str]:
    """The last names of all that is called in a module."""
    body = module.source.facts.body
    inner = (one.called for one in flatten(body) if isinstance(one, (facts.Function, facts.Class)))
    return {*module.source.facts.called, *(name for names in inner for name in names)}
