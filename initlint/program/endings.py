"""Which operation made the value of an expression last, told from the source: followed through names, methods and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks import training
from initlint.network import WEIGHTED
from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import find_method, overrides
from initlint.program.loops.passing import index_in
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import EACH, Route, Routine, reaching
from initlint.program.loops.values import Foreign, Instance
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST = 30
"""Names, calls and returns followed one after another."""
MOST_STEPS = 400
"""Expressions looked at for one."""
KEEPING = frozenset({"reshape", "dropout"})
"""Operations that leave the range of their values what it is, but for zeros."""


@dataclass(frozen=True)
class Ending:
    """An activation whose output a value is; or a model whose output it is, and that has to be asked."""

    place: Place
    """Of the activation, else of the model's class."""
    activation: str = ""
    """As `initlint.network.Layer.activation`; empty for a model."""
    is_default: bool = True
    """Whether the activation has no parameters of its own."""


Known = list[Ending] | None
"""All that it may be; `None` where one of them is not known, or no activation."""


class Endings:
    """Follows one expression."""

    def __init__(self, values: Values, *, takes_logarithms: bool = False) -> None:
        self.values = values
        self.takes_logarithms = takes_logarithms
        """Whether the last operation must be a log-softmax, which is looked through."""
        self._steps = 0

    def of(self, node: facts.Expression | None, routine: Routine) -> Known:
        """The endings of an expression in a routine."""
        return self._of(node, routine, (), 0, not self.takes_logarithms)

    def _of(self, node: facts.Expression | None, routine: Routine, route: Route, depth: int, is_raw: bool) -> Known:
        self._steps += 1
        if node is None or depth > DEEPEST or self._steps > MOST_STEPS:
            return None
        point = _Point(routine, route, depth + 1, is_raw)
        if isinstance(node, facts.Name):
            return self._named(node, point)
        if isinstance(node, facts.Call):
            return self._called(node, point)
        if isinstance(node, facts.Subscript):
            index = index_in(node.index)
            return self._at(node.value, point.within(index) if index != EACH else point)
        if isinstance(node, facts.Conditional):
            return _all(self._at(part, point) for part in (node.body, node.otherwise))
        if isinstance(node, (facts.Await, facts.NamedExpression)):
            return self._at(node.value, point)
        if isinstance(node, facts.Sequence) and route and 0 <= route[0] < len(node.items):
            return self._of(node.items[route[0]], routine, route[1:], depth + 1, is_raw)
        return None

    def _at(self, node: facts.Expression | None, point: _Point) -> Known:
        return self._of(node, point.routine, point.route, point.depth, point.is_raw)

    # ------------------------------------------------------------------------------------------------------------ names

    def _named(self, name: facts.Name, point: _Point) -> Known:
        scope: Routine | None = point.routine
        while scope is not None and name.id not in scope.bounds and scope.parameter(name.id) is None:
            scope = scope.parent
        if scope is None or _is_changed(name.id, scope):
            return None
        at = name.start if scope is point.routine else None
        return _all(self._bound(name.id, scope, at, point))

    def _bound(self, name: str, scope: Routine, at: int | None, point: _Point) -> Iterator[Known]:
        """What a name may be; callers, who take long to find, come last."""
        bounds = list(reaching(scope, scope.bounds.get(name, []), at))
        for bound in bounds:
            yield self._at(bound.value, point.at(bound.routine, (*bound.route, *point.route)))
        if scope.parameter(name) is not None and not any(bound.is_sure and at is not None for bound in bounds):
            given = list(given_for(self.values, scope, name)) if name != scope.self_name else []
            for caller, value in given:
                yield self._at(value, point.at(caller, point.route))
            if not given:
                yield None

    # ------------------------------------------------------------------------------------------------------------ calls

    def _called(self, call: facts.Call, point: _Point) -> Known:
        if self._may_be_weighted(call.function, point.routine):
            return None
        callees = self.values.callees(call, point.routine)
        if not callees:
            return self._method(call, point)
        return _all(self._by(callee, call, point) for callee in callees)

    def _may_be_weighted(self, function: facts.Expression, routine: Routine) -> bool:
        """Whether a method of the object makes what is called a layer with weights: told before all other ways are followed."""
        owner = routine.owner
        if owner is None or not isinstance(function, facts.Attribute) or not isinstance(function.value, facts.Name):
            return False
        bounds = owner.attributes.get(function.name, []) if function.value.id == routine.self_name else []
        made = [(each.value, each.routine) for each in bounds if isinstance(each.value, facts.Call)]
        found = [callee for call, where in made for callee in self.values.callees(call, where)]
        specs = [framework.layer_spec(callee.name) for callee in found if isinstance(callee, Foreign)]
        return any(spec is not None and spec.op in WEIGHTED for spec in specs)

    def _method(self, call: facts.Call, point: _Point) -> Known:
        """A method of a tensor."""
        function = call.function
        if not isinstance(function, facts.Attribute):
            return None
        is_log = function.name == "log_softmax"
        return self._applied(function.name, function.value, call, point, is_log=is_log)

    def _by(self, callee: object, call: facts.Call, point: _Point) -> Known:
        if isinstance(callee, Routine):
            return self._returned(callee, point)
        if isinstance(callee, Instance):
            return self._modelled(callee, point)
        if not isinstance(callee, Foreign):
            return None
        given = call.arguments[0].value if call.arguments and not call.arguments[0].star else None
        if callee.call is not None:
            return self._layer(callee, given, point)
        is_log = callee.name in training.LOG_SOFTMAX
        return self._applied(framework.function_name(callee.name) or "", given, call, point, is_log=is_log)

    def _applied(
        self, name: str, given: facts.Expression | None, call: facts.Call, point: _Point, *, is_log: bool
    ) -> Known:
        """A function of the framework, or a method of that name, on a value."""
        if is_log and not point.is_raw:
            return self._at(given, point.raw())
        spec = framework.FUNCTIONS.get(name)
        if spec is None:
            return None
        if spec.op in KEEPING:
            return self._at(given, point)
        is_default = len(call.arguments) <= (0 if isinstance(given, facts.Node) and given is _receiver(call) else 1)
        return self._activated(spec.op, spec.activation, call, point, is_default=is_default or not spec.options)

    def _layer(self, made: Foreign, given: facts.Expression | None, point: _Point) -> Known:
        """The output of a layer of the framework."""
        assert made.call is not None and made.routine is not None
        if framework.CONTAINERS.get(made.name) == "sequential":
            return self._sequential(made.call, made.routine, point)
        if made.name in training.LOG_SOFTMAX and not point.is_raw:
            return self._at(given, point.raw())
        spec = framework.layer_spec(made.name)
        if spec is None:
            return None
        if spec.op in KEEPING:
            return self._at(given, point)
        is_default = not made.call.arguments or not spec.options
        return self._activated(spec.op, spec.activation, made.call, point.at(made.routine, ()), is_default=is_default)

    def _sequential(self, made: facts.Call, routine: Routine, point: _Point) -> Known:
        """The last layers of a ``Sequential`` that is written out."""
        for one in reversed(made.arguments):
            if one.star or one.keyword is not None:
                return None
            layers = self.values.of(one.value, routine)
            if len(layers) != 1 or not isinstance(layers[0], (Foreign, Instance)):
                return None
            layer = layers[0]
            if isinstance(layer, Foreign) and layer.call is not None:
                spec = framework.layer_spec(layer.name)
                if spec is not None and spec.op in KEEPING:
                    continue
                if layer.name in training.LOG_SOFTMAX and not point.is_raw:
                    point = point.raw()
                    continue
            return self._modelled(layer, point) if isinstance(layer, Instance) else self._layer_at_end(layer, point)
        return None

    def _layer_at_end(self, layer: Foreign, point: _Point) -> Known:
        return self._layer(layer, None, point) if layer.call is not None else None

    def _activated(self, op: str, activation: str, call: facts.Call, point: _Point, *, is_default: bool) -> Known:
        if op != "activation" or not point.is_raw:
            return None
        return [Ending(point.routine.module.source.place(call.start, call.end), activation, is_default)]

    def _returned(self, routine: Routine, point: _Point) -> Known:
        """What a function or a method of the program gives back, on every way."""
        return _all(self._at(value, point.at(routine, point.route)) for value in routine.returns)

    def _modelled(self, model: Instance, point: _Point) -> Known:
        """The output of a model of the program: by its ``forward``, else the model itself, to be asked."""
        if not is_model(self.values, model.cls) or (
            model.call is None and any(overrides(self.values, model.cls, FORWARD))
        ):
            return None
        forward = find_method(self.values, model.cls, FORWARD)
        found = self._returned(forward, point) if forward is not None else None
        if found is None and not point.route and point.is_raw:
            node = model.cls.node
            return [Ending(model.cls.module.source.place(node.start, node.end))]
        return found


