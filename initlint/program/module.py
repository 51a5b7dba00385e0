"""One module of the program: its names and what they are bound to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from initlint.program.nodes import statements
from initlint.reading import facts
from initlint.reading.source import SourceFile


@dataclass(frozen=True)
class ImportedBinding:
    """A name bound by an import: the module's dotted name, and the name in it (``None``: the module itself)."""

    module: str
    level: int
    name: str | None
    node: facts.Import


SIMPLE = (facts.Assign, facts.Evaluate, facts.AugmentedAssign, facts.Return)
"""Statements that hold no others."""
GROWING = frozenset({"append", "extend", "insert", "update", "add", "setdefault"})
"""Methods of lists, dictionaries and sets that add to them."""
Binding = facts.Class | facts.Function | facts.Assign | ImportedBinding


@dataclass(eq=False)
class Module:
    """A source file as a module of the program."""

    source: SourceFile
    bindings: dict[str, Binding] = field(default_factory=dict)
    star_imports: list[ImportedBinding] = field(default_factory=list)
    items: dict[str, list[facts.Assign]] = field(default_factory=dict)
    """For a name: the top-level assignments to an item of what it is bound to, as registries are filled."""
    calls: list[facts.Call] = field(default_factory=list)
    """Top-level calls whose result nobody keeps."""

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def is_script(self) -> bool:
        """Whether it is meant to be run: it tests ``__name__`` at its top level."""
        tests = (s.test for s in self.source.facts.body if isinstance(s, facts.If))
        return any(
            isinstance(t, facts.Compare) and isinstance(t.left, facts.Name) and t.left.id == "__name__" for t in tests
        )

    @cached_property
    def simple_statements(self) -> dict[tuple[int | None, int], facts.Statement]:
        """For each cell and line of it: the last statement there that holds no others."""
        found: dict[tuple[int | None, int], facts.Statement] = {}
        for statement in statements(self.source.facts.body):
            if isinstance(statement, SIMPLE):
                where = self.source.place(statement.start, statement.end)
                found.update(((where.cell, line), statement) for line in range(where.line, where.end_line + 1))
        return found

    @cached_property
    def fillers(self) -> dict[str, list[facts.Function]]:
        """For a name: the functions of the module that set an item of what it is bound to, for others to call."""
        found: dict[str, list[facts.Function]] = {}
        for function in [each for each in self.bindings.values() if isinstance(each, facts.Function)]:
            for name in _filled(function):
                found.setdefault(name, []).append(function)
        return found

    @cached_property
    def registered(self) -> dict[str, list[facts.Call | facts.Function | facts.Class]]:
        """For a name: the top-level calls of methods of what it is bound to, and the definitions that such a method
        decorates, in order."""
        found: dict[str, list[facts.Call | facts.Function | facts.Class]] = {}
        for statement in flatten(self.source.facts.body):
            if isinstance(statement, facts.Evaluate) and isinstance(statement.value, facts.Call):
                for name in _owners(statement.value):
                    found.setdefault(name, []).append(statement.value)
            elif isinstance(statement, (facts.Function, facts.Class)):
                for name in {name for decorator in statement.decorators for name in _owners(decorator)}:
                    found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def grown(self) -> set[str]:
        """Names of collections that top-level loops set items of, or that top-level calls add to."""
        loops = [each for each in flatten(self.source.facts.body) if isinstance(each, (facts.For, facts.While))]
        inside = [each for loop in loops for each in statements((*loop.body, *loop.otherwise))]
        assigned = (target for each in inside if isinstance(each, facts.Assign) for target in each.targets)
        stored = [target.value for target in assigned if isinstance(target, facts.Subscript)]
        alone = (each.value for each in inside if isinstance(each, facts.Evaluate))
        calls = [*self.calls, *(value for value in alone if isinstance(value, facts.Call))]
        methods = [call.function for call in calls if isinstance(call.function, facts.Attribute)]
        owners = [*stored, *(method.value for method in methods if method.name in GROWING)]
        return {owner.id for owner in owners if isinstance(owner, facts.Name)}

    @staticmethod
    def of(source: SourceFile) -> Module:
        """The module of a file, its top-level names collected."""
        module = Module(source)
        for statement in flatten(source.facts.body):
            module._bind(statement)
        return module

    def _bind(self, statement: facts.Statement) -> None:
        if isinstance(statement, facts.Import):
            self.bind_import(statement)
        elif isinstance(statement, (facts.Class, facts.Function)):
            self.bindings[statement.name] = statement
        elif isinstance(statement, facts.Assign):
            for target in statement.targets:
                for name in target_names(target):
                    self.bindings[name] = statement
                if isinstance(target, facts.Subscript) and isinstance(target.value, facts.Name):
                    self.items.setdefault(target.value.id, []).append(statement)
        elif isinstance(statement, facts.Evaluate) and isinstance(statement.value, facts.Call):
            self.calls.append(statement.value)

    def of_import(self, statement: facts.Import) -> Module:
        """A module that binds what one import in this one brings in, and nothing else."""
        local = Module(self.source)
        local.bind_import(statement)
        return local

    def bind_import(self, statement: facts.Import) -> None:
        """Binds the names an import brings in."""
        for imported in statement.names:
            if not statement.is_from:
                name = imported.alias or imported.name.partition(".")[0]
                target = imported.name if imported.alias else name
                self.bindings[name] = ImportedBinding(target, 0, None, statement)
            elif imported.name == "*":
                self.star_imports.append(ImportedBinding(statement.module or "", statement.level, "*", statement))
            else:
                binding = ImportedBinding(statement.module or "", statement.level, imported.name, statement)
                name = imported.alias or imported.name
                if not isinstance(self.bindings.get(name), ImportedBinding):  # what stands there is a fallback for it
                    self.bindings[name] = binding


def flatten(body: Iterable[facts.Statement]) -> Iterator[facts.Statement]:
    """The statements of a body and of the `if`, `try` and `with` blocks in it, in order.

    Of a ``try``, the handlers come first, so that what the body binds wins over its fallback.
    """
    for statement in body:
        if isinstance(statement, facts.If):
            yield from flatten(statement.otherwise)
            yield from flatten(statement.body)
        elif isinstance(statement, facts.Try):
            for handler in statement.handlers:
                yield from flatten(handler.body)
            yield from flatten((*statement.body, *statement.otherwise, *statement.final))
        elif isinstance(statement, facts.With):
            yield from flatten(statement.body)
        else:
            yield statement


def _owners(node: facts.Expression) -> Iterator[str]:
    """The name of what a method is called on, ``name.method(...)``, or that it is read from, ``name.method``."""
    method = node.function if isinstance(node, facts.Call) else node
    if isinstance(method, facts.Attribute) and isinstance(method.value, facts.Name):
        yield method.value.id


def _filled(function: facts.Function) -> set[str]:
    """The names of things outside of a function that it sets items of."""
    assigned = [target for each in flatten(function.body) if isinstance(each, facts.Assign) for target in each.targets]
    owners = [target.value for target in assigned if isinstance(target, facts.Subscript)]
    own = {each.name for each in function.parameters} | {name for each in assigned for name in target_names(each)}
    return {owner.id for owner in owners if isinstance(owner, facts.Name)} - own


def target_names(target: facts.Expression) -> Iterator[str]:
    """The plain names an assignment target binds."""
    if isinstance(target, facts.Name):
        yield target.id
    elif isinstance(target, facts.Sequence):
        for item in target.items:
            yield from target_names(item)
    elif isinstance(target, facts.Starred):
        yield from target_names(target.value)
