"""Sums of exponentials that are taken as they stand, and what is computed from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import is_

from initlint.program.dataflow.bounds import is_masked, is_same, upper_bound
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.logarithms import logarithms, unguarded
from initlint.program.dataflow.searching import quotients
from initlint.program.dataflow.term import Term
from initlint.program.nodes import spelled_names

BOUNDED_NAME = re.compile(r"simil|cosine|(?:^|_)(?:cos|sim)s?(?:$|_)", re.IGNORECASE)
"""What is called so is mostly a cosine, however it was computed."""
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
        exponents = each.exponential.operands
        names = spelled_names(each.exponential.node)
        if exponents and upper_bound(exponents[0]) >= limit and not any(map(BOUNDED_NAME.search, names)):
            yield each


def _of_logarithms(terms: Terms) -> Iterator[NaiveSum]:
    for found in logarithms(terms):
        inner = found.inner
        if found.term.op == "log1p":
            made = inner.one("exp")
            if made is not None:
                is_plain = found.term.operands[0] is made
                yield NaiveSum("softplus", found.term, made, inner, is_plain)
        elif inner.op in TOTALS:
            made, is_plain = weighted_exponential(inner.operands[0])
            if made is not None:
                is_plain = is_plain and inner.op == "sum" and found.term.op == "log" and found.term.operands[0] is inner
                yield NaiveSum("logsumexp", found.term, made, inner, is_plain)
        elif inner.op == "add":
            yield from _of_addition(found.term, inner)


def _of_addition(logarithm: Term, inner: Term) -> Iterator[NaiveSum]:
    left, right = inner.operands
    exponentials = [side.one("exp") for side in (left, right)]
    if all(exponentials) and exponentials[0] is not None:
        is_plain = (
            logarithm.op == "log" and logarithm.operands[0] is inner and all(map(is_, exponentials, (left, right)))
        )
        yield NaiveSum("logaddexp", logarithm, exponentials[0], inner, is_plain)
    for one, made in ((left, exponentials[1]), (right, exponentials[0])):
        if one.value == 1 and made is not None:
            is_plain = logarithm.op == "log" and logarithm.operands[0] is inner and made in inner.operands
            yield NaiveSum("softplus", logarithm, made, inner, is_plain)


def weighted_exponential(term: Term) -> tuple[Term | None, bool]:
    """The exponential in a term, which may be multiplied with a mask; and whether it is all there is."""
    made = term.one("exp")
    if made is not None:
        return made, term is made
    here = term.bare()
    for side in here.operands if here.op == "multiply" and is_masked(here) else ():
        made = side.one("exp")
        if made is not None:
            return made, False
    return None, False


def _of_quotients(terms: Terms) -> Iterator[NaiveSum]:
    for quotient in quotients(terms, EXPONENTIALS, SUMS):
        above, below = quotient.operands
        total, _ = unguarded(below)
        if total.op != "sum":
            continue
        made, is_plain = weighted_exponential(above)
        summed, is_plain_below = weighted_exponential(total.operands[0])
        if made is not None and summed is not None and is_same(made, summed):
            is_plain = is_plain and is_plain_below and below is total
            yield NaiveSum("softmax", quotient, made, total, is_plain)


EXPONENTIALS = frozenset({"exp"})
SUMS = frozenset({"sum", "reduce_sum"})
"""Last names of the calls without which a routine makes no softmax."""
