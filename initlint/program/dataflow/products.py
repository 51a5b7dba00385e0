"""Products of many probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.logarithms import complement_in, logarithms
from initlint.program.dataflow.searching import calls_of, running_products
from initlint.program.dataflow.term import RUNNING, Term

PRODUCTS = frozenset({"prod", "cumprod", RUNNING})


@dataclass(frozen=True)
class Product:
    """A product over the probabilities along an axis, or over the rounds of a loop."""

    term: Term
    """What is reported: the logarithm if there is one, else the product."""
    product: Term
    factor: Term
    """The softmax or sigmoid."""
    kind: str
    """``"softmax"``, ``"sigmoid"`` or ``"1 - sigmoid"``."""
    is_logarithm: bool


def products(terms: Terms) -> Iterator[Product]:
    """Those in the files to report on: of a softmax any, of a sigmoid those that a logarithm is taken of.

    What is left after several chances, a product of sigmoids, is a weight like any other when it is 0.
    """
    seen: set[int] = set()
    for found in logarithms(terms):
        for made in found.inner.alternatives():
            factor = _factor(made)
            if factor is not None and found.term.op != "log1p":
                seen.add(id(made.node))
                yield Product(found.term, made, *factor, is_logarithm=True)
    for made in (*_called(terms), *running_products(terms, ("softmax",))):
        factor = _factor(made)
        if factor is not None and factor[1] == "softmax" and id(made.node) not in seen:
            yield Product(made, made, *factor, is_logarithm=False)


def _called(terms: Terms) -> Iterator[Term]:
    for routine, call in calls_of(terms, "prod", "cumprod", "reduce_prod"):
        term = terms.of(call, routine)
        if term.op in PRODUCTS and term.node is call:
            yield term


def _factor(made: Term) -> tuple[Term, str] | None:
    """The probabilities that a product is over, and of which kind they are."""
    return _probability(made.operands[0]) if made.op in PRODUCTS and made.operands else None


def _probability(term: Term) -> tuple[Term, str] | None:
    for kind in ("softmax", "sigmoid"):
        found = term.one(kind)
        if found is not None:
            return found, kind
    rest = complement_in(term.bare())
    found = rest.one("sigmoid") if rest is not None else None
    return (found, "1 - sigmoid") if found is not None else None
