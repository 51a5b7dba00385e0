"""INL403."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.frameworks.clips import unscale_before, unscaling_clip
from initlint.frameworks.training import FIRST_SCALE
from initlint.program import Program
from initlint.program.loops.clips import Clipping
from initlint.program.loops.events import Event
from initlint.program.loops.runs import Run, placed
from initlint.rule import Rule

from .mending_clips import unscaled


class ClipBeforeUnscale(Rule):
    """Gradients are clipped while they still carry the factor of a loss scaler.

    Why: a gradient scaler multiplies the loss by 65536 at first, and the gradients with it. A bound of 1 on these is a
    bound of 1.5e-5 on the true ones: every step is clipped, its size depends on the current scale alone, and changes
    whenever the scaler changes that.
    Predicted: the backward call of a scaled loss, or of an accelerator that scales it, and no unscaling between it and
    the clip, on every way through the round of training, helper functions followed.
    Measured: not measured; the probe runs no scaler.
    Silent on: scalers that are switched off, accelerators that unscale themselves, bounds multiplied by the scale,
    norms that are only read, ways that cannot be followed.
    Fix: scaler.unscale_(optimizer) in front of the clip; the accelerator's own clip.
    Source: PyTorch, Automatic Mixed Precision examples, "Gradient clipping"; accelerate's manual on the same.
    """

    code = "INL403"
    name = "clip-before-unscale"
    bad = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler()
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast("cuda"):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # bad
        scaler.step(optimizer)
        scaler.update()
"""
    good = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler()
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast("cuda"):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges every clip behind the backward call of a scaled loss, in each round that is known to run it."""
        for clipping in program.clippings():
            for run in clipping.runs if not clipping.only_reads else ():
                if run.timing is None and run.scaled is not None:
                    yield self._finding(clipping, run, run.scaled)

    def _finding(self, clipping: Clipping, run: Run, sent: Event) -> Finding:
        bound = clipping.bound
        worth = f": a bound of {bound:g} is worth {bound / FIRST_SCALE:.1e} at first" if bound else ""
        return self.finding(
            run.place,
            f"{clipping.name} acts on gradients that {run.scaler} multiplied by {FIRST_SCALE:.0f} at first and "
            f"nothing unscaled{worth}",
            help=unscaling_clip(run.scaler, clipping.name, clipping.parameters)
            if sent.is_undone_by_step
            else unscale_before(run.scaler, run.optimizer, clipping.name),
            predicted={"scale": FIRST_SCALE, "bound": bound, "true_bound": bound / FIRST_SCALE if bound else None},
            related=[(placed(sent.node, sent.routine), "the scaled gradients are made here")],
            fix=unscaled(run),
        )
