"""Which functions and methods a program uses, by name."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.program.functions import Written, lineage
from initlint.program.module import Module, flatten
from initlint.program.nodes import last_name, nodes
from initlint.program.program import Program
from initlint.reading import facts

PART_OF_NAME = 4
"""Characters of a string from which it counts as a part of a method's name."""
OWNERS = frozenset({"self", "cls", "super"})
"""What a method of the same object is called on."""


class Usage:
    """The names that are used in a program: on their own, on other objects, on ``self``, in strings."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._names: set[str] = set()
        self._attributes: set[str] = set()
        self._parts: set[str] = set()
        self._own: dict[int, set[str]] = {}
        self._classes: list[tuple[Module, facts.Class]] = []
        self._read_already: set[int] = set()

    def is_used(self, written: Written) -> bool:
        """Whether anything may call a function or method. Most are called where they stand: that is read first."""
        self._read(written.module)
        if self._is_called_by_its_own(written):
            return True
        for module in self._program.modules:
            self._read(module)
            if self._is_named(written.node.name):
                return True
        return self._is_called_by_its_own(written)

    def _is_named(self, name: str) -> bool:
        """Whether what has been read may mean it by an attribute of any object, or by a string."""
        return name in self._attributes or any(part in name for part in self._parts)

    def _is_called_by_its_own(self, written: Written) -> bool:
        """Whether a class that shares objects with its own calls it, or, of a function, anything; as far as was read."""
        name = written.node.name
        if written.cls is None:
            return name in self._names
        return any(name in self._own.get(id(cls), ()) for cls in self._related(written.cls))

    def _read(self, module: Module) -> None:
        if id(module) in self._read_already:
            return
        self._read_already.add(id(module))
        for statement in flatten(module.source.facts.body):
            if isinstance(statement, facts.Class):
                self._classes.append((module, statement))
                self._collect(statement, self._own.setdefault(id(statement), set()))
            else:
                self._collect(statement, self._names)

    def _collect(self, root: facts.Statement, own: set[str]) -> None:
        for node in nodes(root):
            kind = type(node)  # compared by identity: every node of the program comes by here
            if kind is facts.Name:
                self._names.add(node.id)  # type: ignore[attr-defined]
                own.add(node.id)  # type: ignore[attr-defined]
            elif kind is facts.Attribute:
                (own if last_name(node.value) in OWNERS else self._attributes).add(node.name)  # type: ignore[attr-defined]
            elif kind is facts.Literal:
                if isinstance(node.value, str):  # type: ignore[attr-defined]
                    self._attributes.update(node.value.split())  # type: ignore[attr-defined]
            elif isinstance(node, facts.Import):
                self._names.update(imported.name for imported in node.names)
            elif isinstance(node, facts.FormattedString):
                self._parts.update(part for part in node.parts if isinstance(part, str) and _is_part(part))

    def _related(self, cls: facts.Class) -> Iterator[facts.Class]:
        """The class, and whatever shares a descendant with it."""
        for module, other in self._classes:
            line = [
                base.node
                for base in lineage(self._program, module, other).classes
                if isinstance(base.node, facts.Class)
            ]
            if any(base is cls for base in line):
                yield from line


def _is_part(text: str) -> bool:
    return len(text) >= PART_OF_NAME and text.isidentifier()
