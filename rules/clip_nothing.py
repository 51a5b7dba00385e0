"""INL405."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.clips import bounded_by_one, kept_copies
from initlint.program import Program
from initlint.program.loops.clips import Clipping
from initlint.rule import Rule

from .keeping_copies import kept
from .mending_clips import bounded, given_anew, of_step

ABSURD = 1e6
"""Bound on a norm that no gradient reaches before training has failed: 1e8 parameters with gradients of 1, far beyond
any that train, have the norm 1e4."""


class ClipNothing(Rule):
    """Clipping that bounds no gradient of a step: nothing is left to clip, it is another model's, or the bound is none.

    Why: parameters() gives a generator; the optimiser, or the first round, goes through it, and every later clip gets
    nothing, without an error. Clipping one model bounds nothing in the step of another. Functions that give bounded
    copies back change nothing in place. A bound of infinity never acts, and a bound of 0 sets every gradient to 0.
    Predicted: where the parameters come from and what went through them before; the models whose parameters are
    clipped, and that the optimisers behind it hold; the bound as a number; whether what is given back is used.
    Measured: not measured.
    Silent on: an infinite bound whose result is read: that is how a norm is measured; parameters, models and bounds
    that are not known; models that share parts.
    Fix: model.parameters() in the call itself, of the model that is stepped; a bound near the norms that are common.
    Source: PyTorch, torch.nn.utils.clip_grad_norm_, which warns of empty generators.
    """

    code = "INL405"
    name = "clip-nothing"
    bad = """
import torch
from torch import nn


def train(model, batches):
    params = model.parameters()
    optimizer = torch.optim.SGD(params, lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(params, 1.0)  # bad
        optimizer.step()
"""
    good = """
import torch
from torch import nn


def train(model, batches):
    params = list(model.parameters())
    optimizer = torch.optim.SGD(params, lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges every clip: what it is given, and the bound."""
        for clipping in program.clippings():
            found = self._bound(clipping) or self._lost(clipping) or self._used_up(clipping) or self._stranger(clipping)
            if found is not None:
                yield found

    def _bound(self, clipping: Clipping) -> Finding | None:
        bound = clipping.bound
        if bound is None or (0 < bound < ABSURD) or (bound > 0 and clipping.is_read):
            return None
        effect = "sets every gradient to 0" if bound == 0 else "turns every gradient round" if bound < 0 else ""
        return self.finding(
            clipping.place,
            f"{clipping.name} with the bound {bound:g} {effect or 'never bounds a gradient'}, expected a bound near the "
            "norms that are common in training",
            severity=Severity.ERROR if effect else Severity.WARNING,
            help=bounded_by_one(clipping.name, clipping.parameters or "..."),
            predicted={"bound": bound if math.isfinite(bound) else "inf"},
            fix=bounded(clipping),
        )

    def _lost(self, clipping: Clipping) -> Finding | None:
        if not clipping.is_lost or any(run.timing is not None for run in clipping.runs):
            return None
        return self.finding(
            clipping.place,
            f"{clipping.name} gives bounded copies back and changes none of {clipping.parameters or 'the gradients'}: "
            "nothing uses the copies, and the gradients stay unbounded",
            help=kept_copies(clipping.name, clipping.parameters),
            fix=kept(clipping),
        )

    def _used_up(self, clipping: Clipping) -> Finding | None:
        place = clipping.used_up_at
        if place is None:
            return None
        where = "from the second call on" if place == clipping.place else f"since line {place.line}"
        related = [] if place == clipping.place else [(place, "the generator is used up here")]
        return self.finding(
            clipping.place,
            f"{clipping.parameters} is a generator of parameters and empty {where}: {clipping.name} clips nothing, and "
            "the gradients stay unbounded",
            help=f"list(...) where {clipping.parameters} is made, or model.parameters() in the call",
            related=related,
            fix=given_anew(clipping),
        )

    def _stranger(self, clipping: Clipping) -> Finding | None:
        if clipping.stranger is None:
            return None
        clipped, stepped = clipping.stranger
        return self.finding(
            clipping.place,
            f"{clipping.name} bounds the gradients of {clipped}, and the step behind it is one of {stepped}: its gradients "
            "stay unbounded",
            help=f"{clipping.name} on the parameters of {stepped}",
            fix=of_step(clipping),
            predicted={"clipped": clipped, "stepped": stepped},
        )
