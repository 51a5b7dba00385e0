"""The optimiser that a model has from being compiled, as its own training step uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import keras
from initlint.program.loops.classes import is_related
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.routines import ClassScope, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

UNKNOWN = "?"
"""Name of an optimiser that is not known."""


def compiled_optimizers(values: Values, optimizer: facts.Expression | None, routine: Routine) -> list[Value]:
    """For ``model.optimizer``: what the model is compiled with, each call of it; none for anything else."""
    if not isinstance(optimizer, facts.Attribute) or optimizer.name != keras.OPTIMIZER:
        return []
    owners = [one.cls for one in values.of(optimizer.value, routine) if isinstance(one, Instance)]
    return [made for cls in owners for made in _compiled(values, cls)]


def _compiled(values: Values, cls: ClassScope) -> Iterator[Value]:
    for routine, call in values.links.calls_of(keras.COMPILE):
        if any(is_related(values, cls, other) for other in _receivers(values, call, routine)):
            yield from _given(values, call, routine)


def _receivers(values: Values, call: facts.Call, routine: Routine) -> Iterator[ClassScope]:
    if isinstance(call.function, facts.Attribute):
        if terminal_name(call.function.value) == "super":
            yield from [] if routine.owner is None else [routine.owner]
        else:
            found = values.of(call.function.value, routine)
            yield from (one.cls for one in found if isinstance(one, Instance))


def _given(values: Values, call: facts.Call, routine: Routine) -> Iterator[Value]:
    given = argument(call, keras.OPTIMIZER, 0)
    if given is None and not any(one.star for one in call.arguments):
        given = facts.Literal(call.start, call.end, keras.DEFAULT_OPTIMIZER)
    if isinstance(given, facts.Literal):
        yield Foreign(f"keras.optimizers.{str(given.value).lower()}", call, routine)
        return
    made = [one for one in values.of(given, routine) if isinstance(one, Foreign)]
    yield from made or [Foreign(UNKNOWN, call, routine)]
