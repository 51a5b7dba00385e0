"""What names are bound to where they are read, as far as imports go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from initlint.fix.layout import blocks_of
from initlint.program.module import target_names
from initlint.program.nodes import nodes
from initlint.reading import facts

Named = tuple[str, "str | None"]
"""A name, and the dotted name an import binds it to; ``None``: it is something else."""


@dataclass
class Scope:
    """The names that a file or a function binds."""

    imported: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name -> what it is, and the offset behind its import: those that an import binds whatever happens, and nothing
    else does."""
    taken: set[str] = field(default_factory=set)
    """All the others."""

    @staticmethod
    def of(body: tuple[facts.Statement, ...], parameters: tuple[str, ...] = ()) -> Scope:
        """The names that the statements of a body bind, without those in nested definitions."""
        scope = Scope(taken=set(parameters))
        certain = {id(statement) for statement in _certain(body)}
        seen: dict[str, str] = {}
        for statement in _statements(body):
            for name, dotted in _bound(statement):
                if dotted is None or seen.setdefault(name, dotted) != dotted:
                    scope.taken.add(name)
                elif id(statement) in certain:
                    scope.imported.setdefault(name, (dotted, statement.end))
        scope.taken |= seen.keys() - scope.imported.keys()
        scope.imported = {name: found for name, found in scope.imported.items() if name not in scope.taken}
        return scope


def scopes_at(file: facts.FileFacts, offset: int) -> list[Scope]:
    """The scopes that a name at an offset is looked up in, the file's last.

    That of a class counts for its methods, too: a name that it binds is better left alone. What the patterns of a
    ``match`` bind is not in the facts.
    """
    found = [Scope.of(file.body)]
    body = file.body
    while (inner := next((one for one in _definitions(body) if _holds(one, offset)), None)) is not None:
        if isinstance(inner, facts.Function):
            found.insert(0, Scope.of(inner.body, tuple(each.name for each in inner.parameters)))
        else:
            own = Scope.of(inner.body)
            found.insert(0, Scope(taken=own.taken | own.imported.keys()))
        body = inner.body
    return [Scope(taken=_bound_in_expressions(body, offset)), *found]


def _holds(definition: facts.Function | facts.Class, offset: int) -> bool:
    return definition.start <= offset <= definition.body_end


def _definitions(body: tuple[facts.Statement, ...]) -> Iterator[facts.Function | facts.Class]:
    return (one for one in _statements(body) if isinstance(one, (facts.Function, facts.Class)))


def _statements(body: tuple[facts.Statement, ...]) -> Iterator[facts.Statement]:
    """Those of a body and of the blocks in it, definitions left closed."""
    for statement in body:
        yield statement
        if not isinstance(statement, (facts.Function, facts.Class)):
            for block in blocks_of(statement):
                yield from _statements(block)


def _certain(body: tuple[facts.Statement, ...]) -> Iterator[facts.Statement]:
    """Those that run if the body does."""
    for statement in body:
        yield statement
        if isinstance(statement, (facts.Try, facts.With)):
            yield from _certain(statement.body)


def _bound(statement: facts.Statement) -> Iterator[Named]:
    """The names a statement binds itself."""
    if isinstance(statement, facts.Import):
        yield from _imported(statement)
    elif isinstance(statement, (facts.Function, facts.Class)):
        yield statement.name, None
    else:
        yield from ((name, None) for name in _assigned(statement))


def _imported(statement: facts.Import) -> Iterator[Named]:
    for each in statement.names:
        if each.name == "*":
            continue
        if not statement.is_from:
            name = each.alias or each.name.partition(".")[0]
            yield name, each.name if each.alias else name
        else:
            name = each.alias or each.name
            yield name, None if statement.level else f"{statement.module}.{each.name}"


def _assigned(statement: facts.Statement) -> Iterator[str]:
    targets: list[facts.Expression | None] = []
    if isinstance(statement, facts.Assign):
        targets += statement.targets
    elif isinstance(statement, (facts.AugmentedAssign, facts.For, facts.Delete)):
        targets.append(statement.target)
    elif isinstance(statement, facts.With):
        targets += (item.target for item in statement.items)
    elif isinstance(statement, facts.Try):
        yield from (handler.name for handler in statement.handlers if handler.name)
    for target in targets:
        if target is not None:
            yield from target_names(target)


def _bound_in_expressions(body: tuple[facts.Statement, ...], offset: int) -> set[str]:
    """Names that a lambda or a comprehension around the offset, or any ``:=`` of the body, binds."""
    found: set[str] = set()
    for node in nodes(body):
        if isinstance(node, facts.NamedExpression):
            found.update(target_names(node.target))
        elif isinstance(node, facts.Lambda) and node.start <= offset <= node.end:
            found.update(each.name for each in node.parameters)
        elif isinstance(node, facts.Comprehension) and node.start <= offset <= node.end:
            found.update(name for clause in node.clauses for name in target_names(clause.target))
    return found
