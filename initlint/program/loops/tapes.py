"""Gradients that are values: made by a tape, bounded in copies, given to a step."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from initlint.frameworks import tapes as framework
from initlint.program.loops.callers import given_for
from initlint.program.loops.expressions import argument, mentions_gradient, terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.passing import ITERATORS, SAME_ITEMS
from initlint.program.loops.routines import EACH, Route, Routine, binding_scope, reaching
from initlint.program.loops.static_graphs import is_graph_gradient
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 20
"""Names, calls and parameters followed one after another from one expression."""


class Made(Enum):
    """What a gradient was made by."""

    BACKWARD = "a tape, or a backward call"
    CLIP = "a function that bounds it"
    OTHER = "something else, or not known"


class Bounded(NamedTuple):
    """What a function is given, of which it gives back bounded copies."""

    by: str
    given: facts.Expression | None
    bound: facts.Expression | None


def is_tape_gradient(values: Values, call: facts.Call, routine: Routine) -> bool:
    """Whether a call asks a tape for gradients."""
    function = call.function
    if not isinstance(function, facts.Attribute) or function.name != framework.GRADIENT:
        return False
    owners = values.of(function.value, routine)
    return any(isinstance(one, Foreign) and one.name.rpartition(".")[2] == framework.TAPE for one in owners)


def is_minimizing(values: Values, call: facts.Call, routine: Routine) -> bool:
    """Whether a call sends a loss back, through a tape or a graph, and makes the step with it."""
    if not isinstance(call.function, facts.Attribute) or call.function.name != framework.MINIMIZE:
        return False
    return argument(call, framework.BY_TAPE, None) is not None or is_graph_gradient(values, call, routine)


def bounded_copies(values: Values, call: facts.Call, routine: Routine) -> Bounded | None:
    """What a call bounds copies of, if those are gradients for certain."""
    if terminal_name(call.function) not in framework.CLIP_NAMES:
        return None
    for callee in values.callees(call, routine):
        spec = framework.CLIPS.get(callee.name) if isinstance(callee, Foreign) else None
        given = call.arguments[0].value if spec is not None and call.arguments else None
        if spec is not None and given is not None and made_by(values, given, routine, ()) <= GRADIENTS:
            return Bounded(spec.by, given, argument(call, *spec.bound))
    return None


GRADIENTS = frozenset({Made.BACKWARD, Made.CLIP})


def given_to_step(
    values: Values, call: facts.Call, routine: Routine
) -> tuple[facts.Expression | None, facts.Expression | None]:
    """The gradients, and the variables if they are given apart, of a step that is given both."""
    if is_minimizing(values, call, routine):
        return None, argument(call, *framework.MINIMIZED)
    spec = framework.STEPS[terminal_name(call.function)]
    return argument(call, *spec.gradients), argument(call, *spec.variables) if spec.variables is not None else None


def step_gradients(values: Values, call: facts.Call, routine: Routine) -> frozenset[Made]:
    """What the gradients that a step is given were made by."""
    if is_minimizing(values, call, routine):
        return frozenset({Made.BACKWARD})
    given, _ = given_to_step(values, call, routine)
    are_paired = framework.STEPS[terminal_name(call.function)].are_paired
    return made_by(values, given, routine, (EACH, 0) if are_paired else (EACH,))


def made_by(values: Values, node: facts.Expression | None, routine: Routine, route: Route) -> frozenset[Made]:
    """What the gradient in an expression was made by; of a collection, the item that the route leads to."""
    return frozenset(_Origins(values).of(node, routine, route, 0)) or frozenset({Made.OTHER})


class _Origins:
    """Follows gradients back to what made them."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._seen: set[tuple[int, int, Route]] = set()

    def of(self, node: facts.Expression | None, routine: Routine, route: Route, depth: int) -> Iterator[Made]:
        key = (id(node), id(routine), route)
        if key in self._seen:
            return
        self._seen.add(key)
        if node is None or depth > DEEPEST:
            yield Made.OTHER
        elif isinstance(node, facts.Call):
            yield from self._called(node, routine, route, depth)
        elif isinstance(node, facts.Name):
            yield from self._named(node, routine, route, depth)
        elif isinstance(node, facts.Attribute):
            yield Made.BACKWARD if mentions_gradient(node) else Made.OTHER
        else:
            yield from self._part(node, routine, route, depth)

    def _called(self, call: facts.Call, routine: Routine, route: Route, depth: int) -> Iterator[Made]:
        if is_tape_gradient(self.values, call, routine) or is_graph_gradient(self.values, call, routine):
            yield Made.BACKWARD
            return
        last, callees = terminal_name(call.function), self.values.callees(call, routine)
        if any(isinstance(one, Foreign) and one.name in framework.CLIPS for one in callees):
            yield Made.CLIP
            return
        passed = _passed(last, call, route)
        if passed is not None:
            yield from self.of(passed[0], routine, passed[1], depth + 1)
            return
        inner = [one for one in callees if isinstance(one, Routine)]
        for callee in inner:
            for value in callee.returns:
                yield from self.of(value, callee, route, depth + 1)
        if not inner:
            yield Made.OTHER

    def _named(self, name: facts.Name, routine: Routine, route: Route, depth: int) -> Iterator[Made]:
        scope = binding_scope(name.id, routine)
        if scope is None:
            yield Made.OTHER
            return
        bounds = list(reaching(scope, scope.bounds.get(name.id, []), name.start if scope is routine else None))
        for bound in bounds:
            yield from self.of(bound.value, bound.routine, (*bound.route, *route), depth + 1)
        if scope.parameter(name.id) is not None and not any(bound.is_sure for bound in bounds):
            yield from self._given(scope, name.id, route, depth)

    def _given(self, routine: Routine, name: str, route: Route, depth: int) -> Iterator[Made]:
        found = list(given_for(self.values, routine, name))
        for caller, given in found:
            yield from self.of(given, caller, route, depth + 1)
        if not found:
            yield Made.OTHER

    def _part(self, node: facts.Expression, routine: Routine, route: Route, depth: int) -> Iterator[Made]:
        if isinstance(node, facts.Comprehension) and route:
            yield from self.of(node.element, routine, route[1:], depth + 1)
        elif isinstance(node, facts.Sequence) and route:
            chosen = node.items if route[0] == EACH else node.items[route[0] : route[0] + 1]
            for item in chosen:
                yield from self.of(item, routine, route[1:], depth + 1)
        elif isinstance(node, facts.Subscript):
            yield from self.of(node.value, routine, (EACH, *route), depth + 1)
        elif isinstance(node, facts.Conditional):
            for arm in (node.body, node.otherwise):
                yield from self.of(arm, routine, route, depth + 1)
        else:
            yield Made.OTHER


def _passed(last: str, call: facts.Call, route: Route) -> tuple[facts.Expression, Route] | None:
    """For a call that gives the items of an argument: that, and where in it the route leads."""
    given = [one.value for one in call.arguments if not one.star]
    if len(given) < len(call.arguments) or not given:
        return None
    if last in SAME_ITEMS | framework.UNSCALING:
        return given[0], route
    if last not in ITERATORS or not isinstance(call.function, facts.Name) or len(route) < 2:
        return None
    if last == "enumerate":
        return (given[0], (EACH, *route[2:])) if route[1] == 1 else None
    return (given[route[1]], (EACH, *route[2:])) if 0 <= route[1] < len(given) else None
