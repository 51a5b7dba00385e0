"""Fixes of clipping: moved in front of the step, behind the unscaling, given parameters anew."""

from __future__ import annotations

from initlint.fix import Fix, copied, replaced, statement_before, statement_removed
from initlint.frameworks.remedies import unscale
from initlint.program.loops.clips import Clipping
from initlint.program.loops.statements import block_of, is_inside, statement_of
from initlint.reading import facts


def moved(clipping: Clipping) -> Fix | None:
    """In front of the one step of its round, if both stand in one function and no branch holds the clip alone."""
    routine, steps = clipping.clip.routine, clipping.steps
    if len(steps) != 1 or steps[0].routine is not routine or not isinstance(steps[0].node, facts.Call):
        return None
    clip, step = statement_of(routine, clipping.clip.call), statement_of(routine, steps[0].node)
    if not isinstance(clip, facts.Evaluate) or not isinstance(step, facts.Evaluate):
        return None
    if step.value is not steps[0].node or _runs_closure(clipping) or not is_inside(step, block_of(routine, clip)):
        return None
    if steps[0].scaler is not None and not clipping.unscales_before_step:
        return None
    edits = (statement_removed(clip), statement_before(step, copied(clip.value)))
    return Fix("Clip between the backward call and the step", edits, safe=False)


def unscaled(clipping: Clipping) -> Fix | None:
    """With the unscaling in front, if scaler, optimiser and clip are names of one function."""
    routine, step, sent = clipping.clip.routine, clipping.step, clipping.scaled
    statement = statement_of(routine, clipping.clip.call)
    if step is None or sent is None or statement is None or not clipping.is_always_scaled:
        return None
    if step.routine is not routine or sent.routine is not routine or not clipping.optimizer:
        return None
    before = statement_before(statement, unscale(clipping.scaler, clipping.optimizer))
    return Fix("Unscale the gradients before they are clipped", (before,), safe=False)


def given_anew(clipping: Clipping) -> Fix | None:
    """With what the generator was made of, where its names are known at the clip."""
    made, given = clipping.generator, clipping.clip.parameters
    if made is None or given is None:
        return None
    return Fix("Ask for the parameters anew", (replaced(given, copied(made)),), safe=False)


def _runs_closure(clipping: Clipping) -> bool:
    """Whether the step itself runs the backward call."""
    step = clipping.steps[0]
    given = len(step.node.arguments) if isinstance(step.node, facts.Call) else 0
    return given > (0 if step.scaler is None else 1)
