"""Tests of branches: whether one is decided by others, wherever they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from initlint.program.loops.expressions import argument
from initlint.program.loops.routines import Routine
from initlint.program.nodes import nodes
from initlint.reading import facts

Key: TypeAlias = object
Decided: TypeAlias = "Mapping[Key, tuple[bool, facts.Expression]]"
"""Outcome of each test that was decided on a way, by what it says and where its names are bound."""
OPPOSITES = {"!=": "==", "is not": "is", "not in": "in"}


class Outcomes:
    """Decides and assumes tests that stand in one routine.

    In a routine that was called, a test on its parameters alone is one on what the call gives for them.
    """

    def __init__(self, routine: Routine, call: facts.Call | None = None, outer: Outcomes | None = None) -> None:
        self.routine = routine
        self._outer = outer
        self._given = {} if call is None else _given(routine, call)

    def decide(self, test: facts.Expression, decided: Decided) -> bool | None:
        """The outcome of a test; `None` if both are possible."""
        known = decided.get(self._key(test))
        if known is not None:
            return known[0]
        if self._outer is not None and (outside := self._translated(test)) is not None:
            return self._outer.decide(outside, decided)
        if isinstance(test, facts.Literal):
            return bool(test.value)
        if isinstance(test, facts.Compare) and (settled := _compared(test)) is not None:
            return settled
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
        outside = self._translated(test) if self._outer is not None else None
        if self._outer is not None and outside is not None:
            return self._outer._key(outside)
        return (id(self.routine) if self._is_local(test) else 0, _said(test))

    def _translated(self, test: facts.Expression) -> facts.Expression | None:
        """A test on parameters in the words of the call, if it is on nothing else that is bound here."""
        local = {node.id for node in nodes(test) if isinstance(node, facts.Name) and self._is_bound(node.id)}
        is_whole = bool(local) and local <= self._given.keys() and self.routine.bounds.keys().isdisjoint(local)
        return _substituted(test, self._given) if is_whole else None

    def _is_local(self, test: facts.Expression) -> bool:
        return any(self._is_bound(node.id) for node in nodes(test) if isinstance(node, facts.Name))

    def _is_bound(self, name: str) -> bool:
        routine = self.routine
        return name != routine.self_name and (name in routine.bounds or routine.parameter(name) is not None)


def _given(routine: Routine, call: facts.Call) -> dict[str, facts.Expression]:
    """What a call gives for the parameters of a routine, and their literal defaults, as far as it is plain."""
    names = [one.name for one in routine.parameters if one.kind in ("positional", "normal")]
    shift = routine.self_name is not None and not routine.is_class_method
    found: dict[str, facts.Expression] = {}
    for one in routine.parameters:
        position = names.index(one.name) - shift if one.name in names else None
        given = argument(call, one.name, position)
        if given is None and not any(other.star for other in call.arguments):
            given = one.default
        if isinstance(given, (facts.Name, facts.Attribute, facts.Literal)) and one.name != routine.self_name:
            found[one.name] = given
    return found


def _substituted(node: Any, given: Mapping[str, facts.Expression]) -> Any:
    """An expression with names replaced."""
    if isinstance(node, facts.Name):
        return given.get(node.id, node)
    if isinstance(node, tuple):
        return tuple(_substituted(one, given) for one in node)
    if isinstance(node, msgspec.Struct):
        changed = {name: _substituted(getattr(node, name), given) for name in node.__struct_fields__}
        return type(node)(**changed)
    return node


def _opposite(test: facts.Expression) -> facts.Expression | None:
    """``a == b`` for ``a != b``."""
    if not isinstance(test, facts.Compare) or len(test.operators) != 1 or test.operators[0] not in OPPOSITES:
        return None
    return facts.Compare(test.start, test.end, test.left, (OPPOSITES[test.operators[0]],), test.comparators)


def _compared(test: facts.Compare) -> bool | None:
    """The outcome of a comparison of two literals."""
    other = test.comparators[0]
    if len(test.operators) != 1 or not isinstance(test.left, facts.Literal) or not isinstance(other, facts.Literal):
        return None
    outcome = {"is": test.left.value is other.value, "==": test.left.value == other.value}
    return outcome.get(test.operators[0])


def _said(part: object) -> object:
    """A piece of source without its place, to be compared and hashed."""
    if isinstance(part, tuple):
        return tuple(map(_said, part))
    if isinstance(part, msgspec.Struct):
        fields = (name for name in part.__struct_fields__ if name not in ("start", "end"))
        return (type(part).__name__, *(_said(getattr(part, name)) for name in fields))
    return (type(part).__name__, part)
