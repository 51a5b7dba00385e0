"""Calls that give back what they are given: a model moved or wrapped, the items of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import trainers
from initlint.frameworks import training as framework
from initlint.program.loops.expressions import argument, receiver, terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.routines import EACH, ClassScope, Route, Routine
from initlint.program.module import Module
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Value
    from initlint.program.loops.values import Values

SAME_ITEMS = frozenset({"list", "tuple", "reversed", "sorted", "iter", "tqdm", "set"})
"""Calls that give the items of their first argument."""
ITERATORS = frozenset({"enumerate", "zip", "items", "values"})
GIVEN = (None, "module", "model", "optimizers", "inner_optimizer")
"""Keywords under which a wrapper is given what it wraps."""


def passed_through(values: Values, call: facts.Call, routine: Routine, route: Route) -> Iterable[Value] | None:
    """For a call that gives back its receiver or an argument: that; `None` for any other."""
    name = terminal_name(call.function)
    given = [one.value for one in call.arguments if not one.star and one.keyword in GIVEN]
    if isinstance(call.function, facts.Attribute) and name in framework.SAME_OBJECT:
        owners = values.of(call.function.value, routine)
        if not any(isinstance(one, Module) or (isinstance(one, Foreign) and one.call is None) for one in owners):
            return values.of(call.function.value, routine, route)
    if name in SAME_ITEMS and given and route:
        return values.of(given[0], routine, route)
    if name == trainers.PARSED and route and isinstance(call.function, facts.Attribute):
        return list(_parsed(values, call, routine, route))
    if name in ITERATORS and route:
        return _iterated(values, name, call, routine, route)
    if name in framework.WRAPPERS | framework.PREPARERS and given and not _is_own(values, call, routine):
        return _wrapped(values, name, call, given, routine, route)
    return None


def _is_own(values: Values, call: facts.Call, routine: Routine) -> bool:
    return any(isinstance(one, (Routine, ClassScope)) for one in values.callees(call, routine))


def _wrapped(
    values: Values, name: str, call: facts.Call, given: list[facts.Expression], routine: Routine, route: Route
) -> Iterable[Value] | None:
    for callee in values.callees(call, routine):
        if isinstance(callee, Foreign) and callee.name in framework.ENGINES:
            return [Foreign(callee.name, call, routine)]
    if name in framework.WRAPPERS or len(given) == 1:
        return values.of(given[0], routine, route)
    if route and 0 <= route[0] < len(given):
        return values.of(given[route[0]], routine, route[1:])
    return None


def _iterated(values: Values, name: str, call: facts.Call, routine: Routine, route: Route) -> Iterable[Value]:
    rest = route[2:]
    if name in ("items", "values"):
        return values.of(receiver(call), routine, (EACH, *(rest if name == "items" else route[1:])))
    position = 0 if name == "enumerate" else route[1] if len(route) > 1 else -1
    if len(route) < 2 or not 0 <= position < len(call.arguments) or (name == "enumerate" and route[1] != 1):
        return []
    return values.of(call.arguments[position].value, routine, (EACH, *rest))


def _parsed(values: Values, call: facts.Call, routine: Routine, route: Route) -> Iterator[Value]:
    """The object of a dataclass that a parser of options was given, with the defaults of its fields."""
    for parser in values.of(receiver(call), routine):
        if isinstance(parser, Foreign) and trainers.OPTIONS_PARSER.match(parser.name) and parser.routine is not None:
            types = argument(parser.call, *trainers.PARSED_TYPES) if parser.call is not None else None
            for one in values.of(types, parser.routine, route[:1]):
                if isinstance(one, ClassScope):
                    yield Instance(one, call, routine)
                elif isinstance(one, Foreign) and one.call is None:
                    yield Foreign(one.name, call, routine)


def index_in(node: facts.Expression) -> int:
    """The position a subscript asks for, if it is a plain number; else `EACH`."""
    return node.value if isinstance(node, facts.Literal) and type(node.value) is int and node.value >= 0 else EACH


def items_at(node: facts.Expression, index: int) -> tuple[facts.Expression, ...]:
    """The items of a literal collection at a position."""
    if isinstance(node, facts.Sequence):
        return node.items if index == EACH else node.items[index : index + 1]
    if isinstance(node, facts.Dictionary):
        return node.values
    return (node.value or node.element,) if isinstance(node, facts.Comprehension) else ()
