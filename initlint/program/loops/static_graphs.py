"""Steps that are operations of a graph: what sends the gradient back, and which recurrent cells the loss is made with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import static_graphs as framework
from initlint.frameworks.recurrent import is_container, recurrent_layer
from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.expressions import STRUCTS, argument, receiver, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.recurrence import is_excluded
from initlint.program.loops.routines import Routine, binding_scope, reaching
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 60
"""Names, calls and operands followed one after another from a loss."""
MOST_STEPS = 3000
"""Expressions looked at for one loss."""


def is_graph_optimizer(value: Value) -> bool:
    """Whether it is an optimiser whose step is an operation of a graph."""
    return isinstance(value, Foreign) and value.call is not None and framework.OPTIMIZER.match(value.name) is not None


def is_graph_gradient(values: Values, call: facts.Call, routine: Routine) -> bool:
    """Whether a call sends a loss back through the graph."""
    last = terminal_name(call.function)
    if last in (framework.MINIMIZE, framework.COMPUTE):
        return any(map(is_graph_optimizer, values.of(receiver(call), routine)))
    return last in framework.FUNCTIONS and any(
        _name(one) in framework.GRADIENTS for one in values.callees(call, routine)
    )


def recurrent_cells(values: Values, call: facts.Call, routine: Routine) -> list[Value]:
    """The recurrent cells and layers that a loss is made with which such a call sends back to all variables."""
    if not is_graph_gradient(values, call, routine):
        return []
    is_function = terminal_name(call.function) in framework.FUNCTIONS
    sources = argument(call, *(framework.SOURCES if is_function else framework.VARIABLES))
    if sources is not None and not _are_all(values, sources, routine):
        return []
    return list(_Origins(values).of(argument(call, *(framework.SUMS if is_function else framework.LOSS)), routine, 0))


def _are_all(values: Values, variables: facts.Expression, routine: Routine) -> bool:
    found = values.of(variables, routine)
    return bool(found) and all(
        isinstance(one, Foreign)
        and one.name in framework.ALL_VARIABLES
        and one.call is not None
        and not one.call.arguments
        for one in found
    )


def _name(value: Value) -> str:
    return value.name if isinstance(value, Foreign) else ""


class _Origins:
    """Follows a loss back to the cells that it is made with, over functions and attributes of objects."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._seen: set[tuple[int, int]] = set()

    def of(self, node: object, routine: Routine, depth: int) -> Iterator[Value]:
        if isinstance(node, tuple):
            for part in node:
                yield from self.of(part, routine, depth)
            return
        key = (id(node), id(routine))
        if not isinstance(node, STRUCTS) or key in self._seen or depth > DEEPEST or len(self._seen) > MOST_STEPS:
            return
        self._seen.add(key)
        if isinstance(node, facts.Call):
            yield from self._called(node, routine, depth)
        elif isinstance(node, facts.Name):
            yield from self._named(node, routine, depth)
        elif isinstance(node, facts.Attribute):
            yield from self._attribute(node, routine, depth)
        elif not isinstance(node, facts.Lambda):
            for name in node.__struct_fields__:
                yield from self.of(getattr(node, name), routine, depth + 1)

    def _called(self, call: facts.Call, routine: Routine, depth: int) -> Iterator[Value]:
        last = terminal_name(call.function)
        if last in framework.NO_GRADIENT or is_excluded(call, routine, {}):
            return
        if last in framework.RUNS_CELLS:
            for place in framework.CELL_ARGUMENTS:
                yield from _foreign(self.values.of(argument(call, *place), routine))
        for callee in self.values.callees(call, routine):
            if isinstance(callee, Routine):
                yield from self.of(tuple(callee.returns), callee, depth + 1)
            elif isinstance(callee, Foreign) and callee.call is not None and _is_recurrent(callee.name):
                yield callee
        owner = call.function.value if isinstance(call.function, facts.Attribute) else None
        yield from self.of((owner, tuple(one.value for one in call.arguments)), routine, depth + 1)

    def _named(self, name: facts.Name, routine: Routine, depth: int) -> Iterator[Value]:
        scope = binding_scope(name.id, routine)
        if scope is None:
            return
        at = name.start if scope is routine else None
        for bound in reaching(scope, scope.bounds.get(name.id, []), at):
            yield from self.of(bound.value, bound.routine, depth + 1)
        if scope.parameter(name.id) is not None and name.id != scope.self_name:
            for caller, given in given_for(self.values, scope, name.id):
                yield from self.of(given, caller, depth + 1)

    def _attribute(self, node: facts.Attribute, routine: Routine, depth: int) -> Iterator[Value]:
        for owner in self.values.of(node.value, routine):
            for cls in hierarchy(self.values, owner) if isinstance(owner, Instance) else ():
                for bound in cls.attributes.get(node.name, []):
                    yield from self.of(bound.value, bound.routine, depth + 1)


def _is_recurrent(name: str) -> bool:
    return recurrent_layer(name) is not None or is_container(name)


def _foreign(values: list[Value]) -> Iterator[Value]:
    yield from (value for value in values if isinstance(value, Foreign) and value.call is not None)
