"""Which operation made the value of an expression last, told from the source: followed through names, methods and models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.frameworks import losses
from initlint.frameworks import torch as framework
from initlint.frameworks.heads import classifiers_by
from initlint.program.certainty import knows_all
from initlint.program.dataflow.bindings import Definition
from initlint.program.dataflow.definitions import Definitions
from initlint.program.dataflow.evaluation import Terms
from initlint.program.ending import CLASSIFIER, KEEPING, RAW, Call, Ending
from initlint.program.heads import Put, UnknownHeadError, new_head, own_head
from initlint.program.loops.callers import given_for
from initlint.program.loops.classes import find_method, hierarchy, overrides
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.passing import index_in
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import EACH, Routine, binding_scope
from initlint.program.parts import items_in, items_of, keyed_items, sequence_of
from initlint.program.points import Known, Point, all_of, applied_by, are_axes, held_by_attribute
from initlint.program.rebuilding import is_changed
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Value
    from initlint.program.loops.values import Values

DEEPEST = 30
"""Names, calls and returns followed one after another."""
MOST_STEPS = 400
"""Expressions looked at for one."""
FORWARD, CALL = "forward", "__call__"


class Endings:
    """Follows one expression."""

    def __init__(self, values: Values, *, takes_logarithms: bool = False) -> None:
        self.values = values
        self.takes_logarithms = takes_logarithms
        """Whether the last operation must be a log-softmax, which is looked through."""
        self._steps = 0

    def of(self, node: facts.Expression | None, routine: Routine) -> Known:
        """The endings of an expression in a routine."""
        return self._at(node, Point(routine, is_raw=not self.takes_logarithms))

    def _at(self, node: facts.Expression | None, point: Point) -> Known:
        self._steps += 1
        if node is None or point.depth > DEEPEST or self._steps > MOST_STEPS:
            return None
        point = replace(point, depth=point.depth + 1)
        if isinstance(node, facts.Name):
            return self._named(node, point)
        if isinstance(node, facts.Call):
            return self._called(node, point)
        if isinstance(node, facts.Attribute):
            return self._attribute(node, point)
        if isinstance(node, facts.Subscript):
            return self._item(node, point)
        if isinstance(node, facts.Conditional):
            return all_of(self._at(part, point) for part in (node.body, node.otherwise))
        if isinstance(node, (facts.Await, facts.NamedExpression)):
            return self._at(node.value, point)
        return self._literal(node, point)

    def _literal(self, node: facts.Expression, point: Point) -> Known:
        """What the path leads to in a tuple, a list or a dictionary that is written out."""
        items = items_of(node, point.path[0]) if point.path else ()
        return all_of(self._at(item, replace(point, path=point.path[1:])) for item in items)

    def _item(self, node: facts.Subscript, point: Point) -> Known:
        index = node.index.value if isinstance(node.index, facts.Literal) else None
        if isinstance(index, str) or index_in(node.index) != EACH:
            return self._at(node.value, point.within(index if isinstance(index, str) else index_in(node.index)))
        picks = isinstance(node.index, facts.Sequence)
        return self._at(node.value, replace(point, is_part=point.is_part or picks))

    # ------------------------------------------------------------------------------------------------------------ names

    def _named(self, name: facts.Name, point: Point) -> Known:
        reach = self._definitions(point.routine).uses.get(id(name))
        scope = binding_scope(name.id, point.routine) if not reach else point.routine
        if scope is None:
            return None
        if point.path and isinstance(key := point.path[0], str) and (items := keyed_items(name.id, key, scope)):
            return all_of(self._at(item, replace(point, routine=scope, path=point.path[1:])) for item in items)
        if reach:
            return all_of(self._defined(each, point) for each in reach)
        return all_of(self._bound(name.id, scope, point)) if not is_changed(name.id, scope) else None

    def _definitions(self, routine: Routine) -> Definitions:
        return Terms.of_program(self.values.links.program).definitions(routine)

    def _defined(self, definition: Definition, point: Point) -> Known:
        """What one definition in the routine itself gives."""
        if definition.parameter:
            return all_of(self._given(definition.parameter, point.routine, point))
        if definition.value is None or definition.operator:
            return None
        return self._at(definition.value, replace(point, path=(*definition.route, *point.path)))

    def _bound(self, name: str, scope: Routine, point: Point) -> Iterator[Known]:
        """What a name of an enclosing scope may be."""
        for bound in scope.bounds.get(name, []):
            yield self._at(bound.value, replace(point, routine=bound.routine, path=(*bound.route, *point.path)))
        if scope.parameter(name) is not None:
            yield from self._given(name, scope, point)

    def _given(self, name: str, routine: Routine, point: Point) -> Iterator[Known]:
        """What callers, who take long to find, give for a parameter."""
        given = list(given_for(self.values, routine, name)) if name != routine.self_name else []
        for caller, value in given:
            yield self._at(value, replace(point, routine=caller))
        if not given:
            yield None

    def _attribute(self, node: facts.Attribute, point: Point) -> Known:
        """What methods store under an attribute of ``self``; else the field of a result: ``output.logits``."""
        routine = point.routine
        is_own = isinstance(node.value, facts.Name) and node.value.id == routine.self_name
        if not is_own or routine.owner is None:
            return self._at(node.value, point.within(node.name))
        reach = self._definitions(routine).uses.get(id(node))
        if reach and all(each.value is not None for each in reach):
            return all_of(self._defined(each, point) for each in reach)
        classes = hierarchy(self.values, Instance(routine.owner))
        bounds = [bound for cls in classes for bound in cls.attributes.get(node.name, [])]
        return all_of(
            self._at(bound.value, replace(point, routine=bound.routine, path=(*bound.route, *point.path)))
            for bound in bounds
            if not (isinstance(bound.value, facts.Literal) and bound.value.value is None)
        )

    # ------------------------------------------------------------------------------------------------------------ calls

    def _called(self, call: facts.Call, point: Point) -> Known:
        callees = self._callees(call, point.routine)
        if not callees:
            return self._method(call, point)
        if not knows_all(self.values, call.function, point.routine):
            return None
        found = all_of(self._by(callee, call, point) for callee in callees)
        return found if found is None else [held_by_attribute(ending, call.function, point.routine) for ending in found]

    def _callees(self, call: facts.Call, routine: Routine) -> list[Value]:
        function = call.function
        if isinstance(function, facts.Attribute) and function.name == CALL:
            return self.values.of(function.value, routine)
        if isinstance(function, facts.Subscript):
            return list(items_in(self.values, function, routine))
        return self.values.callees(call, routine)

    def _method(self, call: facts.Call, point: Point) -> Known:
        """A method of a tensor; of a dictionary, what ``get`` gets."""
        function = call.function
        if isinstance(function, facts.Attribute):
            return self._applied(function.name, function.value, call, call.arguments, point)
        return self._literal(call, point)

    def _by(self, callee: Value, call: facts.Call, point: Point) -> Known:
        if isinstance(callee, Routine):
            return self._returned(callee, point)
        if isinstance(callee, Instance):
            return self._with_new_heads(callee, self._modelled(callee, point), point)
        if not isinstance(callee, Foreign):
            return self._literal(call, point)
        given = call.arguments[0].value if call.arguments and not call.arguments[0].star else None
        if callee.call is not None:
            return applied_by(Call(call, point.routine), given, self._layer(callee, given, point))
        name = framework.function_name(callee.name)
        return (
            self._literal(call, point) if name is None else self._applied(name, given, call, call.arguments[1:], point)
        )

    def _applied(
        self,
        name: str,
        given: facts.Expression | None,
        call: facts.Call,
        options: tuple[facts.Argument, ...],
        point: Point,
    ) -> Known:
        """A function of the framework, or a method of that name, on a value."""
        if name in framework.WEIGHTED_FUNCTIONS:
            return self._ended(framework.WEIGHTED_FUNCTIONS[name], "", call, point, given)
        spec = framework.FUNCTIONS.get(name)
        if spec is None:
            return None
        if spec.op in KEEPING:
            return self._at(given, replace(point, is_part=point.is_part or name in losses.PICKING))
        if spec.op == "softmax":
            return self._softmax(name, given, call, point) if are_axes(options) else None
        is_default = not options or not spec.options
        return self._ended(spec.op, spec.activation, call, point, given, is_default=is_default)

    def _softmax(self, name: str, given: facts.Expression | None, call: facts.Call | None, point: Point) -> Known:
        kind = losses.SOFTMAXES.get(name, "")
        if not point.is_raw:
            return self._at(given, replace(point, is_raw=True)) if kind == "log_softmax" else None
        return self._ended("softmax", kind, call, point, given) if kind and call is not None else None

    def _ended(
        self,
        op: str,
        kind: str,
        call: facts.Call,
        point: Point,
        given: facts.Expression | None = None,
        *,
        is_default: bool = True,
        is_layer: bool = False,
    ) -> Known:
        if not point.is_raw or op not in RAW | {"activation", "softmax"} or (op == "norm" and not is_layer):
            return None
        here = Call(call, point.routine)
        applied = None if is_layer else here
        return [Ending(here.place, op, kind, is_default, point.is_part, here, is_layer, applied, given)]

    # ----------------------------------------------------------------------------------------------- layers and models

    def _layer(self, made: Foreign, given: facts.Expression | None, point: Point) -> Known:
        """The output of a layer of the framework."""
        assert made.call is not None and made.routine is not None
        if framework.CONTAINERS.get(made.name) == "sequential":
            return self._sequential(made.call, made.routine, given, point)
        spec = framework.layer_spec(made.name)
        if spec is None:
            return self._classifier(made, point)
        if spec.op in KEEPING:
            return self._at(given, point)
        name = made.name.rpartition(".")[2]
        if not point.is_raw and spec.op == "softmax":
            return self._softmax(name, given, None, point)
        kind = losses.SOFTMAXES.get(name, "") if spec.op == "softmax" else spec.activation
        if spec.op == "softmax" and not kind:
            return None
        is_default = not made.call.arguments or not spec.options or spec.op == "softmax"
        here = replace(point, routine=made.routine)
        return self._ended(spec.op, kind, made.call, here, is_default=is_default, is_layer=True)

    def _sequential(self, made: facts.Call, routine: Routine, given: facts.Expression | None, point: Point) -> Known:
        """The last layers of a ``Sequential`` that is written out; of another, what its network says."""
        place = routine.module.source.place(made.start, made.end)
        unknown = [Ending(place, "model", is_part=point.is_part)] if point.is_raw else None
        items = sequence_of(made)
        for item in reversed(items or ()):
            layers = self.values.of(item, routine)
            if len(layers) != 1 or not isinstance(layer := layers[0], (Foreign, Instance)):
                return unknown
            if isinstance(layer, Instance):
                return self._modelled(layer, point)
            spec = framework.layer_spec(layer.name)
            if spec is not None and spec.op in KEEPING:
                continue
            if not point.is_raw and losses.SOFTMAXES.get(layer.name.rpartition(".")[2]) == "log_softmax":
                point = replace(point, is_raw=True, path=())
                continue
            found = self._layer(layer, None, point) if layer.call is not None else None
            return found if found is None else [replace(one, containers=(made, *one.containers)) for one in found]
        return unknown if items is None else self._at(given, point) if items else None

    def _classifier(self, made: Foreign, point: Point) -> Known:
        """The output of a ready-made model: of the head that it is given, else, where that is known, of its own."""
        family = classifiers_by(made.name)
        if family is None or made.call is None or made.routine is None:
            return None
        try:
            head = new_head(self.values, made, family.heads, family.last)
        except UnknownHeadError:
            return None
        if head is not None:
            return self._put_in(head, point)
        place = made.routine.module.source.place(made.call.start, made.call.end)
        return [Ending(place, CLASSIFIER, is_part=point.is_part)] if family.is_raw and point.is_raw else None

    def _put_in(self, head: Put, point: Point) -> Known:
        """The output of a layer that is put where it is the last."""
        layers = self.values.of(head.made, head.routine)
        if len(layers) != 1 or not knows_all(self.values, head.made, head.routine):
            return None
        layer = layers[0]
        if isinstance(layer, Instance):
            return self._modelled(layer, point)
        return self._layer(layer, None, point) if isinstance(layer, Foreign) and layer.call is not None else None

    def _with_new_heads(self, model: Instance, found: Known, point: Point) -> Known:
        """The endings of a model, those in a layer that it is given right after it was made replaced by that layer's."""
        heads = [(ending, own_head(self.values, model, ending.attributes)) for ending in found or ()]
        return all_of([ending] if head is None else self._put_in(head, point) for ending, head in heads)

    def _returned(self, routine: Routine, point: Point) -> Known:
        """What a function or a method of the program gives back, on every way."""
        return all_of(self._at(value, replace(point, routine=routine)) for value in routine.returns)

    def _modelled(self, model: Instance, point: Point) -> Known:
        """The output of a model of the program: by its ``forward``, else, or if that has several, by the model itself."""
        values, cls = self.values, model.cls
        if not is_model(values, cls) or find_method(values, cls, CALL) is not None:
            return None
        if model.call is None and any(overrides(values, cls, FORWARD)):
            return None
        forward = find_method(values, cls, FORWARD)
        found = self._returned(forward, point) if forward is not None else None
        kinds = {(ending.op, ending.kind) for ending in found or ()}
        is_one = len(kinds) == 1 and ("model", "") not in kinds
        if not is_one and not point.path and point.is_raw:
            place = cls.module.source.place(cls.node.start, cls.node.end)
            return [Ending(place, "model", is_part=point.is_part)]
        return found