FORWARD = "forward"


@dataclass(frozen=True)
class _Point:
    """Where an expression stands, and what is asked of it."""

    routine: Routine
    route: Route
    depth: int
    is_raw: bool
    """Whether a log-softmax that was to come has been met."""

    def at(self, routine: Routine, route: Route) -> _Point:
        return _Point(routine, route, self.depth, self.is_raw)

    def within(self, index: int) -> _Point:
        return _Point(self.routine, (index, *self.route), self.depth, self.is_raw)

    def raw(self) -> _Point:
        return _Point(self.routine, (), self.depth, True)


def _all(found: Iterable[Known]) -> Known:
    """Everything, if each is known and there is at least one."""
    endings: list[Ending] = []
    for each in found:
        if each is None:
            return None
        endings += each
    return list(dict.fromkeys(endings)) or None


def _receiver(call: facts.Call) -> facts.Expression | None:
    return call.function.value if isinstance(call.function, facts.Attribute) else None


def _is_changed(name: str, scope: Routine) -> bool:
    """Whether a name's value is changed in place, as by ``x += y`` or ``x[i] = y``."""
    targets = [one.target for one in scope.augmented] + [target for one in scope.assigned for target in one.targets]
    changed = [target.value if isinstance(target, facts.Subscript) else target for target in targets]
    own = {id(target) for one in scope.assigned for target in one.targets}
    return any(isinstance(one, facts.Name) and one.id == name and id(one) not in own for one in changed)
