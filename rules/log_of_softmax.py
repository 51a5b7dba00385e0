"""INL501."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.fix import Fix
from initlint.fix.edit import Part
from initlint.program import Program
from initlint.program.dataflow import Term, Terms
from initlint.program.dataflow.logarithms import Logarithm, logarithms
from initlint.program.dataflow.moving import (
    arguments_of,
    function_of,
    hole,
    is_direct,
    made_before,
    means_same,
    rewritten,
)
from initlint.reading import facts
from initlint.rule import Rule

from .rounding import GUARDS, called, elsewhere

GAP = 150 * math.log(2)
"""How far a logit may lie below the largest in float32: e^-104 is below half of the smallest number, 2^-149."""
GAP_HALF = 25 * math.log(2)
"""The same in half precision, whose smallest number is 2^-24."""


class LogOfSoftmax(Rule):
    """The logarithm of a softmax.

    Why: a softmax rounds small probabilities to 0; the logarithm of 0 is -inf and its gradient NaN, so that one
    sample that the network is sure about, and wrong, ends the training. log_softmax subtracts the largest logit and
    takes the logarithm of the sum alone: exact whatever the logits.
    Predicted: how far below the largest a logit may lie before its probability is 0: 104 in float32, 17 in half precision.
    Silent on: sums and mixtures of probabilities, and values that are a softmax on some ways only. With an epsilon or a
    clamp inside it is told as a remark.
    Fix: log_softmax(x, dim).
    Source: the documentation of torch.nn.functional.log_softmax ("doing these two operations separately is slower and
    numerically unstable"); Blanchard, Higham and Higham 2021, Accurately computing the log-sum-exp and softmax functions.
    """

    code = "INL501"
    name = "log-of-softmax"
    bad = """
import torch
import torch.nn.functional as F


def policy_loss(logits, actions, advantages):
    probabilities = F.softmax(logits, dim=-1)
    chosen = probabilities.gather(1, actions)
    return -(torch.log(chosen) * advantages).mean()  # bad
"""
    good = """
import torch
import torch.nn.functional as F


def policy_loss(logits, actions, advantages):
    chosen = F.log_softmax(logits, dim=-1).gather(1, actions)
    return -(chosen * advantages).mean()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at what every logarithm is of."""
        terms = Terms.of_program(program)
        for found in logarithms(terms):
            made = found.inner.one("softmax")
            if made is not None and found.term.op != "log1p":
                yield self._finding(terms, found, made)

    def _finding(self, terms: Terms, found: Logarithm, made: Term) -> Finding:
        what = f"{called(found.term)} of {called(made)}"
        consequence = GUARDS.get(found.guard) or "the log is -inf and the gradient NaN"
        fix = _fix(terms, found, made)
        return self.finding(
            found.term.place,
            f"{what}: the probability of a logit more than {GAP:.0f} below the largest ({GAP_HALF:.0f} in half precision) "
            f"is exactly 0: {consequence}",
            help=f"use {'log_softmax' if fix is None else fix.title.removeprefix('Use ')}, which loses nothing",
            severity=Severity.INFO if found.guard else None,
            predicted={"gap_float32": GAP, "gap_float16": GAP_HALF, "guard": found.guard or None},
            related=elsewhere(made, found.term.place, "the softmax"),
            fix=fix,
        )


def _fix(terms: Terms, found: Logarithm, made: Term) -> Fix | None:
    """`log_softmax` of what the softmax is given, if that means the same at the logarithm."""
    call, routine = found.term.node, found.term.routine
    arguments = _arguments(made)
    if found.term.op != "log" or found.guard == "clamp" or made.routine is not routine:
        return None
    if not found.term.tensors or not arguments:
        return None
    whole = found.term.tensors[0]
    inner = hole(terms, whole, routine, made)
    if found.guard and is_direct(terms, whole, routine, made):
        inner = whole
    parts: list[Part] = [function_of(made.family, "log_softmax"), "(", *arguments, ")"]
    edits = () if found.guard else made_before(terms, whole, routine, made, call, *parts)
    if not edits and inner is not None and means_same(terms, made.tensors[0], routine, call):
        edits = (rewritten(whole, inner, call, *parts),)
    return Fix("Use log_softmax", edits, safe=True) if edits else None


def _arguments(made: Term) -> list[Part]:
    """The arguments of the function that takes the place of a softmax; none if they are not known."""
    if not made.tensors or not isinstance(made.node, facts.Call):
        return []
    given = arguments_of(made.node, made.tensors[0])
    if not made.is_layer:
        return given
    dim = made.options.get("dim")
    return [*given, f", dim={dim.value:.0f}"] if dim is not None and dim.value is not None else []
