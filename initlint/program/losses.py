"""Where a model and a loss meet: which operation made what the loss is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    kinds: frozenset[str]
    """The same of all losses that the call may compute."""
    call: Call
    """That computes it."""
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


NAMES = frozenset(name.rpartition(".")[2] for name in framework.LOSSES)


def _may_be_loss(name: str) -> bool:
    return name in NAMES or framework.LOSS_NAME.search(name) is not None


def _met(values: Values, routine: Routine, call: facts.Call) -> Iterator[LossInput]:
    losses = _losses(values, routine, call)
    given = argument(call, "input", 0)
    if not losses or given is None:
        return
    program = values.links.program
    endings = asked(program, Endings(values).of(given, routine) or [])
    logits: tuple[Ending, ...] = ()
    if any(framework.LOSSES[loss.name] == "log-probabilities" for loss in losses):
        logits = asked(program, Endings(values, takes_logarithms=True).of(given, routine) or [])
    kinds = frozenset(framework.LOSSES[loss.name] for loss in losses)
    here = Call(call, routine.module)
    for loss in losses if endings or logits else ():
        made = Call(loss.call, loss.routine.module) if loss.call is not None and loss.routine is not None else here
        kind = framework.LOSSES[loss.name]
        raw = {"log-probabilities": logits, "probabilities": ()}.get(kind, endings)
        yield LossInput(loss.name.rpartition(".")[2], kind, kinds, here, made, endings, raw)


def _losses(values: Values, routine: Routine, call: facts.Call) -> list[Foreign]:
    """The losses that a call may compute; none if it may be anything else."""
    callees = values.callees(call, routine)
    computed = [callee for callee in callees if isinstance(callee, Foreign) and _is_computed(callee)]
    if len(computed) < len(callees) or not knows_all(values, call.function, routine):
        return []
    return list({callee.name: callee for callee in computed}.values())


def _is_computed(callee: Foreign) -> bool:
    """Whether calling it computes a loss: a class of losses is made first, and what it makes is called."""
    is_class = callee.name.rpartition(".")[2][0].isupper()
    return callee.name in framework.LOSSES and is_class == (callee.call is not None)
