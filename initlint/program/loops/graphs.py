"""What a model is made of by calls on signals: from its outputs back through names, layers and functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import keras
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.routines import Routine, reaching
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

MOST_SIGNALS = 2000
"""Expressions looked at on the way back."""


def layers_of_graph(values: Values, made: Foreign | Instance) -> Iterator[Value]:
    """The layers that the outputs of a model come through, last first."""
    assert made.call is not None and made.routine is not None
    outputs = argument(made.call, *keras.GRAPH_OUTPUTS)
    if outputs is not None:
        yield from _Walk(values).back(outputs, made.routine)


def constructions(values: Values, model: Instance) -> Iterator[Instance]:
    """The object itself, if it is known where it is made; of a ``self``, every one that the program makes."""
    if model.call is not None:
        yield model
        return
    for routine, call in values.links.calls_of(model.cls.name):
        if any(callee is model.cls for callee in values.callees(call, routine)):
            yield Instance(model.cls, call, routine)


def layers_added(values: Values, made: Foreign) -> Iterator[Value]:
    """The layers that are added to a model where it is made."""
    assert made.routine is not None
    for call in made.routine.calls:
        if terminal_name(call.function) == keras.ADD and isinstance(call.function, facts.Attribute) and call.arguments:
            owners = values.of(call.function.value, made.routine)
            if any(isinstance(one, Foreign) and one.call is made.call for one in owners):
                yield from values.of(call.arguments[0].value, made.routine)


class _Walk:
    """One way back through the signals of a model."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._seen: set[tuple[int, int]] = set()

    def back(self, signal: facts.Expression, routine: Routine) -> Iterator[Value]:
        waiting: list[tuple[facts.Expression, Routine]] = [(signal, routine)]
        while waiting and len(self._seen) < MOST_SIGNALS:
            node, where = waiting.pop()
            if (id(node), id(where)) not in self._seen:
                self._seen.add((id(node), id(where)))
                if isinstance(node, facts.Call):
                    yield from self._called(node, where)
                waiting += self._sources(node, where)

    def _called(self, call: facts.Call, routine: Routine) -> Iterator[Value]:
        for value in self.values.callees(call, routine):
            if isinstance(value, (Instance, Foreign)) and value.call is not None:
                yield value

    def _sources(self, node: facts.Expression, routine: Routine) -> Iterator[tuple[facts.Expression, Routine]]:
        """What a signal is made of."""
        if isinstance(node, facts.Call):
            for callee in self.values.callees(node, routine):
                if isinstance(callee, Routine):
                    yield from ((value, callee) for value in callee.returns)
            yield from ((one.value, routine) for one in node.arguments)
        elif isinstance(node, facts.Name):
            scope: Routine | None = routine
            while scope is not None and node.id not in scope.bounds:
                scope = scope.parent
            at = node.start if scope is routine else None
            bounds = reaching(scope, scope.bounds[node.id], at) if scope is not None else ()
            yield from ((bound.value, bound.routine) for bound in bounds)
        elif isinstance(node, facts.Sequence):
            yield from ((item, routine) for item in node.items)
        elif isinstance(node, facts.Dictionary):
            yield from ((item, routine) for item in node.values)
        elif isinstance(node, facts.Subscript):
            yield node.value, routine
        elif isinstance(node, facts.Binary):
            yield from ((node.left, routine), (node.right, routine))
