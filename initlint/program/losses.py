"""Where a model and a loss meet: which operation made what the loss is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.frameworks import losses as framework
from initlint.frameworks.torch import layer_spec
from initlint.program.certainty import knows_all
from initlint.program.dataflow.evaluation import Terms
from initlint.program.ending import Call, Ending, asked
from initlint.program.endings import Endings
from initlint.program.loops.expressions import argument, receiver, terminal_name
from initlint.program.loops.links import names_called
from initlint.program.loops.objects import Foreign
from initlint.program.loops.recurrence import is_excluded
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.routines import Routine
    from initlint.program.loops.values import Values
    from initlint.program.program import Program


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
    """The calls in the files to report on."""
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
    losses = _losses(values, routine, call) if not is_excluded(call, routine, {}) else []
    given = argument(call, "input", 0)
    if not losses or given is None:
        return
    program = values.links.program
    endings = asked(program, Endings(values).of(given, routine) or [])
    logits: tuple[Ending, ...] = ()
    if any(framework.LOSSES[loss.name] == "log-probabilities" for loss in losses):
        logits = asked(program, Endings(values, takes_logarithms=True).of(given, routine) or [])
    kinds = frozenset(framework.LOSSES[loss.name] for loss in losses)
    here = Call(call, routine)
    for loss in losses:
        made = Call(loss.call, loss.routine) if loss.call is not None and loss.routine is not None else here
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


def layers_before(program: Program, ending: Ending) -> list[Ending]:
    """The layers whose output an activation is applied to, where they are known."""
    if ending.applied is None or ending.given is None:
        return []
    return Endings(program.values).of(ending.given, ending.applied.routine) or []


def units_of(program: Program, layer: Ending) -> int | None:
    """The number of units that a layer is made with, if that is written out."""
    if layer.call is None or not layer.is_layer:
        return None
    values, made = program.values, layer.call
    names = [callee.name for callee in values.callees(made.node, made.routine) if isinstance(callee, Foreign)]
    spec = layer_spec(names[0]) if len(names) == 1 else None
    for position, name in enumerate(spec.signature if spec is not None else ()):
        if name in framework.UNITS:
            given = argument(made.node, name, position)
            return given.value if isinstance(given, facts.Literal) and type(given.value) is int else None
    return None


def feeds_loss_alone(
    program: Program,
    met: LossInput,
    ending: Ending,
    harmless: frozenset[str] = frozenset(),
    *,
    may_be_returned: bool = False,
) -> bool:
    """Whether nothing but the loss, and functions and methods of those names, uses what the call of an activation gives."""
    applied, given = ending.applied, argument(met.call.node, "input", 0)
    if applied is None or applied.routine is not met.call.routine or given is None:
        return False
    if given is applied.node:
        return True
    definitions = Terms.of_program(program).definitions(applied.routine)
    uses = {key for key, reach in definitions.uses.items() if any(_moved(one.value) is applied.node for one in reach)}
    calls = [call for call in applied.routine.calls if terminal_name(call) in harmless]
    subjects = {id(one) for call in calls for one in (receiver(call), *(each.value for each in call.arguments[:1]))}
    items = [_items(one.value) for one in definitions.returns] if may_be_returned else []
    returned = {id(item) for some in items for item in some}
    return uses - subjects - returned == {id(given)}


def _moved(value: facts.Expression | None) -> facts.Expression | None:
    """What is picked or moved by methods and subscripts: of ``sigmoid(x).squeeze(-1)`` the call of the sigmoid."""
    while isinstance(value, facts.Subscript) or (
        isinstance(value, facts.Call)
        and isinstance(value.function, facts.Attribute)
        and value.function.name in framework.MOVING
    ):
        value = value.value if isinstance(value, facts.Subscript) else receiver(value)
    return value


def _items(value: facts.Expression | None) -> tuple[facts.Expression | None, ...]:
    return value.items if isinstance(value, facts.Sequence) else (value,)
