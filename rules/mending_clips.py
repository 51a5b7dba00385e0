"""Fixes of clips: moved in front of the step or behind the unscaling, given parameters anew."""

from __future__ import annotations

from initlint.fix import (
    Copy,
    Fix,
    copied,
    replaced,
    statement_after,
    statement_before,
    statement_removed,
    statement_under,
)
from initlint.fix.edit import Binding
from initlint.frameworks import tapes
from initlint.frameworks.clips import TRAINER_BOUND, parameters_of, step_is_due, unscale
from initlint.frameworks.training import CLIP_ARGUMENTS, CLIP_METHODS, MODULE_GENERATORS
from initlint.program.loops.clips import Clipping
from initlint.program.loops.events import Event
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.routines import Routine, binding_scope
from initlint.program.loops.runs import Run, placed
from initlint.program.loops.statements import changes_between, guard_of, runs_with, statement_of, test_of
from initlint.program.loops.timing import written
from initlint.program.nodes import is_same, nodes, spelled_names
from initlint.reading import facts


def moved(run: Run) -> Fix | None:
    """To where it acts on the gradients of this batch, all of them, and once; out, where no clip is needed."""
    statement = statement_of(run.clip.routine, run.clip.call)
    if run.needs_no_bound:
        return _left_out(run, statement)
    if isinstance(statement, facts.Evaluate) and run.is_left_to_trainer:
        return Fix("Leave it to the trainer, which clips by default", (statement_removed(statement),), safe=False)
    if isinstance(statement, facts.Evaluate) and run.round is None and run.accumulator:
        return Fix("Clip where a step is due", (statement_under(statement, step_is_due(run.accumulator)),), safe=False)
    if isinstance(statement, facts.Evaluate) and run.due_hook:
        return _in_hook(run, statement)
    return _before_step(run) or _behind_backward(run)


def _left_out(run: Run, clip: facts.Statement | None) -> Fix | None:
    """If it stands in the round itself, or in the closure that the step runs, and in no helper that others may call."""
    is_helper = run.place != placed(run.clip.call, run.clip.routine)
    if is_helper or not isinstance(clip, facts.Evaluate) or clip.value is not run.clip.call:
        return None
    return Fix("Leave the clip out: the step does not grow with the gradient", (statement_removed(clip),), safe=False)


def _in_hook(run: Run, clip: facts.Evaluate) -> Fix | None:
    """In a method of its own that the trainer calls in time, if the clip speaks of the object alone."""
    routine = run.clip.routine
    local = {*routine.bounds, *(one.name for one in routine.parameters)} - {routine.self_name}
    if routine.node is None or routine.self_name is None or local & spelled_names(clip):
        return None
    method = f"\ndef {run.due_hook}({routine.self_name}, {OPTIMIZER}):\n    "
    edits = (statement_removed(clip), statement_after(routine.node, method, copied(clip)))
    return Fix(f"Clip in {run.due_hook}", edits, safe=False)


OPTIMIZER = "optimizer"


def _before_step(run: Run) -> Fix | None:
    """In front of the step, if both stand in one function and no branch holds the clip alone."""
    routine, due = run.round.routine if run.round is not None else run.clip.routine, run.step_due
    if due is None or due.routine is not routine or not isinstance(due.node, facts.Call) or _runs_closure(due):
        return None
    clip, step = statement_of(routine, run.anchor), statement_of(routine, due.node)
    if clip is None or not _is_whole(clip, run) or not isinstance(step, facts.Evaluate) or step.value is not due.node:
        return None
    if due.scaler is not None and not run.is_unscaled_before(due):
        return None
    if runs_with(routine, clip, step):
        return Fix(BETWEEN, (statement_removed(clip), statement_before(step, copied(clip))), safe=False)
    return _with_guard(routine, clip, step)


def _with_guard(routine: Routine, clip: facts.Statement, step: facts.Statement) -> Fix | None:
    """In front of the step with the test that holds the clip alone, if that says the same there."""
    guard = guard_of(routine, clip)
    if guard is None or not runs_with(routine, guard, step):
        return None
    if changes_between(routine, spelled_names(guard.test), *sorted((guard.start, step.start))):
        return None
    moved_test = statement_before(
        step, "if ", Copy(guard.test.start, guard.test.end, Binding.ATOM), ":\n    ", copied(clip)
    )
    return Fix(BETWEEN, (statement_removed(guard), moved_test), safe=False)


BETWEEN = "Clip between the backward call and the step"


