"""Whether a model has a recurrent layer, and where it makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import training as framework
from initlint.frameworks.recurrent import is_container, is_graph, is_module, recurrent_layer
from initlint.program.loops.classes import ancestry, find_method, foreign_bases
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.graphs import constructions, layers_added, layers_of_graph
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.routines import ClassScope, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

DEEPEST_NESTING = 6
"""Modules in modules that are looked into."""
Known = Mapping[str, object]
"""Constructor parameters whose value is known."""
UNKNOWN = object()
FALLBACK_SIZE = ("hidden_size", 1)
"""Where layers that a name chooses are given the width of their state."""


@dataclass(frozen=True)
class Recurrence:
    """A recurrent layer of a model."""

    layer: str
    """``"LSTM"``, ``"GRUCell"``, ..."""
    place: Place
    model: str
    """Name of the class that makes it; empty for a layer that is trained as it is."""
    hidden: int | None
    is_gated: bool
    steps: int | None
    """Time steps it is unrolled over, if the source says so."""


@dataclass
class _Search:
    """One search for the first recurrent layer, which looks into nothing twice: what many lead to costs once."""

    values: Values
    seen: dict[tuple[object, ...], int] = field(default_factory=dict)
    """Least depth at which each thing was looked into, by what it is, who makes it and what is known there."""

    def is_new(self, thing: tuple[object, ...], known: Known, depth: int) -> bool:
        """Whether something was not looked into before from as near or nearer: only then is there more to find."""
        key = (*thing, frozenset(known.items()))
        if self.seen.get(key, depth + 1) <= depth:
            return False
        self.seen[key] = depth
        return True


def recurrence_of(values: Values, model: Value) -> Recurrence | None:
    """The first recurrent layer in a model."""
    return next(_in_value(_Search(values), model, {}, 0, ""), None)


def _in_value(search: _Search, model: Value, known: Known, depth: int, owner: str) -> Iterator[Recurrence]:
    if not isinstance(model, (Instance, Foreign)):
        return
    what = id(model.cls) if isinstance(model, Instance) else model.name
    if not search.is_new((what, id(model.call), id(model.routine), owner), known, depth):
        return
    if isinstance(model, Instance):
        yield from _in_class(search, model.cls, _arguments(search.values, model, known), depth)
        if model.call is not None and model.routine is not None:
            yield from _in_arguments(search, model.call, model.routine, known, depth)
        if any(map(is_graph, foreign_bases(search.values, model.cls))):
            for made in constructions(search.values, model):
                yield from _in_layers(search, layers_of_graph(search.values, made), known, depth, model.cls.name)
    elif model.call is not None and model.routine is not None:
        yield from _in_foreign(search, model, known, depth, owner)


def _in_foreign(search: _Search, made: Foreign, known: Known, depth: int, owner: str) -> Iterator[Recurrence]:
    assert made.call is not None and made.routine is not None
    layer = recurrent_layer(made.name)
    if layer is not None:
        place = made.routine.module.source.place(made.call.start, made.call.end)
        hidden = _hidden(made.call, layer.size, made.routine, known)
        yield Recurrence(layer.kind, place, owner, hidden, layer.is_gated, _unrolled(made.routine))
    elif made.name == "torch.nn.?" and _chooses_recurrence(made.call):
        place = made.routine.module.source.place(made.call.start, made.call.end)
        yield Recurrence(
            framework.FALLBACK_RECURRENT,
            place,
            owner,
            _hidden(made.call, FALLBACK_SIZE, made.routine, known),
            False,
            None,
        )
    elif is_container(made.name):
        yield from _in_arguments(search, made.call, made.routine, known, depth, owner)
        yield from _in_layers(search, layers_added(search.values, made), known, depth, owner)
    elif is_graph(made.name):
        yield from _in_layers(search, layers_of_graph(search.values, made), known, depth, owner)


def _in_layers(search: _Search, layers: Iterator[Value], known: Known, depth: int, owner: str) -> Iterator[Recurrence]:
    for layer in layers if depth < DEEPEST_NESTING else ():
        yield from _in_value(search, layer, known, depth + 1, owner)


def _in_arguments(
    search: _Search, call: facts.Call, routine: Routine, known: Known, depth: int, owner: str = ""
) -> Iterator[Recurrence]:
    for one in call.arguments if depth < DEEPEST_NESTING else ():
        for item in _items(one.value):
            if isinstance(item, facts.Starred) or one.star:
                continue
            for value in search.values.of(item, routine):
                if not isinstance(value, Instance) or (value.call is not None and is_model(search.values, value.cls)):
                    yield from _in_value(search, value, known, depth + 1, owner)


def _items(given: facts.Expression) -> tuple[facts.Expression, ...]:
    """The parts of ``[a, b]``, ``[a] * n`` and ``[a for ...]``; else what is given."""
    if isinstance(given, facts.Binary) and given.operator == "*" and isinstance(given.left, facts.Sequence):
        given = given.left
    if isinstance(given, facts.Sequence):
        return given.items
    return (given.element,) if isinstance(given, facts.Comprehension) else (given,)


def _in_class(search: _Search, cls: ClassScope, known: Known, depth: int) -> Iterator[Recurrence]:
    if depth > DEEPEST_NESTING or not is_model(search.values, cls):
        return
    for one in ancestry(search.values, cls):
        for routine in one.methods.values():
            if find_method(search.values, cls, routine.name) is routine or routine.name == "__init__":
                yield from _in_routine(search, routine, known, depth, cls.name)


def _in_routine(search: _Search, routine: Routine, known: Known, depth: int, owner: str) -> Iterator[Recurrence]:
    if depth > DEEPEST_NESTING or not search.is_new((id(routine), owner), known, depth):
        return
    for call in routine.calls:
        if not is_excluded(call, routine, known):
            for callee in search.values.callees(call, routine):
                if isinstance(callee, ClassScope):
                    yield from _in_value(search, Instance(callee, call, routine), known, depth + 1, owner)
                elif isinstance(callee, Foreign) and not is_container(callee.name):
                    yield from _in_value(search, Foreign(callee.name, call, routine), known, depth + 1, owner)
                elif isinstance(callee, Routine) and callee.owner is None and routine.name == "__init__":
                    yield from _in_routine(search, callee, {}, depth + 1, owner)
    for inner in routine.functions.values():
        yield from _in_routine(search, inner, known, depth + 1, owner)


def is_model(values: Values, cls: ClassScope) -> bool:
    """Whether a class is a module of the framework, or derives from something unknown that is named like one."""
    bases = foreign_bases(values, cls)
    return any(is_module(base) or framework.MODULE_WORD.search(base.rpartition(".")[2]) for base in bases)


# -------------------------------------------------------------------------------------------------------------- details


def _chooses_recurrence(call: facts.Call) -> bool:
    """Whether the name in ``getattr(nn, name)(...)`` says that the layer is a recurrent one."""
    chooser = call.function
    return (
        isinstance(chooser, facts.Call)
        and len(chooser.arguments) > 1
        and framework.RECURRENT_WORD.search(terminal_name(chooser.arguments[1].value)) is not None
    )


def _hidden(call: facts.Call, size: tuple[str, int], routine: Routine, known: Known) -> int | None:
    given = argument(call, *size)
    value = _literal(given, routine, known) if given is not None else None
    return value if type(value) is int else None


def _unrolled(routine: Routine) -> int | None:
    """Steps of the one loop over a known range in the ``forward`` of the class that makes a layer."""
    forward = routine.owner.methods.get("forward") if routine.owner is not None else None
    for loop in forward.loops if forward is not None else ():
        iterable = loop.iterable if isinstance(loop, facts.For) else None
        if isinstance(iterable, facts.Call) and terminal_name(iterable) == "range" and len(iterable.arguments) == 1:
            value = iterable.arguments[0].value
            if isinstance(value, facts.Literal) and type(value.value) is int:
                return value.value
    return None


def _arguments(values: Values, made: Instance, known: Known) -> Known:
    """The constructor's parameters whose values are literals, given or by default."""
    init = find_method(values, made.cls, "__init__")
    found: dict[str, object] = {}
    for position, parameter in enumerate(init.parameters[1:] if init is not None else ()):
        given = argument(made.call, parameter.name, position) if made.call is not None else None
        if given is not None and made.routine is not None:
            found[parameter.name] = _literal(given, made.routine, known)
        elif isinstance(parameter.default, facts.Literal) and made.call is not None and not _is_splat(made.call):
            found[parameter.name] = parameter.default.value
    return {name: value for name, value in found.items() if value is not UNKNOWN}


