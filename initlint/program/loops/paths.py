"""The paths on which a gradient is sent back and a step is made: within one routine, or through what it calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.clipping import EVERYWHERE, Span, calls_in
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Instance
from initlint.program.loops.routines import Routine
from initlint.program.loops.static_graphs import is_graph_gradient
from initlint.program.loops.steps import Step
from initlint.program.loops.tapes import is_minimizing, is_tape_gradient
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

HIGHEST = 4
"""Callers above the one that steps in which the backward call is looked for."""
DEEPEST = 5
"""Calls followed down from the path."""
MOST_ROUTINES = 120
"""Routines looked into for one path; beyond, it is not judged."""


@dataclass(frozen=True, eq=False)
class Path:
    """A routine that, in one stretch of its source, sends a gradient back and steps, itself or through its calls."""

    routine: Routine
    span: Span
    anchor: facts.Node
    """The step, or the call in the routine that leads to it."""
    backward: facts.Call
    backward_in: Routine


class Paths:
    """Finds the paths of steps."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._reached: dict[tuple[Routine, Span], tuple[tuple[Routine, Span], ...]] = {}

    def of(self, step: Step) -> Iterator[Path]:
        """The closest paths around a step: in its own routine, or else in those that call it."""
        waiting: list[tuple[Routine, facts.Node]] = [(step.routine, step.node)]
        seen: set[Routine] = set()
        for _ in range(HIGHEST):
            above: list[tuple[Routine, facts.Node]] = []
            for routine, anchor in waiting:
                path = self._around(routine, anchor)
                if path is not None:
                    yield path
                elif routine not in seen:
                    seen.add(routine)
                    above += self.above(routine)
            waiting = above

    def above(self, routine: Routine) -> list[tuple[Routine, facts.Call]]:
        """Where a routine is called, or given to a call as a closure."""
        found = list(self.values.callers(routine))
        if routine.parent is not None and routine.node is not None:
            found += [(routine.parent, call) for call in routine.parent.calls if _is_given(call, routine.name)]
        return found

    def _around(self, routine: Routine, anchor: facts.Node) -> Path | None:
        loops = [loop for loop in routine.loops if loop.start <= anchor.start and anchor.end <= loop.end]
        spans = [(loop.start, loop.end) for loop in sorted(loops, key=lambda loop: -loop.start)]
        for span in [*spans, EVERYWHERE]:
            call = next((one for one in calls_in(routine, span) if is_backward(self.values, one, routine)), None)
            if call is not None:
                return Path(routine, span, anchor, call, routine)
        for span in [*spans, EVERYWHERE]:
            for inner, stretch in self.reached(routine, span):
                for call in calls_in(inner, stretch):
                    if is_backward(self.values, call, inner):
                        return Path(routine, span, anchor, call, inner)
        return None

    def reached(self, routine: Routine, span: Span) -> tuple[tuple[Routine, Span], ...]:
        """A stretch of a routine, and all the routines of the program that run in it."""
        key = (routine, span)
        if key not in self._reached:
            self._reached[key] = tuple(self._reach(routine, span))
        return self._reached[key]

    def _reach(self, routine: Routine, span: Span) -> list[tuple[Routine, Span]]:
        found = [(routine, span)]
        seen = {routine}
        edge = [(routine, span)]
        for _ in range(DEEPEST):
            following: list[tuple[Routine, Span]] = []
            for current, stretch in edge:
                for target in self._run_by(current, stretch):
                    if target not in seen and len(seen) < MOST_ROUTINES:
                        seen.add(target)
                        following.append((target, EVERYWHERE))
            found += following
            edge = following
        return found

    def _run_by(self, routine: Routine, span: Span) -> Iterator[Routine]:
        for call in calls_in(routine, span):
            for target in self.values.targets(call, routine):
                if target.name != "__init__":
                    yield target
            for one in call.arguments:
                if isinstance(one.value, (facts.Name, facts.Attribute)):
                    yield from (v for v in self.values.of(one.value, routine) if isinstance(v, Routine))
                    yield from self._called_back(one.value, routine)

    def _called_back(self, given: facts.Expression, routine: Routine) -> Iterator[Routine]:
        """The methods of an object that is given to a call as a callback."""
        if framework.CALLBACK.search(terminal_name(given)) is not None:
            for value in self.values.of(given, routine):
                if isinstance(value, Instance):
                    yield from value.cls.methods.values()


def _is_given(call: facts.Call, name: str) -> bool:
    return any(isinstance(one.value, facts.Name) and one.value.id == name for one in call.arguments)


def is_backward(values: Values, call: facts.Call, routine: Routine) -> bool:
    """Whether a call sends a gradient back."""
    function = call.function
    is_told = isinstance(function, facts.Attribute) and function.name in framework.BACKWARD
    return (
        is_told
        or is_minimizing(values, call, routine)
        or is_tape_gradient(values, call, routine)
        or is_graph_gradient(values, call, routine)
    )
