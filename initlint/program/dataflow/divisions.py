"""Divisions by what may be exactly 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.program.dataflow.bounds import MASK
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.roots import vanishing
from initlint.program.dataflow.searching import quotients
from initlint.program.dataflow.term import Term
from initlint.program.nodes import spelled_names

REDUCTIONS = frozenset({"sum", "norm", "vector_norm", "std", "var", "reduce_sum", "sqrt"})
"""Last names of the calls that make what is divided by."""
SPREADS = {"norm": "a norm", "std": "a standard deviation", "var": "a variance"}


@dataclass(frozen=True)
class Division:
    """A division by a norm, a sum, a deviation or a variance, as it stands."""

    term: Term
    divisor: Term
    reason: str
    """What is divided by."""


def divisions(terms: Terms) -> Iterator[Division]:
    """Those in the files to report on whose divisor nothing keeps away from 0."""
    for quotient in quotients(terms, REDUCTIONS):
        below = quotient.operands[1].bare()
        reason = _reason(below)
        if reason:
            yield Division(quotient, below, reason)


def _reason(divisor: Term) -> str:
    if divisor.op in SPREADS:
        return SPREADS[divisor.op]
    if divisor.op == "sqrt" and divisor.operands and vanishing(divisor.operands[0]):
        return f"the root of {vanishing(divisor.operands[0])}"
    if divisor.op != "sum" or not divisor.operands:
        return ""
    if any(MASK in name.lower() for name in spelled_names(divisor.operands[0].node)):
        return "the sum of a mask"
    inside = vanishing(divisor.operands[0])
    return f"a sum of {inside}" if inside else ""
