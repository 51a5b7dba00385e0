"""Where a model and a loss of raw logits meet: which operation made what the loss is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import training as framework
from initlint.program.endings import Ending, Endings
from initlint.program.loops.expressions import argument
from initlint.program.loops.links import names_called
from initlint.program.loops.values import Foreign

if TYPE_CHECKING:
    from initlint.program.loops.routines import Routine
    from initlint.program.loops.values import Value, Values
    from initlint.program.program import Program
    from initlint.reading import facts


@dataclass(frozen=True)
class LossInput:
    """One call of a loss of raw logits."""

    loss: str
    """Its name without the module."""
    kind: str
    """``"categorical"`` or ``"binary"``."""
    place: Place
    endings: tuple[Ending, ...]
    """All that may have made its input; at least one."""


def find_loss_inputs(program: Program) -> Iterator[LossInput]:
    """The calls in the files to report on whose input is known on every way."""
    values = program.values
    if not values.links.calling(*NAMES):
        return
    for module in values.links.modules:
        if any(map(_may_be_loss, names_called(module))):
            for name, found in values.links.scopes(module).calls.items():
                for routine, call in found if _may_be_loss(name) else ():
                    yield from _met(values, routine, call)


NAMES = frozenset(name.rpartition(".")[2] for name in framework.LOGIT_LOSSES)


def _may_be_loss(name: str) -> bool:
    return name in NAMES or framework.LOSS_NAME.search(name) is not None


def _met(values: Values, routine: Routine, call: facts.Call) -> Iterator[LossInput]:
    loss = _loss(values, routine, call)
    given = argument(call, "input", 0)
    if loss is None or given is None:
        return
    kind = framework.LOGIT_LOSSES[loss]
    found = Endings(values, takes_logarithms=kind == "log-probabilities").of(given, routine)
    if found:
        kind = "binary" if kind == "binary" else "categorical"
        yield LossInput(loss.rpartition(".")[2], kind, routine.module.source.place(call.start, call.end), tuple(found))


def _loss(values: Values, routine: Routine, call: facts.Call) -> str | None:
    """The one loss of raw logits that a call computes; `None` if it may be anything else."""
    names = {_name_if_computed(callee) for callee in values.callees(call, routine)}
    return names.pop() if len(names) == 1 else None


def _name_if_computed(callee: Value) -> str | None:
    """The name of a loss, if calling it computes one: a class of losses is made first, and what it makes is called."""
    if not isinstance(callee, Foreign) or callee.name not in framework.LOGIT_LOSSES:
        return None
    is_class = callee.name.rpartition(".")[2][0].isupper()
    return callee.name if is_class == (callee.call is not None) else None
