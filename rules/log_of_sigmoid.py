"""INL502."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from initlint.finding import Finding, Severity
from initlint.fix import Fix, copied
from initlint.fix.edit import Part
from initlint.program import Program
from initlint.program.dataflow import Term, Terms
from initlint.program.dataflow.logarithms import Logarithm, complement, logarithms, unguarded
from initlint.program.dataflow.moving import function_of, hole, is_direct, made_before, means_same, rewritten
from initlint.rule import Rule

from .rounding import GUARDS, called, elsewhere

LOWEST = 128 * math.log(2)
"""In float32, exp(-x) is infinite for x below minus this, and the sigmoid 0."""
LOWEST_HALF = 25 * math.log(2)
"""In half precision the sigmoid is 0 below minus this: half of the smallest number is 2^-25."""
HIGHEST = 24 * math.log(2)
"""In float32 the sigmoid is 1 above this: the distance from 1 to the next smaller number is 2^-24."""
HIGHEST_HALF = 12 * math.log(2)
"""The same in half precision, with a distance of 2^-11, half of which is rounded up."""


class LogOfSigmoid(Rule):
    """The logarithm of a sigmoid, or of one minus a sigmoid.

    Why: a sigmoid rounds to 0 or 1; the logarithm of 0 is -inf and its gradient NaN. One minus a sigmoid loses everything
    long before: it is 0 for inputs above 17, that is for every sample that the network is sure about.
    Predicted: the input beyond which the logarithm is infinite, in float32 and in half precision.
    Silent on: products and mixtures of probabilities, and values that are a sigmoid on some ways only. With an epsilon or
    a clamp inside it is told as a remark.
    Fix: logsigmoid(x) and logsigmoid(-x); for a whole binary cross-entropy binary_cross_entropy_with_logits.
    Source: the documentation of torch.nn.BCEWithLogitsLoss ("more numerically stable than using a plain Sigmoid followed by
    a BCELoss"); Goodfellow, Bengio and Courville, Deep Learning, 2016, section 6.2.2.2.
    """

    code = "INL502"
    name = "log-of-sigmoid"
    bad = """
import torch


def ranking_loss(positive, negative):
    return -torch.log(torch.sigmoid(positive - negative)).mean()  # bad


def generator_loss(fake):
    probability = torch.sigmoid(fake)
    return torch.log(1 - probability).mean()  # bad
"""
    good = """
import torch.nn.functional as F


def ranking_loss(positive, negative):
    return -F.logsigmoid(positive - negative).mean()


def generator_loss(fake):
    return F.logsigmoid(-fake).mean()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at what every logarithm is of."""
        terms = Terms.of_program(program)
        for found in logarithms(terms):
            made, guard, is_complement = _sigmoid(found)
            if made is not None:
                yield self._finding(terms, replace(found, guard=guard), made, is_complement=is_complement)

    def _finding(self, terms: Terms, found: Logarithm, made: Term, *, is_complement: bool) -> Finding:
        what = f"{found.term.op.removesuffix('1p')} of {'1 - ' * is_complement}{called(made)}"
        limits = (HIGHEST, HIGHEST_HALF) if is_complement else (-LOWEST, -LOWEST_HALF)
        rounded = "1 - sigmoid is" if is_complement else "the sigmoid is"
        side = "above" if is_complement else "below"
        consequence = GUARDS.get(found.guard) or "the log is -inf and the gradient NaN"
        remedy = "logsigmoid(-x)" if is_complement else "logsigmoid(x)"
        return self.finding(
            found.term.place,
            f"{what}: for an input {side} {limits[0]:.0f} ({limits[1]:.0f} in half precision) {rounded} exactly 0: {consequence}",
            help=f"use {remedy} of what the sigmoid is given, which loses nothing",
            severity=Severity.INFO if found.guard else None,
            predicted={"limit_float32": limits[0], "limit_float16": limits[1], "guard": found.guard or None},
            related=elsewhere(made, found.term.place, "the sigmoid"),
            fix=_fix(terms, found, made, is_complement=is_complement),
        )


def _sigmoid(found: Logarithm) -> tuple[Term | None, str, bool]:
    """The sigmoid that a logarithm is of, what guards it, and whether it is of one minus it."""
    rest = complement(found)
    if rest is None:
        return found.inner.one("sigmoid"), found.guard, False
    inner, guard = unguarded(rest)
    return inner.one("sigmoid"), found.guard or guard, True


def _fix(terms: Terms, found: Logarithm, made: Term, *, is_complement: bool) -> Fix | None:
    """`logsigmoid` of what the sigmoid is given, if that means the same at the logarithm."""
    call, routine = found.term.node, found.term.routine
    if found.term.op in ("log2", "log10") or found.guard == "clamp" or made.routine is not routine:
        return None
    if not found.term.tensors or not made.tensors:
        return None
    whole, given = found.term.tensors[0], made.tensors[0]
    inner = hole(terms, whole, routine, made)
    if (is_complement or found.guard) and is_direct(terms, whole, routine, made):
        inner = whole
    minus = ["-"] if is_complement else []
    parts: list[Part] = [function_of(made.family, "logsigmoid"), "(", *minus, copied(given), ")"]
    edits = () if found.guard or is_complement else made_before(terms, whole, routine, made, call, *parts)
    if not edits and inner is not None and means_same(terms, given, routine, call):
        edits = (rewritten(whole, inner, call, *parts),)
    return Fix("Use logsigmoid", edits, safe=True) if edits else None
