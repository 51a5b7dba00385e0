"""How many time steps a loop trains over, where the source names the number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.routines import Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.links import Links


def known_steps(links: Links, routines: Iterable[Routine]) -> int | None:
    """The largest sequence length that a variable, a parameter's default or an option is given around some routines."""
    scripts = (links.scopes(routine.module).script for routine in routines)
    found = [length for routine in dict.fromkeys((*routines, *scripts)) for length in _lengths(routine)]
    return max(found, default=None)


def known_rounds(routine: Routine, node: facts.Node) -> int | None:
    """How often a routine makes a step, if all the loops around it there count to literal numbers, and there are any."""
    around = [loop for loop in routine.loops if loop.start <= node.start and node.end <= loop.end]
    counts = [_count(loop) for loop in around]
    known = [count for count in counts if count is not None]
    return prod(known) if known and len(known) == len(counts) else None


def _count(loop: facts.For | facts.While) -> int | None:
    """Rounds of a loop over ``range(number)``."""
    iterable = loop.iterable if isinstance(loop, facts.For) else None
    if not isinstance(iterable, facts.Call) or terminal_name(iterable) != "range" or len(iterable.arguments) != 1:
        return None
    given = iterable.arguments[0].value
    return given.value if isinstance(given, facts.Literal) and type(given.value) is int else None


def _lengths(routine: Routine) -> Iterator[int]:
    for name, bounds in routine.bounds.items():
        if framework.LENGTH_NAME.match(name):
            yield from _lengths_in(bound.value for bound in bounds if not bound.route)
    for parameter in routine.parameters:
        if framework.LENGTH_NAME.match(parameter.name):
            yield from _lengths_in([parameter.default])
    for call in routine.calls:
        yield from _lengths_in(one.value for one in call.arguments if framework.LENGTH_NAME.match(one.keyword or ""))
        if terminal_name(call.function) == "add_argument" and _is_length_option(call):
            yield from _lengths_in(one.value for one in call.arguments if one.keyword == "default")


def _is_length_option(call: facts.Call) -> bool:
    names = [one.value.value for one in call.arguments if isinstance(one.value, facts.Literal) and one.keyword is None]
    spelled = [name.lstrip("-").replace("-", "_") for name in names if isinstance(name, str)]
    return any(framework.LENGTH_NAME.match(name) for name in spelled)


def _lengths_in(values: Iterable[facts.Expression | None]) -> Iterator[int]:
    """The literal numbers among some values; a length of 1 says that the loop over time is elsewhere."""
    for value in values:
        if isinstance(value, facts.Literal) and type(value.value) is int and value.value > 1:
            yield value.value
