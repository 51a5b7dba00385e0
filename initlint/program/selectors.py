"""Tests that pick what an init function initialises: ``if isinstance(m, nn.Linear): nn.init.zeros_(m.bias)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from initlint.finding import Place
from initlint.program.initialising import initialisations, initialising_nodes, may_initialise
from initlint.program.module import Module
from initlint.reading import facts


@dataclass(frozen=True)
class Selector:
    """An ``if`` with its ``elif``, at least one of which initialises."""

    place: Place
    """Of the first test."""
    tests: tuple[Place, ...]
    is_always_true: bool
    has_fallback: bool
    """Whether its ``else`` initialises too."""


@dataclass(frozen=True)
class Selecting:
    """A function that initialises what its selectors pick."""

    place: Place
    """From its name to its end."""
    selectors: list[Selector] = field(default_factory=list)


def selecting(module: Module) -> Iterator[Selecting]:
    """The functions of a module with selectors, those inside others on their own."""
    for node in initialising_nodes(module.source.facts):
        if isinstance(node, facts.Function) and may_initialise(node.called):
            found = Selecting(module.source.place(node.start, node.body_end))
            found.selectors.extend(_selectors(module, node.body))
            if found.selectors:
                yield found


def _selectors(module: Module, body: Sequence[facts.Statement]) -> Iterator[Selector]:
    """The outermost selectors of a body."""
    for statement in body:
        if isinstance(statement, facts.If):
            if next(initialisations((statement.body, statement.otherwise)), None) is not None:
                yield _selector(module, statement)
        elif isinstance(statement, (facts.For, facts.While, facts.With, facts.Try)):
            inner = [*statement.body, *getattr(statement, "otherwise", ()), *getattr(statement, "final", ())]
            yield from _selectors(module, inner)


def _selector(module: Module, node: facts.If) -> Selector:
    tests = [node.test]
    rest: Sequence[facts.Statement] = node.otherwise
    while len(rest) == 1 and isinstance(rest[0], facts.If):
        tests.append(rest[0].test)
        rest = rest[0].otherwise
    places = tuple(module.source.place(test.start, test.end) for test in tests)
    return Selector(places[0], places, _is_always_true(node.test), next(initialisations(tuple(rest)), None) is not None)


def _is_always_true(test: facts.Expression) -> bool:
    """``"a" or "b" in name``, of which a part is a string that is not empty."""
    if not isinstance(test, facts.Boolean) or test.operator != "or":
        return False
    parts = (test.left, test.right)
    return any(_is_text(part) or _is_always_true(part) for part in parts)


def _is_text(node: facts.Expression) -> bool:
    return isinstance(node, facts.Literal) and isinstance(node.value, str) and bool(node.value)
