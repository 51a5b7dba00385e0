"""The ways through a stretch of a program: which acts on gradients follow one another, calls of the program included.

Every branch that matters is taken both ways; a test that was decided on a way is not decided otherwise later on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from initlint.program.loops.events import Act, Event, Events
from initlint.program.loops.expressions import STRUCTS
from initlint.program.loops.outcomes import Decided, Outcomes
from initlint.program.loops.routines import Routine
from initlint.program.nodes import spelled_names
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

MOST_WAYS = 500
"""Ways kept side by side; beyond, a stretch is given up."""
DEEPEST = 6
"""Calls followed one inside another."""
MOST_TARGETS = 3
"""Routines that one call may run; beyond, it is not known what it does."""
DEFERRED = (facts.Lambda, facts.Function, facts.Class)
"""What holds code that does not run where it stands."""
Body: TypeAlias = "tuple[facts.Statement, ...]"


class TooManyWaysError(Exception):
    """A stretch that branches more than can be followed."""


@dataclass(frozen=True)
class Way:
    """One way through a stretch."""

    events: tuple[Event, ...] = ()
    decided: Decided = field(default_factory=dict)
    ended: str = ""
    """How it leaves before the end: ``"continue"``, ``"break"`` or ``"return"``; empty if it runs through."""

    def then(self, *events: Event) -> Way:
        return replace(self, events=self.events + events)

    def key(self) -> tuple[object, ...]:
        decided = frozenset((test, outcome) for test, (outcome, _) in self.decided.items())
        return (tuple(id(event.node) for event in self.events), decided, self.ended)


class Ways:
    """Follows the ways through routines."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.events = Events(values)
        self._acting: dict[tuple[int, int], frozenset[Act]] = {}
        self._open: list[Outcomes] = []
        """The routines that are being followed, outermost first, and what their tests say."""

    def through(self, routine: Routine, body: Body) -> list[Way]:
        """The ways through a body; raises `TooManyWaysError`."""
        self._open = [Outcomes(routine)]
        return self._run(body, routine, [Way()])

    # -------------------------------------------------------------------------------------------------------- what acts

    def acts(self, routine: Routine, body: object) -> frozenset[Act]:
        """What happens to gradients somewhere in a part of a routine, what it calls included."""
        found: set[Act] = set()
        for node in _executed(body):
            found |= self._acts_of(node, routine)
        return frozenset(found)

    def _acts_of(self, node: facts.Node, routine: Routine) -> frozenset[Act]:
        key = (id(node), id(routine))
        if key not in self._acting:
            self._acting[key] = frozenset()
            self._acting[key] = frozenset(self._find_acts(node, routine))
        return self._acting[key]

    def _find_acts(self, node: facts.Node, routine: Routine) -> Iterator[Act]:
        if isinstance(node, (facts.Assign, facts.AugmentedAssign)):
            event = self.events.of(node, routine)
            if event is not None:
                yield event.act
        elif isinstance(node, facts.Call):
            targets = self._targets(node, routine)
            inner = [act for target in targets for act in self.acts(target, _body(target))]
            event = None if inner and not self._is_direct(node, routine) else self._event(node, routine, targets)
            yield from inner
            if event is not None:
                yield event.act

    def _is_direct(self, call: facts.Call, routine: Routine) -> bool:
        """Whether a call acts itself, besides running what it is given: a step with a closure."""
        return bool(call.arguments) and not self.values.targets(call, routine)

    def _event(self, call: facts.Call, routine: Routine, targets: list[Routine]) -> Event | None:
        event = self.events.of(call, routine)
        return event or (None if targets else self.events.may_be(call, routine))

    def _targets(self, call: facts.Call, routine: Routine) -> list[Routine]:
        found = [one for one in self.values.targets(call, routine) if one.name != "__init__" and one.node is not None]
        return found or self._closures(call, routine)

    def _closures(self, call: facts.Call, routine: Routine) -> list[Routine]:
        """The functions of the same routine that a call is given to run."""
        given = (one.value.id for one in call.arguments if isinstance(one.value, facts.Name))
        return [routine.functions[name] for name in given if name in routine.functions]

    # ---------------------------------------------------------------------------------------------------------- walking

    def _run(self, body: Iterable[facts.Statement], routine: Routine, ways: list[Way]) -> list[Way]:
        for statement in body:
            going = [way for way in ways if not way.ended]
            if not going:
                break
            done = [way for way in ways if way.ended]
            ways = _distinct([*done, *self._step(statement, routine, going)])
        return ways

    def _step(self, statement: facts.Statement, routine: Routine, ways: list[Way]) -> list[Way]:
        if isinstance(statement, facts.If):
            return self._branch(statement, routine, ways)
        if isinstance(statement, (facts.For, facts.While)):
            return self._loop(statement, routine, ways)
        if isinstance(statement, facts.With):
            return self._run(statement.body, routine, self._evaluate(statement.items, routine, ways))
        if isinstance(statement, facts.Try):
            ways = self._run((*statement.body, *statement.otherwise), routine, ways)
            return [
                replace(after, ended=after.ended or way.ended)
                for way in ways
                for after in self._run(statement.final, routine, [replace(way, ended="")])
            ]
        if isinstance(statement, facts.Match):
            return [way for case in statement.cases for way in self._run(case.body, routine, ways)] + ways
        return self._simple(statement, routine, ways)

    def _simple(self, statement: facts.Statement, routine: Routine, ways: list[Way]) -> list[Way]:
        if isinstance(statement, facts.Raise):
            return []
        if isinstance(statement, DEFERRED):
            return ways
        ways = self._evaluate(statement, routine, ways)
        if isinstance(statement, (facts.Assign, facts.AugmentedAssign)):
            event = self.events.of(statement, routine)
            ways = [_forget(way.then(event) if event else way, statement) for way in ways]
        if isinstance(statement, facts.Return) or (isinstance(statement, facts.Keyword) and statement.word != "pass"):
            word = statement.word if isinstance(statement, facts.Keyword) else "return"
            return [replace(way, ended=word) for way in ways]
        return ways

    def _branch(self, branch: facts.If, routine: Routine, ways: list[Way]) -> list[Way]:
        ways = self._evaluate(branch.test, routine, ways)
        if not self._matters(branch, routine):
            return ways
        outcomes = self._open[-1]
        found: list[Way] = []
        for body, outcome in ((branch.body, True), (branch.otherwise, False)):
            taken = [way for way in ways if outcomes.decide(branch.test, way.decided) is not (not outcome)]
            assumed = [replace(way, decided=outcomes.assume(branch.test, outcome, way.decided)) for way in taken]
            found += self._run(body, routine, assumed)
        return found

    def _matters(self, branch: facts.If, routine: Routine) -> bool:
        body = (branch.body, branch.otherwise)
        return bool(self.acts(routine, body)) or any(map(_is_jump, _executed(body)))

    def _loop(self, loop: facts.For | facts.While, routine: Routine, ways: list[Way]) -> list[Way]:
        """Once and twice around: an act at the end of one round is seen before those at the start of the next."""
        head = loop.iterable if isinstance(loop, facts.For) else loop.test
        ways = self._evaluate(head, routine, ways)
        if not self.acts(routine, loop.body):
            return ways
        once = self._round(loop, routine, ways)
        again = [way for way in once if not way.ended]
        twice = self._round(loop, routine, [_forget(way, loop) for way in again])
        left = [replace(way, ended="" if way.ended == "break" else way.ended) for way in (*once, *twice)]
        return self._run(loop.otherwise, routine, _distinct(left))

    def _round(self, loop: facts.For | facts.While, routine: Routine, ways: list[Way]) -> list[Way]:
        found = self._run(loop.body, routine, ways)
        return _distinct([replace(way, ended="" if way.ended == "continue" else way.ended) for way in found])

    # ------------------------------------------------------------------------------------------------------------ calls

    def _evaluate(self, node: object, routine: Routine, ways: list[Way]) -> list[Way]:
        """The calls in an expression, in the order in which they run."""
        calls = [one for one in _executed(node) if isinstance(one, facts.Call)]
        for call in sorted(calls, key=lambda one: one.end):
            if self._acts_of(call, routine):
                ways = _distinct(self._call(call, routine, ways))
        return ways

    def _call(self, call: facts.Call, routine: Routine, ways: list[Way]) -> list[Way]:
        targets = [one for one in self._targets(call, routine) if self.acts(one, _body(one))]
        if len(targets) > MOST_TARGETS or len(self._open) > DEEPEST or self._is_circular(targets):
            return [way.then(Event(Act.UNKNOWN, call, routine)) for way in ways]
        if targets:
            ways = [way for target in targets for way in self._inside(target, call, ways)]
            if not self._is_direct(call, routine):
                return ways
        event = self._event(call, routine, targets)
        return [way.then(event) for way in ways] if event is not None else ways

    def _is_circular(self, targets: list[Routine]) -> bool:
        return any(one.routine in targets for one in self._open)

    def _inside(self, target: Routine, call: facts.Call, ways: list[Way]) -> list[Way]:
        is_run_by = any(one is target for one in self.values.targets(call, self._open[-1].routine))
        outcomes = Outcomes(target, call if is_run_by else None, self._open[-1])
        self._open.append(outcomes)
        try:
            found = self._run(_body(target), target, [replace(way, ended="") for way in ways])
        finally:
            self._open.pop()
        return [replace(way, ended="", decided=outcomes.outside(way.decided)) for way in found]


