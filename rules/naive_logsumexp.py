"""INL504."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from initlint.finding import Finding
from initlint.fix import Fix, copied, replaced
from initlint.fix.edit import Part
from initlint.frameworks.numerics import FUNCTIONS
from initlint.program import Program
from initlint.program.dataflow import Term, Terms
from initlint.program.dataflow.exponentials import NaiveSum, naive_sums
from initlint.program.dataflow.moving import function_of, means_same
from initlint.reading import facts
from initlint.rule import Rule

from .rounding import elsewhere

OVERFLOW = 128 * math.log(2)
"""Exponent from which exp is infinite in float32, whose largest number is just below 2^128."""
OVERFLOW_HALF = 16 * math.log(2)
"""The same in half precision, whose largest number is just below 2^16."""
WRITTEN = {
    "logsumexp": "log(sum(exp(x)))",
    "logaddexp": "log(exp(x) + exp(y))",
    "softplus": "log(1 + exp(x))",
    "softmax": "exp(x) / sum(exp(x))",
}
REMEDIES = {
    "logsumexp": "torch.logsumexp(x, dim)",
    "logaddexp": "torch.logaddexp(x, y)",
    "softplus": "F.softplus(x)",
    "softmax": "torch.softmax(x, dim)",
}
RESULT = {"softmax": "NaN", "softplus": "inf where it should be x"}


class NaiveLogsumexp(Rule):
    """A logarithm or a quotient of sums of exponentials whose exponents are not shifted by the largest one.

    Why: the exponential overflows long before its logarithm would: the sum is inf, and what is divided by it is 0 or NaN.
    Where all exponents are far below 0 the sum is 0 and the logarithm -inf.
    Predicted: the exponent from which exp is infinite, in float32 and in half precision.
    Silent on: exponents shifted by their maximum, those that are bounded (minus a distance, minus an absolute value, a
    tanh, the cosine of an angle, log-probabilities, a clamp), and numbers that are no tensors.
    Fix: logsumexp, softplus, softmax.
    Source: Blanchard, Higham and Higham 2021, Accurately computing the log-sum-exp and softmax functions; Maechler 2012,
    Accurately computing log(1 - exp(-|a|)).
    """

    code = "INL504"
    name = "naive-logsumexp"
    bad = """
import torch


def attention(scores, values):
    weights = torch.exp(scores)
    weights = weights / weights.sum(dim=-1, keepdim=True)  # bad
    return weights @ values


def energy(logits):
    return -torch.log(torch.exp(logits).sum(dim=1))  # bad
"""
    good = """
import torch


def attention(scores, values):
    weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    weights = weights / weights.sum(dim=-1, keepdim=True)
    return weights @ values


def energy(logits):
    return -torch.logsumexp(logits, dim=1)
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at the logarithms and the quotients of sums of exponentials."""
        terms = Terms.of_program(program)
        for found in naive_sums(terms, OVERFLOW):
            what = WRITTEN[found.kind]
            yield self.finding(
                found.term.place,
                f"{what} without shifting the exponents: exp is infinite from {OVERFLOW:.0f} on ({OVERFLOW_HALF:.0f} in half "
                f"precision), and the result {RESULT.get(found.kind, 'inf')}",
                help=f"use {REMEDIES[found.kind]}, which shifts by the largest",
                predicted={"overflow_float32": OVERFLOW, "overflow_float16": OVERFLOW_HALF, "kind": found.kind},
                related=elsewhere(found.exponential, found.term.place, "the exponential"),
                fix=_fix(terms, found),
            )


def _fix(terms: Terms, found: NaiveSum) -> Fix | None:
    """The function that shifts, if nothing else goes in and the operands mean the same there."""
    made, total, term = found.exponential, found.total, found.term
    if not found.is_plain or not made.tensors or {made.routine, total.routine} != {term.routine}:
        return None
    given = _given(found)
    if not given or found.kind not in FUNCTIONS[made.family]:
        return None
    if not all(means_same(terms, operand, term.routine, term.node) for _, operand in given):
        return None
    parts: list[Part] = []
    for keyword, value in given:
        parts += [", " if parts else "", f"{keyword}=" if keyword else "", copied(value)]
    edit = replaced(term.node, function_of(made.family, found.kind), "(", *(part for part in parts if part != ""), ")")
    return Fix(f"Use {found.kind}", (edit,), safe=True)


Axes = list[tuple[str, facts.Expression]]
"""Arguments of a function, each with its keyword; empty for one that has none."""


def _given(found: NaiveSum) -> Axes:
    """All that the function is given; nothing where that is not known."""
    if found.kind == "logaddexp":
        sides = found.total.operands
        is_near = all(side.routine is found.term.routine and side.tensors for side in sides)
        is_one = len({side.family for side in sides}) == 1
        return [("", side.tensors[0]) for side in sides] if is_near and is_one else []
    axes = AXES[found.kind](found.total)
    return [("", found.exponential.tensors[0]), *axes] if axes is not None else []


def _summed(total: Term) -> Axes | None:
    """The axes of a sum, as arguments of the function that takes its place."""
    if "dim" not in total.options or total.options.keys() - {"dim", "keepdim"}:
        return None
    return [(name, option.node) for name, option in total.options.items()]


def _kept(total: Term) -> Axes | None:
    """The one axis of a sum that keeps it, so that what is divided by it goes along it."""
    keeps, dim = total.options.get("keepdim"), total.options.get("dim")
    is_kept = keeps is not None and isinstance(keeps.node, facts.Literal) and keeps.node.value is True
    return [("dim", dim.node)] if is_kept and dim is not None and dim.value is not None else None


AXES: dict[str, Callable[[Term], Axes | None]] = {
    "softplus": lambda total: [],
    "logsumexp": _summed,
    "softmax": _kept,
}
