"""Fixes of clipping: put in, moved in front of the step or behind the unscaling, given parameters anew."""

from __future__ import annotations

from initlint.finding import Place
from initlint.fix import Edit, Fix, Name, copied, inserted, replaced, statement_before, statement_removed
from initlint.frameworks.remedies import CLIP_FUNCTION, PAIRED_CLIPS, TRAINER_BOUND, parameters_of, unscale
from initlint.frameworks.training import CLIP_ARGUMENTS, CLIP_METHODS
from initlint.program.loops.clips import Clipping
from initlint.program.loops.events import Event
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.runs import Run
from initlint.program.loops.statements import runs_with, statement_of
from initlint.program.training import TrainingLoop
from initlint.reading import facts


def clipped(loop: TrainingLoop) -> Fix | None:
    """A clip in front of the step, if the step is a statement and the models have names there; the trainer's option."""
    if not isinstance(loop.node, facts.Call):
        return None
    if loop.trainer:
        told = _with_option(loop.node, loop.trainer.option, TRAINER_BOUND)
        return Fix("Let the trainer clip the gradients", (told,), safe=False)
    statement = statement_of(loop.routine, loop.node)
    is_plain = isinstance(statement, facts.Evaluate) and statement.value is loop.node
    is_closed = len(loop.node.arguments) > (1 if loop.scaler else 0)
    is_named = bool(loop.names) and len(loop.names) >= len(_models(loop))
    parameters = parameters_of(loop.names, loop.optimizer) if is_named else loop.parameters
    if statement is None or not is_plain or is_closed or loop.is_sent_by_other or not parameters:
        return None
    clip = (Name(CLIP_FUNCTION), f"({parameters}, max_norm=1.0)")
    is_scaled = loop.scaler and not loop.unscales
    first = (f"{unscale(loop.scaler, loop.optimizer)}\n",) if is_scaled else ()
    return Fix("Clip the gradients by their norm", (statement_before(statement, *first, *clip),), safe=False)


def _models(loop: TrainingLoop) -> set[tuple[str, Place]]:
    return {(model.name, model.place) for model in loop.models}


def _with_option(call: facts.Call, name: str, value: str) -> Edit:
    """A call with an option set."""
    for one in call.arguments:
        if one.keyword == name:
            return replaced(one.value, value)
    if not call.arguments:
        return inserted(call.end - 1, f"{name}={value}")
    return inserted(call.arguments[-1].value.end, f", {name}={value}")


def moved(run: Run) -> Fix | None:
    """In front of the step, if both stand in one function and no branch holds the clip alone."""
    routine, due = run.clip.routine, run.step_due
    if due is None or due.routine is not routine or not isinstance(due.node, facts.Call) or _runs_closure(due):
        return None
    clip, step = statement_of(routine, run.clip.call), statement_of(routine, due.node)
    if not isinstance(clip, facts.Evaluate) or not isinstance(step, facts.Evaluate) or step.value is not due.node:
        return None
    if not runs_with(routine, clip, step) or (due.scaler is not None and not run.is_unscaled_before(due)):
        return None
    edits = (statement_removed(clip), statement_before(step, copied(clip.value)))
    return Fix("Clip between the backward call and the step", edits, safe=False)


def unscaled(run: Run) -> Fix | None:
    """With the unscaling in front, if scaler, optimiser and clip are names of one function."""
    routine, step, sent = run.clip.routine, run.step, run.scaled
    statement = statement_of(routine, run.clip.call)
    if step is None or sent is None or statement is None or not run.is_always_scaled:
        return None
    if sent.is_undone_by_step:
        return _by_accelerator(run, sent)
    if step.routine is not routine or sent.routine is not routine or not run.optimizer:
        return None
    late = _late(run)
    if late is None:
        return None
    before = statement_before(statement, unscale(run.scaler, run.optimizer))
    return Fix("Unscale the gradients before they are clipped", (before, *map(statement_removed, late)), safe=False)


def _by_accelerator(run: Run, sent: Event) -> Fix | None:
    """The accelerator's own clip, which unscales first, if it is known where the clip stands."""
    call, method = run.clip.call, terminal_name(run.clip.call.function)
    is_known = sent.routine.owner is run.clip.routine.owner if "." in run.scaler else sent.routine is run.clip.routine
    takes_as_much = all(one.keyword in (None, *CLIP_ARGUMENTS) and not one.star for one in call.arguments)
    if method not in CLIP_METHODS or not is_known or not takes_as_much or not run.scaler:
        return None
    edit = replaced(call.function, f"{run.scaler}.{method}")
    return Fix("Let the accelerator clip, which unscales first", (edit,), safe=False)


def _late(run: Run) -> list[facts.Statement] | None:
    """The unscalings behind the clip, which must go, as a second one raises; `None` if one cannot be taken out."""
    routine = run.clip.routine
    found = [statement_of(routine, one.node) for one in run.late_unscalings if one.routine is routine]
    plain = [one for one in found if isinstance(one, facts.Evaluate)]
    return list[facts.Statement](plain) if len(plain) == len(run.late_unscalings) else None


def given_anew(clipping: Clipping) -> Fix | None:
    """With what the generator was made of, where its names are known at the clip."""
    made, given = clipping.generator, clipping.clip.parameters
    if made is None or given is None:
        return None
    return Fix("Ask for the parameters anew", (replaced(given, copied(made)),), safe=False)


def kept(clipping: Clipping) -> Fix | None:
    """With what is given back bound to the name of the gradients, where it is a pair of them and their norm."""
    given, call, routine = clipping.clip.parameters, clipping.clip.call, clipping.clip.routine
    statement = statement_of(routine, call)
    is_plain = isinstance(statement, facts.Evaluate) and statement.value is call and isinstance(given, facts.Name)
    if not is_plain or clipping.name not in PAIRED_CLIPS:
        return None
    return Fix("Keep the bounded gradients", (inserted(call.start, f"{clipping.parameters}, _ = "),), safe=False)


def _runs_closure(step: Event) -> bool:
    """Whether a step itself runs the backward call."""
    given = len(step.node.arguments) if isinstance(step.node, facts.Call) else 0
    return given > (0 if step.scaler is None else 1)
