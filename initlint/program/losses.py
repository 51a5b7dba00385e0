"""Where a model and a loss meet: which operation made what the loss is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import losses as framework
from initlint.program.certainty import knows_all
from initlint.program.ending import Call, Ending, asked
from initlint.program.endings import Endings
from initlint.program.loops.expressions import argument
from initlint.program.loops.links import names_called
from initlint.program.loops.values import Foreign

if TYPE_CHECKING:
    from initlint.program.loops.routines import Routine
    from initlint.program.loops.values import Values
    from initlint.program.program import Program
    from initlint.reading import facts


@dataclass(frozen=True)
class LossInput:
    """One call of a loss of raw logits, of log-probabilities or of probabilities."""

    loss: str
    """Its name without the module."""
    kind: str
    """What it takes: ``"categorical"`` or ``"binary"`` for logits, ``"log-probabilities"``, ``"probabilities"``."""
    place: Place
    """Of the call that computes it."""
    made: Call
    """Its construction; for a function, the same call."""
    endings: tuple[Ending, ...]
    """All that may have made its input; none where one of them is not known."""
    logits: tuple[Ending, ...]
    """The same of the logits: behind its log-softmax for a loss of log-probabilities, none for one of probabilities."""


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


LOGITS = frozenset({"categorical", "binary"})
"""Kinds of losses that make probabilities themselves."""
NAMES = frozenset(name.rpartition(".")[2] for name in framework.LOSSES)


def _may_be_loss(name: str) -> bool:
    return name in NAMES or framework.LOSS_NAME.search(name) is not None


def _met(values: Values, routine: Routine, call: facts.Call) -> Iterator[LossInput]:
    loss = _loss(values, routine, call)
    given = argument(call, "input", 0)
    if loss is None or given is None:
        return
    kind = framework.LOSSES[loss.name]
    program = values.links.program
    endings = asked(program, Endings(values).of(given, routine) or [])
    logits = endings if kind in LOGITS else ()
    if kind == "log-probabilities":
        logits = asked(program, Endings(values, takes_logarithms=True).of(given, routine) or [])
    if endings or logits:
        here = Call(call, routine.module)
        made = Call(loss.call, loss.routine.module) if loss.call is not None and loss.routine is not None else here
        yield LossInput(loss.name.rpartition(".")[2], kind, here.place, made, endings, logits)


def _loss(values: Values, routine: Routine, call: facts.Call) -> Foreign | None:
    """The one loss that a call computes; `None` if it may be anything else."""
    callees = values.callees(call, routine)
    computed = [callee for callee in callees if isinstance(callee, Foreign) and _is_computed(callee)]
    is_one = len({callee.name for callee in computed}) == 1 and len(computed) == len(callees)
    return computed[0] if is_one and knows_all(values, call.function, routine) else None


def _is_computed(callee: Foreign) -> bool:
    """Whether calling it computes a loss: a class of losses is made first, and what it makes is called."""
    is_class = callee.name.rpartition(".")[2][0].isupper()
    return callee.name in framework.LOSSES and is_class == (callee.call is not None)