def _behind_backward(run: Run) -> Fix | None:
    """Behind the backward call, if that stands in the function that the step runs, as the clip does."""
    routine, sent = run.clip.routine, run.sent_behind
    if sent is None or sent.routine is not routine or sent.scaler is not None or run.round is None:
        return None
    clip, backward = statement_of(routine, run.clip.call), statement_of(routine, sent.node)
    is_inside = run.round.routine is not routine and run.step_due is not None and _runs_closure(run.step_due)
    if not is_inside or not isinstance(clip, facts.Evaluate) or not isinstance(backward, facts.Evaluate):
        return None
    if not runs_with(routine, clip, backward):
        return None
    return Fix(BETWEEN, (statement_removed(clip), statement_after(backward, copied(clip.value))), safe=False)


def _is_whole(statement: facts.Statement, run: Run) -> bool:
    """Whether a statement does nothing but clip; what gives copies back is bound to a name."""
    kinds = (facts.Evaluate, facts.Assign) if run.clip.gives_copies else (facts.Evaluate,)
    return isinstance(statement, kinds) and statement.value is run.anchor and run.calls_it_alone


def unscaled(run: Run) -> Fix | None:
    """With the unscaling in front, if scaler, optimiser and clip are names of one function."""
    routine, step, sent = run.clip.routine, run.step, run.scaled
    statement = statement_of(routine, run.clip.call)
    if step is None or sent is None or statement is None:
        return None
    if not run.is_always_scaled:
        return _where_scaled(run, sent, statement)
    if sent.is_undone_by_step:
        return _by_accelerator(run, sent)
    if step.routine is not routine or sent.routine is not routine or not run.optimizer:
        return None
    late = _late(run)
    if late is None:
        return None
    before = statement_before(statement, unscale(run.scaler, run.optimizer))
    return Fix(UNSCALED, (before, *map(statement_removed, late)), safe=False)


UNSCALED = "Unscale the gradients before they are clipped"


def _where_scaled(run: Run, sent: Event, clip: facts.Statement) -> Fix | None:
    """Under the test that holds the scaled backward call and its step, if that says the same at the clip."""
    routine, step = run.clip.routine, run.scaled_step
    optimizer = written(step.subject) if step is not None else ""
    if step is None or run.late_unscalings or {sent.routine, step.routine} != {routine} or not optimizer:
        return None
    test, other = (test_of(routine, each.node, clip) for each in (sent, step))
    if test is None or not is_same(test, other) or any(isinstance(node, facts.Call) for node in nodes(test)):
        return None
    if changes_between(routine, spelled_names(test), sent.node.start, step.node.end):
        return None
    head = ("if ", Copy(test.start, test.end, Binding.ATOM), ":\n    ")
    return Fix(UNSCALED, (statement_before(clip, *head, unscale(run.scaler, optimizer)),), safe=False)


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


def bounded(clipping: Clipping) -> Fix | None:
    """By 1: where the bound is written, or where the one name that it has is bound."""
    node = clipping.clip.bound
    if isinstance(node, facts.Name):
        scope = binding_scope(node.id, clipping.clip.routine)
        found = scope.bounds.get(node.id, []) if scope is not None else []
        node = found[0].value if len(found) == 1 else None
    return Fix("Bound them by 1", (replaced(node, TRAINER_BOUND),), safe=False) if node is not None else None


def given_anew(clipping: Clipping) -> Fix | None:
    """With what the generator was made of, where its names are known at the clip; else with what the step changes.

    What is more than a call of a method of the model becomes a list where it is made.
    """
    made, given = clipping.generator, clipping.clip.parameters
    if made is None or given is None:
        return of_step(clipping)
    if isinstance(given, facts.Name) and terminal_name(made) not in MODULE_GENERATORS:
        return Fix("Make a list of the parameters", (replaced(made, "list(", copied(made), ")"),), safe=False)
    return Fix("Ask for the parameters anew", (replaced(given, copied(made)),), safe=False)


def of_step(clipping: Clipping) -> Fix | None:
    """With the parameters that the step behind it changes, if that stands in the same function."""
    given, step, made = clipping.clip.parameters, clipping.step, clipping.stepped
    optimizer = written(step.subject) if step is not None else ""
    if given is None or not optimizer:
        return None
    part = copied(made) if made is not None else parameters_of((), optimizer)
    return Fix("Clip what the step changes", (replaced(given, part),), safe=False)


def _runs_closure(step: Event) -> bool:
    """Whether a step itself runs the backward call."""
    if not isinstance(step.node, facts.Call) or terminal_name(step.node.function) in tapes.STEPS:
        return False
    given = len(step.node.arguments)
    return given > (0 if step.scaler is None else 1)
