"""The rounds of training in which a call runs, and what stands next to it on every way through them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.program.loops.events import Act, Event
from initlint.program.loops.expressions import spelled
from initlint.program.loops.paths import Paths
from initlint.program.loops.routines import Routine
from initlint.program.loops.ways import Body, TooManyWaysError, Way, Ways
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

HIGHEST = 4
"""Callers above a call in which the round is looked for."""
MOST_ROUNDS = 8
"""Rounds that one call is judged in."""
TRAINING = frozenset({Act.BACKWARD, Act.STEP})


@dataclass(frozen=True)
class Round:
    """What is repeated for each batch: the body of a loop, or of a function that is called for each."""

    routine: Routine
    ways: tuple[Way, ...]

    @cached_property
    def optimizers(self) -> frozenset[str]:
        """How what steps is written."""
        steps = (event for way in self.ways for event in way.events if event.act is Act.STEP)
        return frozenset(spelled(event.subject) if event.subject is not None else "" for event in steps)

    def with_(self, node: facts.Node) -> Iterator[tuple[Way, int]]:
        """The ways on which something happens, and where on them."""
        for way in self.ways:
            for index, event in enumerate(way.events):
                if event.node is node:
                    yield way, index

    def before(self, node: facts.Node, acts: Collection[Act]) -> Iterator[Event | None]:
        """The last of some acts before something, on each way, in the round before if need be; `None` for none."""
        for way, index in self.with_(node):
            yield from self.before_on(way, index, acts)

    def after(self, node: facts.Node, acts: Collection[Act]) -> Iterator[Event | None]:
        """The first of some acts after something, on each way, in the round after if need be; `None` for none."""
        for way, index in self.with_(node):
            yield from self.after_on(way, index, acts)

    def before_on(self, way: Way, index: int, acts: Collection[Act]) -> Iterator[Event | None]:
        """The last of some acts before a place on a way; each one that may be, if it is in the round before."""
        yield from self._first(reversed(way.events[:index]), acts, backwards=True)

    def after_on(self, way: Way, index: int, acts: Collection[Act]) -> Iterator[Event | None]:
        """The first of some acts after a place on a way; each one that may be, if it is in the round after."""
        yield from self._first(iter(way.events[index + 1 :]), acts, backwards=False)

    def _first(self, events: Iterator[Event], acts: Collection[Act], *, backwards: bool) -> Iterator[Event | None]:
        found = next((event for event in events if event.act in acts), None)
        if found is not None:
            yield found
            return
        for way in self.ways:
            if way.ended != "break":
                other = reversed(way.events) if backwards else iter(way.events)
                yield next((event for event in other if event.act in acts), None)


class Rounds:
    """Finds the rounds around calls."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.ways = Ways(values)
        self._paths = Paths(values)
        self._known: dict[tuple[int, int], Round | None] = {}

    def around(self, routine: Routine, node: facts.Node) -> Iterator[tuple[Round, facts.Node]]:
        """The closest rounds with a backward call and a step around a call, and what leads to the call in each; none if
        they cannot be followed."""
        waiting: list[tuple[Routine, facts.Node]] = [(routine, node)]
        seen: set[Routine] = set()
        for _ in range(HIGHEST):
            above: list[tuple[Routine, facts.Node]] = []
            for where, anchor in waiting[:MOST_ROUNDS]:
                body = self._body(where, anchor)
                if body is not None:
                    yield from ((one, anchor) for one in self._round(where, body))
                elif where not in seen:
                    seen.add(where)
                    above += self._paths.above(where)
            waiting = above

    def _body(self, routine: Routine, anchor: facts.Node) -> Body | None:
        """The innermost loop around a call in which a gradient is made and used, or the whole routine if it is."""
        loops = [loop for loop in routine.loops if loop.start <= anchor.start and anchor.end <= loop.end]
        whole = routine.node.body if routine.node is not None else routine.module.source.facts.body
        for body in (*(loop.body for loop in sorted(loops, key=lambda loop: -loop.start)), whole):
            if self.ways.acts(routine, body) >= TRAINING:
                return body
        return None

    def _round(self, routine: Routine, body: Body) -> Iterator[Round]:
        key = (id(body), id(routine))
        if key not in self._known:
            try:
                self._known[key] = Round(routine, tuple(self.ways.through(routine, body)))
            except TooManyWaysError:
                self._known[key] = None
        known = self._known[key]
        if known is not None:
            yield known
