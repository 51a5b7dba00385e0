"""What a call computes: a function of a framework, a layer, a model or a function of the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from initlint.frameworks import numerics
from initlint.frameworks import torch as framework
from initlint.program.dataflow.substitution import substitute
from initlint.program.dataflow.term import KEEP, UNKNOWN, Term
from initlint.program.loops.classes import find_method, overrides
from initlint.program.loops.expressions import dotted
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.resolution import External
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.dataflow.evaluation import Terms

FORWARD = "forward"
MOST_CALLEES = 4
"""Functions that one call may run before it is given up."""


class Calls:
    """Turns calls into terms."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._values = terms.values

    def of(self, call: facts.Call, routine: Routine) -> Term:
        """What a call in a routine computes."""
        receiver = self._receiver(call, routine)
        if receiver is not None and (found := self._method(call, receiver, routine)) is not None:
            return found
        callees = self._callees(call, routine)
        if not callees and isinstance(call.function, facts.Attribute):
            return self._method(call, call.function.value, routine) or self._unknown(call, routine)
        if not 0 < len(callees) <= MOST_CALLEES:
            return self._unknown(call, routine)
        found_terms = [self._by(callee, call, routine) or self._unknown(call, routine) for callee in callees]
        return self._terms.either(found_terms, call, routine)

    def _callees(self, call: facts.Call, routine: Routine) -> list[Value]:
        """What a call may call. What a routine or an object is given from outside is not searched for in all callers: of
        local names and attributes of ``self``, those alone are followed that are made where they are bound."""
        if self._terms.is_shallow:
            found = self._terms.program.resolve_expression(routine.module, call.function)
            return [Foreign(framework.canonical(found.name))] if isinstance(found, External) else []
        root, *rest = dotted(call.function).split(".")
        parameter = routine.parameter(root)
        if parameter is not None and root != routine.self_name and root not in routine.bounds:
            return self._annotated(parameter, rest, routine)
        bounds = routine.bounds.get(root, [])
        if root == routine.self_name and routine.owner is not None and rest:
            bounds = routine.owner.attributes.get(rest[0], [])
        if any(not isinstance(bound.value, facts.Call) for bound in bounds):
            return []
        return self._values.callees(call, routine)

    def _annotated(self, parameter: facts.Parameter, rest: list[str], routine: Routine) -> list[Value]:
        """What is called of a parameter that is annotated with a class of the program."""
        if parameter.annotation is None or len(rest) > 1:
            return []
        classes = self._values.of(parameter.annotation, routine.parent or routine)
        owners = [Instance(one) for one in classes if isinstance(one, ClassScope)]
        if not rest:
            return list[Value](owners)
        return [value for owner in owners for value in self._values.attribute(owner, rest[0])]

    def _unknown(self, call: facts.Call, routine: Routine) -> Term:
        """Something that everything given goes into."""
        given = [one.value for one in call.arguments]
        function = call.function
        if isinstance(function, facts.Attribute):
            given.insert(0, function.value)
        elif isinstance(function, facts.Name) and routine.parameter(function.id) is not None:
            given.insert(0, function)
        return Term(UNKNOWN, call, routine, lambda: tuple(self._terms.of(each, routine) for each in given))

    # ---------------------------------------------------------------------------------------------------------- methods

    def _receiver(self, call: facts.Call, routine: Routine) -> facts.Expression | None:
        """The tensor that a method is called on, if it surely is no module and no object of the program."""
        function = call.function
        if not isinstance(function, facts.Attribute) or numerics.operation(function.name) is None:
            return None
        owner = function.value
        if isinstance(owner, (facts.Binary, facts.Unary)):
            return owner
        root = dotted(function).partition(".")[0]
        is_local = root in routine.bounds or routine.parameter(root) is not None
        return owner if is_local and root != routine.self_name else None

    def _method(self, call: facts.Call, receiver: facts.Expression, routine: Routine) -> Term | None:
        """A method of a tensor."""
        assert isinstance(call.function, facts.Attribute)
        op = numerics.operation(call.function.name)
        if op is None:
            return None
        if call.function.name in self._values.links.defined and not self._terms.of(receiver, routine).is_plain:
            return None
        return self._applied(numerics.Meaning(op, numerics.METHODS), call, routine, receiver)

    def _applied(
        self, meaning: numerics.Meaning, call: facts.Call, routine: Routine, receiver: facts.Expression | None
    ) -> Term | None:
        """An operation on the arguments of a call, behind the receiver of a method."""
        if any(one.star for one in call.arguments):
            return None
        given = [one.value for one in call.arguments if one.keyword is None]
        keywords = numerics.named({one.keyword: one.value for one in call.arguments if one.keyword is not None})
        tensors = [receiver] if receiver is not None else []
        wanted = 3 if meaning.op in numerics.THREE else 2 if meaning.op in numerics.BINARY else 1
        while len(tensors) < wanted and given:
            tensors.append(given.pop(0))
        for name in ("input", "x", "logits", "other", "exponent", "target", "value", "tensor"):
            if len(tensors) < wanted and name in keywords:
                tensors.append(keywords.pop(name))  # type: ignore[arg-type]
        if len(tensors) < wanted and meaning.op != KEEP:
            return None
        keywords.update(zip(numerics.SIGNATURES.get(meaning.op, ("dim",)), given, strict=False))
        options = {name: self._terms.of(value, routine) for name, value in keywords.items()}  # type: ignore[arg-type]
        parts = tuple(tensors)
        return Term(
            meaning.op,
            call,
            routine,
            lambda: tuple(self._terms.of(each, routine) for each in parts),
            options=options,
            family=meaning.family,
            tensors=parts,
        )

    # ------------------------------------------------------------------------------------------------------- by callees

    def _by(self, callee: Value, call: facts.Call, routine: Routine) -> Term | None:
        if isinstance(callee, Routine):
            return self._function(callee, call, routine)
        if isinstance(callee, Instance):
            return self._model(callee, call, routine)
        if not isinstance(callee, Foreign):
            return None
        if callee.call is not None:
            return self._layer(callee, call, routine)
        if self._is_chosen(call.function, routine):
            return None
        meaning = numerics.meaning_of(callee.name)
        return self._applied(meaning, call, routine, None) if meaning is not None else None

    def _is_chosen(self, function: facts.Expression, routine: Routine) -> bool:
        """Whether what is called is given from outside, so that what is known of it is an example only."""
        root = dotted(function).partition(".")[0]
        scope: Routine | None = routine
        while scope is not None:
            if root in scope.bounds or scope.parameter(root) is not None:
                return True
            scope = scope.parent
        return False

    def _layer(self, made: Foreign, call: facts.Call, routine: Routine) -> Term | None:
        """The output of a layer of the framework."""
        layer: Foreign | None = made
        if framework.CONTAINERS.get(made.name) == "sequential":
            layer = self._last_of(made)
        if layer is None or layer.call is None or layer.routine is None:
            return None
        if self._is_chosen(layer.call.function, layer.routine):
            return None
        op = numerics.LAYERS.get(layer.name)
        if op is None or not call.arguments:
            return None
        given = call.arguments
        inner = layer is not made
        options = self._options(op, layer.call, layer.routine)

        def operands() -> tuple[Term, ...]:
            found = tuple(self._terms.of(one.value, routine) for one in given)
            return (Term(UNKNOWN, call, routine, lambda: found),) if inner else found

        tensors = () if inner else tuple(one.value for one in given)
        return Term(
            op, call, routine, operands, options=options, family=numerics.METHODS, tensors=tensors, is_layer=True
        )

    def _options(self, op: str, made: facts.Call, routine: Routine) -> dict[str, Term]:
        given = [one.value for one in made.arguments if one.keyword is None and not one.star]
        found = dict(zip(numerics.SIGNATURES.get(op, ()), given, strict=False))
        found.update((one.keyword, one.value) for one in made.arguments if one.keyword)
        return {name: self._terms.of(value, routine) for name, value in found.items()}

    def _last_of(self, made: Foreign) -> Foreign | None:
        """The last layer that does anything of a ``Sequential`` that is written out."""
        assert made.call is not None and made.routine is not None
        for one in reversed(made.call.arguments):
            if one.star or one.keyword is not None:
                return None
            layers = self._values.of(one.value, made.routine)
            if len(layers) != 1 or not isinstance(layers[0], Foreign):
                return None
            if numerics.LAYERS.get(layers[0].name) != KEEP:
                return layers[0]
        return None

    # -------------------------------------------------------------------------------------------------- of the program

    def _function(self, callee: Routine, call: facts.Call, routine: Routine) -> Term | None:
        """What a function or method of the program gives back for these arguments."""
        if (
            callee.owner is not None
            and not callee.is_static
            and any(overrides(self._values, callee.owner, callee.name))
        ):
            return None
        returned = self._terms.returned(callee)
        if returned is None:
            return None
        given = dict(self.given(callee, call, routine))
        return substitute(returned, given, callee)

    def given(self, callee: Routine, call: facts.Call, routine: Routine) -> Iterator[tuple[str, Callable[[], Term]]]:
        """What a call gives for the parameters of a routine; their defaults where it gives nothing."""
        places = [one.name for one in callee.parameters if one.kind in ("positional", "normal")]
        if callee.self_name is not None:
            places = places[1:]
        is_sure = not any(one.star for one in call.arguments)
        for one in callee.parameters:
            if one.default is not None and is_sure:
                yield one.name, partial(self._terms.of, one.default, callee.parent or callee)
        for name, given in zip(places, (one for one in call.arguments if one.keyword is None), strict=False):
            if is_sure:
                yield name, partial(self._terms.of, given.value, routine)
        for given in call.arguments:
            if given.keyword is not None:
                yield given.keyword, partial(self._terms.of, given.value, routine)

    def _model(self, model: Instance, call: facts.Call, routine: Routine) -> Term | None:
        """The output of a model of the program."""
        if not is_model(self._values, model.cls):
            return None
        if model.call is None and any(overrides(self._values, model.cls, FORWARD)):
            return None
        forward = find_method(self._values, model.cls, FORWARD)
        return self._function(forward, call, routine) if forward is not None else None