def _is_splat(call: facts.Call) -> bool:
    return any(one.star for one in call.arguments)


def _literal(node: facts.Expression, routine: Routine, known: Known) -> object:
    if isinstance(node, facts.Literal):
        return node.value
    if isinstance(node, facts.Name):
        if node.id in known and routine.parameter(node.id) is not None:
            return known[node.id]
        bounds = routine.bounds.get(node.id, [])
        if len(bounds) == 1 and isinstance(bounds[0].value, facts.Literal) and not bounds[0].route:
            return bounds[0].value.value
    if isinstance(node, facts.Attribute) and isinstance(node.value, facts.Name) and node.value.id == routine.self_name:
        return known.get(node.name, UNKNOWN)
    return UNKNOWN


def is_excluded(call: facts.Call, routine: Routine, known: Known) -> bool:
    """Whether a call stands in a branch that known constructor arguments rule out."""
    for branch in routine.branches:
        if branch.start <= call.start and call.end <= branch.end and call.start >= branch.test.end:
            outcome = _decide(branch.test, routine, known)
            is_else = bool(branch.otherwise) and call.start >= branch.otherwise[0].start
            if outcome is not None and outcome is is_else:
                return True
    return False


def _decide(test: facts.Expression, routine: Routine, known: Known) -> bool | None:
    if isinstance(test, facts.Unary) and test.operator == "not":
        inner = _decide(test.operand, routine, known)
        return None if inner is None else not inner
    if isinstance(test, facts.Boolean):
        sides = {_decide(test.left, routine, known), _decide(test.right, routine, known)}
        settles = test.operator == "or"
        return settles if settles in sides else None if None in sides else not settles
    if isinstance(test, facts.Compare) and len(test.operators) == 1:
        return _compare(test, routine, known)
    value = _literal(test, routine, known)
    return None if value is UNKNOWN else bool(value)


def _compare(test: facts.Compare, routine: Routine, known: Known) -> bool | None:
    left, other = _literal(test.left, routine, known), test.comparators[0]
    operator = test.operators[0]
    if isinstance(other, facts.Sequence) and operator in ("in", "not in"):
        items = [item.value if isinstance(item, facts.Literal) else UNKNOWN for item in other.items]
        return None if left is UNKNOWN or UNKNOWN in items else (left in items) is (operator == "in")
    right = _literal(other, routine, known)
    if left is UNKNOWN or right is UNKNOWN or operator not in ("==", "!=", "is", "is not"):
        return None
    return (left == right) is (operator in ("==", "is"))
