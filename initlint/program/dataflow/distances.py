"""Squared distances of all pairs by |a|^2 + |b|^2 - 2ab: of the rows of one tensor, those on the diagonal are 0."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.program.dataflow.bounds import is_same
from initlint.program.dataflow.term import Term
from initlint.program.nodes import last_name
from initlint.reading import facts

DEEPEST = 8
"""Sums, differences and factors looked through one inside another."""
PRODUCT_WEIGHT = -2.0
DIAGONALS = frozenset({"diag", "diagonal", "diag_part"})
"""Functions and methods that give the entries on a diagonal."""


def is_own_distance(term: Term) -> bool:
    """Whether it is the squared distance of each row of one tensor to each."""
    parts = list(_addends(term, 1.0))
    products = [part for part, weight in parts if weight == PRODUCT_WEIGHT and part.op == "matmul"]
    if len(parts) != 3 or len(products) != 1 or len(products[0].operands) != 2:
        return False
    left, right = (_weighed(side.bare(), 1.0)[0] for side in products[0].operands)
    squares = [part for part, weight in parts if weight == 1.0]
    return is_same(left, right) and len(squares) == 2 and all(_is_square_of(one, left) for one in squares)


def _addends(term: Term, weight: float, depth: int = 0) -> Iterator[tuple[Term, float]]:
    """What is added up, each with its factor."""
    here = term.bare()
    if depth < DEEPEST and here.op in ("add", "subtract") and len(here.operands) == 2:
        left, right = here.operands
        yield from _addends(left, weight, depth + 1)
        yield from _addends(right, weight if here.op == "add" else -weight, depth + 1)
    elif depth < DEEPEST and here.op == "negate":
        yield from _addends(here.operands[0], -weight, depth + 1)
    else:
        yield _weighed(here, weight)


def _weighed(term: Term, weight: float) -> tuple[Term, float]:
    """A product without its number, which may stand in front of one side of a matrix product."""
    if term.op == "multiply":
        for number, other in (term.operands, term.operands[::-1]):
            if number.value is not None:
                return _weighed(other.bare(), weight * number.value)
    if term.op == "matmul":
        return term, math.prod((_weighed(side.bare(), 1.0)[1] for side in term.operands), start=weight)
    return term, weight


def _is_square_of(term: Term, tensor: Term) -> bool:
    """Whether it is the sum of the squares of each row of a tensor, or the diagonal of the product with itself."""
    if term.op == "sum" and term.operands:
        inner = term.operands[0].bare()
        is_square = inner.op == "square" or (inner.op == "power" and inner.operands[1].value == 2)
        is_product = inner.op == "multiply" and is_same(inner.operands[0], inner.operands[1])
        return (is_square or is_product) and is_same(inner.operands[0], tensor)
    is_diagonal = isinstance(term.node, facts.Call) and last_name(term.node) in DIAGONALS
    return is_diagonal and any(_is_product(part.bare(), tensor) for part in term.operands)


def _is_product(term: Term, tensor: Term) -> bool:
    """Whether it is the matrix product of a tensor with itself."""
    return term.op == "matmul" and all(is_same(side, tensor) for side in term.operands)