def _body(routine: Routine) -> Body:
    return routine.node.body if routine.node is not None else routine.module.source.facts.body


def _executed(root: object) -> Iterator[facts.Node]:
    """A part of a routine and every node below it that runs with it, in the order of the source."""
    stack = [root]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            stack.extend(reversed(current))
        elif isinstance(current, STRUCTS) and not isinstance(current, DEFERRED):
            if isinstance(current, facts.Node):
                yield current
            stack.extend(getattr(current, name) for name in reversed(current.__struct_fields__))


def _is_jump(node: facts.Node) -> bool:
    return isinstance(node, (facts.Return, facts.Raise)) or (isinstance(node, facts.Keyword) and node.word != "pass")


def _forget(way: Way, statement: facts.Statement) -> Way:
    """The way without what was decided on names that a statement binds anew."""
    if not way.decided:
        return way
    changed = _changed(statement)
    kept: Mapping[object, tuple[bool, facts.Expression]] = {
        key: value for key, value in way.decided.items() if changed.isdisjoint(spelled_names(value[1]))
    }
    return way if len(kept) == len(way.decided) else replace(way, decided=kept)


def _changed(statement: facts.Statement) -> set[str]:
    found: set[str] = set()
    for node in _executed(statement):
        if isinstance(node, facts.Assign):
            found |= {name for target in node.targets for name in spelled_names(target)}
        elif isinstance(node, (facts.AugmentedAssign, facts.For, facts.NamedExpression)):
            found |= spelled_names(node.target)
    return found - {"self"}


def _distinct(ways: list[Way]) -> list[Way]:
    found = list({way.key(): way for way in ways}.values())
    if len(found) > MOST_WAYS:
        raise TooManyWaysError
    return found
