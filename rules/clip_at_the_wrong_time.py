"""INL402."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.program import Program
from initlint.program.loops.clips import Clipping
from initlint.program.loops.runs import Run
from initlint.program.loops.timing import Timing
from initlint.rule import Rule

from .mending_clips import moved

WHY = {
    Timing.BEFORE_BACKWARD: "runs before the backward call, on gradients that were cleared or used: those of this batch "
    "stay unbounded",
    Timing.AFTER_STEP: "runs after the step, which has used the gradients unbounded",
    Timing.EACH_BATCH: "bounds the sum of the micro-batches so far, each time: the first ones are scaled down again and "
    "again, expected once, before the step",
    Timing.IN_HOOK: "runs in {method}, where the trainer has not sent this batch's gradients back yet: they stay unbounded",
    Timing.BEFORE_CLOSURE: "runs before the closure that sends the gradients back: they stay unbounded",
}
HELP = {
    Timing.IN_HOOK: "let the trainer clip, by its option, or clip in the hook that it calls before the step",
    Timing.BEFORE_CLOSURE: "let the trainer clip, by its option, or clip in the hook that it calls before the step",
}


class ClipAtTheWrongTime(Rule):
    """Gradients are clipped before they are there, after they were used, or at every micro-batch of an accumulation.

    Why: clipping bounds the step only if it stands between the last backward call and the step. Before the backward
    call it acts on gradients that are zero or belong to the step before; after the step it acts on what is cleared
    next; at every micro-batch it scales the sum so far, so that earlier batches count less than later ones.
    Predicted: the order of clearing, backward, clip and step on every way through the round of training that the clip
    runs in, helper functions and closures followed, and the next round after it; the methods that a trainer calls.
    Measured: not measured; it shows only when a gradient is large.
    Silent on: rounds that cannot be followed in full, steps of other optimisers, norms that are only read, manual
    optimisation, a clip under the same test as the step.
    Fix: move the clip in front of the step, behind the unscaling in mixed precision; leave it out for L-BFGS, whose
    line search asks that gradient and loss belong together.
    Source: Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, algorithm 1; Lightning's manual, order of hooks.
    """

    code = "INL402"
    name = "clip-at-the-wrong-time"
    bad = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # bad
        loss.backward()
        optimizer.step()
"""
    good = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges every clip in each round of training that is known to run it."""
        for clipping in program.clippings():
            for run in clipping.runs if not clipping.only_reads else ():
                if run.timing is not None:
                    yield self._finding(clipping, run, run.timing)

    def _finding(self, clipping: Clipping, run: Run, timing: Timing) -> Finding:
        why = WHY[timing].format(method=run.method)
        related = [(clipping.place, "the gradients are clipped here")] if run.place != clipping.place else []
        return self.finding(
            run.place,
            f"{clipping.name} {why}",
            help=_remedy(clipping, run, timing),
            predicted={"timing": timing.value},
            related=related,
            fix=moved(run),
        )


def _remedy(clipping: Clipping, run: Run, timing: Timing) -> str:
    if run.needs_no_bound:
        return f"leave out {clipping.name}: the optimizer's step does not grow with the gradient, and needs it as it is"
    return HELP.get(timing) or f"{clipping.name} between the last backward call and the step"
