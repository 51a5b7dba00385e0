"""Sums of exponentials that are taken as they stand, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.program.dataflow.bounds import is_same, upper_bound
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.logarithms import logarithms, unguarded
from initlint.program.dataflow.term import Term
from initlint.program.nodes import spelled_names

MASK = "mask"
"""What a factor is called that only leaves terms out."""
TOTALS = frozenset({"sum", "mean"})


@dataclass(frozen=True)
class NaiveSum:
    """A logarithm or a quotient of sums of exponentials that may overflow."""

    kind: str
    """``"logsumexp"``, ``"softplus"``, ``"logaddexp"`` or ``"softmax"``."""
    term: Term
    """The logarithm, or the quotient."""
    exponential: Term
    total: Term
    """The sum of the exponentials."""
    is_plain: bool
    """Whether nothing else goes in: no mask, no weights, no epsilon, no mean."""


def naive_sums(terms: Terms, limit: float) -> Iterator[NaiveSum]:
    """Those in the files to report on whose exponents are not known to stay below a limit."""
    found = [*_of_logarithms(terms), *_of_quotients(terms)]
    for each in found:
        if each.exponential.operands and upper_bound(each.exponential.operands[0]) >= limit:
            yield each


def _of_logarithms(terms: Terms) -> Iterator[NaiveSum]:
    for found in logarithms(terms):
        inner = found.inner
        if found.term.op == "log1p":
            made = inner.one("exp")
            if made is not None:
                yield NaiveSum("softplus", found.term, made, inner, is_plain=inner is made)
        elif inner.op in TOTALS:
            made, is_plain = weighted_exponential(inner.operands[0])
            if made is not None:
                is_plain = is_plain and inner.op == "sum" and not found.guard and found.term.op == "log"
                yield NaiveSum("logsumexp", found.term, made, inner, is_plain)
        elif inner.op == "add":
            yield from _of_addition(found.term, inner)


def _of_addition(logarithm: Term, inner: Term) -> Iterator[NaiveSum]:
    left, right = inner.operands
    exponentials = [side.one("exp") for side in (left, right)]
    if all(exponentials) and exponentials[0] is not None:
        yield NaiveSum("logaddexp", logarithm, exponentials[0], inner, is_plain=False)
    for one, made in ((left, exponentials[1]), (right, exponentials[0])):
        if one.value == 1 and made is not None:
            yield NaiveSum("softplus", logarithm, made, inner, is_plain=logarithm.op == "log")


def weighted_exponential(term: Term) -> tuple[Term | None, bool]:
    """The exponential in a term, which may be multiplied with a mask; and whether it is not."""
    made = term.one("exp")
    if made is not None:
        return made, True
    here = term.bare()
    sides = here.operands if here.op == "multiply" else ()
    for side, other in zip(sides, reversed(sides), strict=False):
        made = side.one("exp")
        if made is not None and any(MASK in name.lower() for name in spelled_names(other.node)):
            return made, False
    return None, False


def _of_quotients(terms: Terms) -> Iterator[NaiveSum]:
    for quotient in terms.quotients(EXPONENTIALS, SUMS):
        above, below = quotient.operands
        total, guard = unguarded(below)
        if total.op != "sum":
            continue
        made, is_plain = weighted_exponential(above)
        summed, is_plain_below = weighted_exponential(total.operands[0])
        if made is not None and summed is not None and is_same(made, summed):
            yield NaiveSum("softmax", quotient, made, total, is_plain and is_plain_below and not guard)


EXPONENTIALS = frozenset({"exp"})
SUMS = frozenset({"sum", "reduce_sum"})
"""Last names of the calls without which a routine makes no softmax."""
