"""Tests of branches: whether one is decided by others, wherever they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from initlint.program.loops.routines import Routine
from initlint.program.nodes import nodes
from initlint.reading import facts

Key: TypeAlias = object
Decided: TypeAlias = "Mapping[Key, tuple[bool, facts.Expression]]"
"""Outcome of each test that was decided on a way, by what it says and where its names are bound."""
OPPOSITES = {"!=": "==", "is not": "is", "not in": "in"}


class Outcomes:
    """Decides and assumes tests that stand in one routine."""

    def __init__(self, routine: Routine) -> None:
        self.routine = routine

    def decide(self, test: facts.Expression, decided: Decided) -> bool | None:
        """The outcome of a test; `None` if both are possible."""
        known = decided.get(self._key(test))
        if known is not None:
            return known[0]
        if isinstance(test, facts.Literal):
            return bool(test.value)
        if isinstance(test, facts.Unary) and test.operator == "not":
            inner = self.decide(test.operand, decided)
            return None if inner is None else not inner
        if isinstance(test, facts.Boolean):
            sides = {self.decide(test.left, decided), self.decide(test.right, decided)}
            settles = test.operator == "or"
            return settles if settles in sides else None if None in sides else not settles
        positive = _opposite(test)
        inner = self.decide(positive, decided) if positive is not None else None
        return None if inner is None else not inner

    def assume(self, test: facts.Expression, outcome: bool, decided: Decided) -> Decided:
        """What is decided when a test comes out so."""
        found = {**decided, self._key(test): (outcome, test)}
        if isinstance(test, facts.Unary) and test.operator == "not":
            return self.assume(test.operand, not outcome, found)
        if isinstance(test, facts.Boolean) and outcome is (test.operator == "and"):
            return self.assume(test.right, outcome, self.assume(test.left, outcome, found))
        positive = _opposite(test)
        return found if positive is None else self.assume(positive, not outcome, found)

    def outside(self, decided: Decided) -> Decided:
        """What stays decided when the routine is left."""
        own = id(self.routine)
        return {key: value for key, value in decided.items() if not (isinstance(key, tuple) and key[0] == own)}

    def _key(self, test: facts.Expression) -> Key:
        """What a test says; tests on local names of different routines say different things."""
        return (id(self.routine) if self._is_local(test) else 0, _said(test))

    def _is_local(self, test: facts.Expression) -> bool:
        names = {node.id for node in nodes(test) if isinstance(node, facts.Name)}
        routine = self.routine
        return any(
            name != routine.self_name and (name in routine.bounds or routine.parameter(name) is not None)
            for name in names
        )


def _opposite(test: facts.Expression) -> facts.Expression | None:
    """``a == b`` for ``a != b``."""
    if not isinstance(test, facts.Compare) or len(test.operators) != 1 or test.operators[0] not in OPPOSITES:
        return None
    return facts.Compare(test.start, test.end, test.left, (OPPOSITES[test.operators[0]],), test.comparators)


def _said(part: object) -> object:
    """A piece of source without its place, to be compared and hashed."""
    if isinstance(part, tuple):
        return tuple(map(_said, part))
    if isinstance(part, msgspec.Struct):
        fields = (name for name in part.__struct_fields__ if name not in ("start", "end"))
        return (type(part).__name__, *(_said(getattr(part, name)) for name in fields))
    return (type(part).__name__, part)
