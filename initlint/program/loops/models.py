"""Which models an optimiser trains, told from the expression that gave it their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import tapes
from initlint.frameworks import training as framework
from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import hierarchy
from initlint.program.loops.expressions import argument, dotted, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Routine, binding_scope, reaching
from initlint.program.loops.steps import Step
from initlint.program.loops.tapes import is_tape_gradient
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 12
"""Names, attributes and parameters followed from one expression."""


class ParameterSources:
    """Looks for ``.parameters()`` behind an expression."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._seen: set[tuple[int, int]] = set()

    def of(self, expression: facts.Expression | None, routine: Routine, depth: int = 0) -> Iterator[Value]:
        """The models whose parameters an expression holds."""
        key = (id(expression), id(routine))
        if expression is None or key in self._seen or depth > DEEPEST:
            return
        self._seen.add(key)
        if isinstance(expression, facts.Call):
            yield from self._called(expression, routine, depth)
        elif isinstance(expression, facts.Name):
            yield from self._named(expression, routine, depth)
        elif isinstance(expression, facts.Attribute):
            yield from self._attribute(expression, routine, depth)
        else:
            for part in _parts(expression):
                yield from self.of(part, routine, depth)

    def _called(self, call: facts.Call, routine: Routine, depth: int) -> Iterator[Value]:
        function = call.function
        if isinstance(function, facts.Attribute) and function.name in framework.PARAMETERS:
            yield from self.values.of(function.value, routine)
            return
        if is_tape_gradient(self.values, call, routine):
            yield from self.of(argument(call, *tapes.SOURCES), routine, depth)
            return
        for callee in self.values.callees(call, routine):
            if isinstance(callee, Routine):
                for value in callee.returns:
                    yield from self.of(value, callee, depth + 1)
        for one in call.arguments:
            if not isinstance(one.value, facts.Lambda):
                yield from self.of(one.value, routine, depth)
                yield from (v for v in self.values.of(one.value, routine) if self._is_whole_model(v, call, routine))

    def _is_whole_model(self, value: Value, call: facts.Call, routine: Routine) -> bool:
        """A model given to a function of the program that picks the parameters out of it."""
        is_own = any(isinstance(callee, Routine) for callee in self.values.callees(call, routine))
        return is_own and isinstance(value, Instance) and is_model(self.values, value.cls)

    def _named(self, name: facts.Name, routine: Routine, depth: int) -> Iterator[Value]:
        scope = binding_scope(name.id, routine)
        if scope is None:
            return
        at = name.start if scope is routine else None
        for bound in reaching(scope, scope.bounds.get(name.id, []), at):
            yield from self.of(bound.value, bound.routine, depth + 1)
        for call in scope.calls:
            if call.arguments and dotted(call.function) in (f"{name.id}.append", f"{name.id}.extend"):
                yield from self.of(call.arguments[0].value, scope, depth + 1)
        if scope.parameter(name.id) is not None and name.id != scope.self_name:
            for caller, given in given_for(self.values, scope, name.id):
                yield from self.of(given, caller, depth + 1)

    def _attribute(self, node: facts.Attribute, routine: Routine, depth: int) -> Iterator[Value]:
        if node.name in tapes.VARIABLES:
            yield from self.values.of(node.value, routine)
        for owner in self.values.of(node.value, routine):
            if isinstance(owner, Instance):
                for cls in hierarchy(self.values, owner):
                    for bound in cls.attributes.get(node.name, []):
                        yield from self.of(bound.value, bound.routine, depth + 1)


def _parts(node: facts.Expression) -> Iterator[facts.Expression]:
    """The expressions directly below one that may hold parameters."""
    if isinstance(node, facts.Sequence):
        yield from node.items
    elif isinstance(node, facts.Dictionary):
        yield from node.values
    elif isinstance(node, facts.Comprehension):
        yield from (clause.iterable for clause in node.clauses)
        yield node.element
    elif isinstance(node, (facts.Starred, facts.Subscript, facts.NamedExpression)):
        yield node.value
    elif isinstance(node, (facts.Binary, facts.Boolean)):
        yield from (node.left, node.right)
    elif isinstance(node, facts.Conditional):
        yield from (node.body, node.otherwise)


def optimized_models(values: Values, step: Step) -> list[Value]:
    """The models whose parameters an optimiser was given; none if that is not known."""
    sources = ParameterSources(values)
    found: list[Value] = [*sources.of(step.parameters, step.routine), *sources.of(step.optimizer, step.routine)]
    for optimizer in values.of(step.optimizer, step.routine):
        call, routine = getattr(optimizer, "call", None), getattr(optimizer, "routine", None)
        if call is None or routine is None:
            continue
        if isinstance(optimizer, Foreign) and optimizer.name in framework.ENGINES:
            found += [v for one in call.arguments if one.keyword == "model" for v in values.of(one.value, routine)]
        for one in call.arguments:
            found += sources.of(one.value, routine)
    return found


def called_models(values: Values, routine: Routine, calls: Iterator[facts.Call]) -> Iterator[Value]:
    """The models that are run, with gradients, among the calls of a routine."""
    for call in calls:
        if not is_without_gradient(call, routine):
            for callee in values.callees(call, routine):
                if isinstance(callee, Instance) and is_model(values, callee.cls):
                    yield callee


def is_without_gradient(call: facts.Call, routine: Routine) -> bool:
    """Whether a call stands under ``torch.no_grad()``."""
    around = [block for block in routine.withs if block.start <= call.start and call.end <= block.end]
    return any(terminal_name(item.value) in framework.NO_GRADIENT for block in around for item in block.items)
