"""INL404."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.clips import VALUE_OPTIONS, clip_by_norm, clip_copies
from initlint.program import Program
from initlint.rule import Rule


class ClipByValue(Rule):
    """Each value of the gradient is bounded by itself.

    Why: values above the bound are cut and the others stay, so that the gradient turns away from the steepest descent:
    with a bound of 0.5, (2, 0.1) becomes (0.5, 0.1), from 3 degrees to 11. Bounding the norm keeps the direction.
    Predicted: the call that bounds each value, or that clamps each gradient by hand.
    Measured: not measured.
    Silent on: bounds on the norm; code that offers both and asks which.
    Fix: torch.nn.utils.clip_grad_norm_ with a bound near the norms that are common in training.
    Source: Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, section 3.2; Goodfellow, Bengio and Courville 2016, 10.11.1.
    """

    code = "INL404"
    name = "clip-by-value"
    severity = Severity.INFO
    default = False
    bad = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)  # bad
        optimizer.step()
"""
    good = """
import torch
from torch import nn


def train(model, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Reports every bound on single values."""
        for clipping in program.clippings():
            if clipping.clip.by == "value" and not clipping.is_chosen:
                yield self.finding(
                    clipping.place,
                    f"{clipping.name} bounds each value of the gradient by itself, which turns its direction, "
                    "expected a bound on the norm",
                    help=(clip_copies if clipping.clip.gives_copies else clip_by_norm)(clipping.parameters),
                )
        for place, who, option in program.value_trainers():
            yield self.finding(
                place,
                f"{option} makes the {who} bound each value of the gradient by itself, which turns its direction, "
                "expected a bound on the norm",
                help=VALUE_OPTIONS[who],
            )
