"""Logarithms of probabilities: what is inside, and what was put there to keep it above 0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from initlint.program.dataflow.bounds import is_constant
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.searching import calls_of
from initlint.program.dataflow.term import KEEP, NUMBER, PARAMETER, Term
from initlint.program.loops.expressions import terminal_name

NAMES = ("log", "log2", "log10", "log1p")
"""Last names of the calls that are looked at."""
LARGEST_EPSILON = 1e-2
"""Numbers above 0 and up to this count as an epsilon where they are added to a probability."""
EPSILON_NAME = re.compile(r"(?:^|_)(?:eps|epsilon|tiny|small|smallest_normal|delta|fuzz)\d*(?:$|_)", re.IGNORECASE)


@dataclass(frozen=True)
class Logarithm:
    """The logarithm of something that may come near 0."""

    term: Term
    """The call; of a function of the program that takes the logarithm, without its tensors."""
    inner: Term
    """What the logarithm is of, without an epsilon."""
    guard: str
    """``""``, ``"epsilon"`` (added) or ``"clamp"``."""


def logarithms(terms: Terms) -> Iterator[Logarithm]:
    """Every logarithm in the files to report on; ``log1p(-x)`` is that of ``1 - x`` and has the inner term ``-x``."""
    for routine, call in calls_of(terms, *NAMES):
        term = terms.of(call, routine)
        if term.op in NAMES and term.operands and not _is_of_constants(term):
            inner, guard = unguarded(term.operands[0])
            at_call = term if term.node is call else replace(term, node=call, routine=routine, tensors=())
            yield Logarithm(at_call, inner, guard)


def _is_of_constants(term: Term) -> bool:
    """Whether nothing but numbers and noise goes in, through operations of one operand each."""
    here = term
    while len(here.operands) == 1:
        here = here.operands[0]
    return is_constant(here)


def unguarded(term: Term) -> tuple[Term, str]:
    """A term without the epsilon that is added to it, or the bound it is held above, and which of the two it was."""
    here = term.bare()
    if here.op == "add" and len(here.operands) == 2:
        left, right = here.operands
        for inner, small in ((left, right), (right, left)):
            if is_epsilon(small):
                return inner.bare(), "epsilon"
    if here.op in ("clamp", "clamp_min") and here.operands and "min" in here.options:
        return here.operands[0].bare(), "clamp"
    if here.op == "maximum" and len(here.operands) == 2:
        left, right = here.operands
        for inner, small in ((left, right), (right, left)):
            if is_epsilon(small):
                return inner.bare(), "clamp"
    return here, ""


def is_epsilon(term: Term) -> bool:
    """Whether it is a small positive number, by its value or by its name."""
    if term.op == NUMBER:
        return term.value is not None and 0 < term.value <= LARGEST_EPSILON
    if term.op in (KEEP, PARAMETER):
        return EPSILON_NAME.search(term.name or terminal_name(term.node)) is not None
    return term.op == "unknown" and EPSILON_NAME.search(terminal_name(term.node)) is not None


def complement(found: Logarithm) -> Term | None:
    """What a logarithm is of one minus of; the one may have an epsilon with it."""
    if found.term.op == "log1p":
        return found.inner.operands[0] if found.inner.op == "negate" else None
    return complement_in(found.inner)


def complement_in(term: Term) -> Term | None:
    """The term that ``1 - term`` is made from."""
    here = term.bare()
    if here.op == "subtract" and len(here.operands) == 2 and _is_one(unguarded(here.operands[0])[0]):
        return here.operands[1]
    return None


def _is_one(term: Term) -> bool:
    return term.op == NUMBER and term.value is not None and abs(term.value - 1) <= LARGEST_EPSILON
