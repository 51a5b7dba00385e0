"""The functions and classes of a program as they are written, and what a class derives from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.finding import Place
from initlint.frameworks.torch import MODULE_BASES, canonical, layer_spec
from initlint.program.module import Module, flatten
from initlint.program.nodes import nodes
from initlint.program.program import Program
from initlint.program.resolution import Definition, External
from initlint.reading import facts

DEEPEST = 12
"""Base classes followed upwards."""


@dataclass(frozen=True)
class Written:
    """A function, and the class it is a method of."""

    module: Module
    node: facts.Function
    cls: facts.Class | None

    @property
    def place(self) -> Place:
        """Where its name stands."""
        return self.module.source.place(self.node.start, self.node.end)


def functions(module: Module) -> Iterator[Written]:
    """The functions at the top level of a module and the methods of its classes."""
    for statement in flatten(module.source.facts.body):
        if isinstance(statement, facts.Function):
            yield Written(module, statement, None)
        elif isinstance(statement, facts.Class):
            for member in flatten(statement.body):
                if isinstance(member, facts.Function):
                    yield Written(module, member, statement)


@dataclass(frozen=True)
class Lineage:
    """A class and what it derives from."""

    classes: tuple[Definition, ...]
    """Of the program, itself first."""
    externals: frozenset[str]
    """Canonical names of bases outside the program; a base that leads nowhere is the empty name."""

    @property
    def is_module(self) -> bool:
        """Whether it surely is a module of the framework."""
        return any(name in MODULE_BASES or layer_spec(name) is not None for name in self.externals)

    @property
    def is_known(self) -> bool:
        """Whether every base is of the program or a known one of the framework's."""
        return all(name in MODULE_BASES or layer_spec(name) is not None for name in self.externals)

    def inherited(self) -> set[str]:
        """Names of the methods that the bases of the program have."""
        found: set[str] = set()
        for base in self.classes[1:]:
            found.update(member.name for member in flatten(base.node.body) if isinstance(member, facts.Function))  # type: ignore[union-attr]
        return found


def lineage(program: Program, module: Module, cls: facts.Class) -> Lineage:
    """What a class derives from, as far as the program knows."""
    classes: list[Definition] = []
    externals: set[str] = set()
    waiting = [Definition(module, cls, cls.name)]
    while waiting and len(classes) < DEEPEST:
        current = waiting.pop(0)
        classes.append(current)
        assert isinstance(current.node, facts.Class)
        for base in current.node.bases:
            if base.keyword is not None:
                continue
            found = program.resolve_expression(current.module, base.value)
            if isinstance(found, Definition) and isinstance(found.node, facts.Class):
                waiting.append(found)
            elif not _is_plain_base(base.value):
                externals.add(canonical(found.name) if isinstance(found, External) else "")
    return Lineage(tuple(classes), frozenset(externals))


def _is_plain_base(base: facts.Expression) -> bool:
    """``object``, ``ABC`` and ``Generic[T]`` add nothing."""
    if isinstance(base, facts.Subscript):
        base = base.value
    name = base.id if isinstance(base, facts.Name) else getattr(base, "name", "")
    return name in ("object", "ABC", "Generic", "Protocol")


def class_at(program: Program, place: Place) -> tuple[Module, facts.Class] | None:
    """The class of the program whose body holds a place."""
    module = program.module_shown(place.path)
    for statement in flatten(module.source.facts.body) if module is not None else ():
        if isinstance(statement, facts.Class):
            assert module is not None
            whole = module.source.place(statement.start, statement.body_end)
            if whole.cell == place.cell and whole.line <= place.line <= whole.end_line:
                return module, statement
    return None


def statement_at(program: Program, place: Place) -> facts.Statement | None:
    """The innermost statement of the program that holds a place and no further statement that does."""
    module = program.module_shown(place.path)
    return None if module is None else module.simple_statements.get((place.cell, place.line))


def nodes_at(program: Program, place: Place) -> Iterator[facts.Node]:
    """The nodes of the program that stand exactly at a place, the outermost first."""
    statement, module = statement_at(program, place), program.module_shown(place.path)
    return (node for node in nodes(statement) if module and module.source.place(node.start, node.end) == place)


def call_at(program: Program, place: Place) -> facts.Call | None:
    """The call of the program that stands exactly at a place."""
    return next((node for node in nodes_at(program, place) if isinstance(node, facts.Call)), None)
