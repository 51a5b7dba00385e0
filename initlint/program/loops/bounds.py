"""The number that a bound on gradients is, where the source says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from initlint.program.loops.events import Clip
from initlint.program.loops.objects import Foreign
from initlint.program.loops.routines import Routine
from initlint.program.nodes import spelled_names
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

INFINITIES = frozenset({"math.inf", "numpy.inf", "numpy.infty", "torch.inf"})


def bound_of(values: Values, clip: Clip) -> float | None:
    """The bound of a clip; `None` if it is not known, or is a variable that is tested before."""
    return _number(values, clip.bound, clip.routine, clip)


def _number(values: Values, node: facts.Expression | None, routine: Routine, clip: Clip) -> float | None:
    if isinstance(node, facts.Literal):
        return float(node.value) if isinstance(node.value, (int, float)) and type(node.value) is not bool else None
    if isinstance(node, facts.Unary) and node.operator == "-":
        inner = _number(values, node.operand, routine, clip)
        return None if inner is None else -inner
    if isinstance(node, facts.Call):
        return _infinite(node)
    if isinstance(node, facts.Attribute):
        found = values.of(node, routine)
        return math.inf if any(isinstance(one, Foreign) and one.name in INFINITIES for one in found) else None
    return _named(values, node, routine, clip) if isinstance(node, facts.Name) else None


def _infinite(call: facts.Call) -> float | None:
    """``float("inf")``."""
    if not isinstance(call.function, facts.Name) or call.function.id != "float" or len(call.arguments) != 1:
        return None
    given = call.arguments[0].value
    text = given.value if isinstance(given, facts.Literal) else None
    is_infinite = isinstance(text, str) and text.lower() in ("inf", "infinity", "+inf")
    return math.inf if is_infinite else None


def _named(values: Values, name: facts.Name, routine: Routine, clip: Clip) -> float | None:
    """The number that a name is bound to once, if no branch around the clip asks for it."""
    around = (one for one in clip.routine.branches if one.start <= clip.call.start and clip.call.end <= one.end)
    if any(name.id in spelled_names(one.test) for one in around) or routine.parameter(name.id) is not None:
        return None
    scope: Routine | None = routine
    while scope is not None and name.id not in scope.bounds:
        scope = scope.parent
    bounds = scope.bounds[name.id] if scope is not None else []
    if len(bounds) != 1 or bounds[0].route or isinstance(bounds[0].value, facts.Name):
        return None
    return _number(values, bounds[0].value, bounds[0].routine, clip)
