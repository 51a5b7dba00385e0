"""INL507."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.program import Program
from initlint.program.dataflow import Terms
from initlint.program.dataflow.divisions import divisions
from initlint.rule import Rule

from .rounding import elsewhere


class DivisionWithoutEps(Rule):
    """A division by a norm, a sum, a standard deviation or a variance with no epsilon.

    Why: where everything that is summed up is 0 (a padded row, an empty mask, a constant channel, a dead layer) the result
    is NaN or inf, and spreads over the model with the next step.
    Predicted: a divisor of exactly 0 for such an input.
    Silent on: an epsilon that is added, a bound below, functions that hold one (normalize, layer_norm), and sums of what
    is positive (exponentials, a softmax).
    Fix: add an epsilon to the divisor, or clamp it; F.normalize for unit vectors.
    Source: the documentation of torch.nn.functional.normalize (divides by max(norm, eps)); Ioffe and Szegedy 2015, Batch
    normalization, algorithm 1.
    """

    code = "INL507"
    name = "division-without-eps"
    default = False
    bad = """
import torch


def masked_mean(x, mask):
    return (x * mask).sum(dim=1) / mask.sum(dim=1)  # bad


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)  # bad
"""
    good = """
import torch.nn.functional as F


def masked_mean(x, mask):
    return (x * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


def unit(x):
    return F.normalize(x, dim=-1)
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at what is divided by."""
        for found in divisions(Terms.of_program(program)):
            yield self.finding(
                found.term.place,
                f"division by {found.reason} with no epsilon: where that is exactly 0 the result is NaN or inf",
                help="add an epsilon to the divisor, as in x / (divisor + 1e-6), or clamp it: divisor.clamp(min=1e-6)",
                predicted={"divisor": found.reason, "at": 0.0},
                related=elsewhere(found.divisor, found.term.place, "the divisor"),
            )
