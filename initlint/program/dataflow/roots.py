"""Roots of what may be exactly 0, where their derivative is infinite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from initlint.frameworks import numerics
from initlint.program.dataflow.bounds import is_masked, is_nonnegative, is_same, upper_bound
from initlint.program.dataflow.distances import is_own_distance
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.searching import calls_of, routines_calling
from initlint.program.dataflow.term import EITHER, PARAMETER, Term

NAMES = ("sqrt", "rsqrt", "pow", "hypot", "norm", "vector_norm", "std", "reduce_std")
"""Last names of the calls that are looked at."""
NORMS = frozenset({"norm", "std", "hypot"})
"""Operations that take the root themselves."""
DEEPEST = 12
"""Operations looked through one inside another."""


@dataclass(frozen=True)
class Root:
    """A root, or a norm that is computed as one, of something that can be exactly 0."""

    term: Term
    inner: Term
    """What the root is of."""
    reason: str
    """What it is that can be 0."""

    @property
    def is_total(self) -> bool:
        """Whether everything is summed up first, so that all of a batch has to be 0."""
        here = self.inner.bare()
        if here.op in ("squared_error", "absolute_error"):
            return "reduction" not in here.options
        return here.op in ("sum", "mean") and "dim" not in here.options


def roots(terms: Terms) -> Iterator[Root]:
    """Those in the files to report on; a norm or a deviation of a framework that gives them a gradient at 0 is none."""
    for routine, call in calls_of(terms, *NAMES):
        if (term := terms.of(call, routine)).node is call:
            yield from _root(term)
    for routine in routines_calling(terms, REDUCTIONS):
        for node in terms.definitions(routine).binaries:
            if node.operator == "**":
                yield from _root(terms.of(node, routine))


REDUCTIONS = frozenset({"sum", "mean", "var", "square", "pow", "mse_loss", "reduce_sum", "reduce_mean", "MSELoss"})
"""Calls without which an operator makes no root of a tensor that is looked at."""


def _root(term: Term) -> Iterator[Root]:
    if not term.operands or not _is_root(term):
        return
    inner = term.operands[0]
    if term.op in NORMS:
        found = VARIANCE if term.op == "std" else _all_zero(term)
        if found and term.family in numerics.SINGULAR.get(term.op, ()):
            yield Root(term, inner, found)
        return
    reason = vanishing(inner)
    if reason and (term.family or has_call(inner)):
        yield Root(term, inner, reason)


def _all_zero(norm: Term) -> str:
    """What makes everything that a norm is taken of exactly 0: a sum of what is positive, of a softmax say, never is."""
    found = [_zero(part, 0) for part in norm.operands]
    return found[0] if all(found) else ""


def _is_root(term: Term) -> bool:
    if term.op == "power":
        exponent = term.operands[1].value
        return exponent is not None and 0 < abs(exponent) < 1
    return term.op in ("sqrt", "rsqrt", *NORMS)


def has_call(term: Term, depth: int = 0) -> bool:
    """Whether a function of a framework makes it, so that it is a tensor."""
    return bool(term.family) or (depth < DEEPEST and any(has_call(part, depth + 1) for part in term.operands))


def vanishing(term: Term, depth: int = 0) -> str:
    """What makes a term, never below 0, exactly 0 for inputs that occur; empty if nothing surely does."""
    here = term.bare()
    known = _VANISHING.get(here.op)
    return known(here, depth + 1) if known is not None and depth < DEEPEST else ""


def _any(term: Term, depth: int) -> str:
    """Of sums that are 0 if what is summed is."""
    return vanishing(term.operands[0], depth) if term.operands else ""


def _all(term: Term, depth: int) -> str:
    """Of what is 0 if all its parts are; a parameter among others may be the constant that keeps it from that."""
    found = [vanishing(part, depth) for part in term.operands]
    is_mixed = ZEROS in found and set(found) != {ZEROS}
    return found[0] if found and all(found) and not is_mixed else ""


def _squared(term: Term, depth: int) -> str:
    return _zero(term.operands[0], depth)


def _power(term: Term, depth: int) -> str:
    exponent = term.operands[1].value
    return _zero(term.operands[0], depth) if exponent is not None and exponent > 0 and exponent % 2 == 0 else ""


def _product(term: Term, depth: int) -> str:
    left, right = term.operands
    if left is right or is_same(left, right):
        return _zero(left, depth)
    if not (is_nonnegative(left) or is_nonnegative(right)):
        return ""
    return vanishing(left, depth) or vanishing(right, depth)


def _clamped(term: Term, depth: int) -> str:
    """Of what is below the bound no gradient comes through: only what is 0 by itself counts."""
    least = term.options.get("min")
    is_bounded = least is None or least.value is None or least.value > 0
    return "" if is_bounded else vanishing(term.operands[0], depth)


def _sum(term: Term, depth: int) -> str:
    return OWN_DISTANCE if is_own_distance(term) else _all(term, depth)


def _difference(term: Term, depth: int) -> str:
    if is_own_distance(term):
        return OWN_DISTANCE
    one, other = term.operands
    is_bound = one.value is not None and is_nonnegative(other, depth) and upper_bound(other, depth) == one.value
    return "what is left of a bound that is reached" if is_bound else ""


_VANISHING: dict[str, Callable[[Term, int], str]] = {
    **dict.fromkeys(("sum", "mean"), _any),
    **dict.fromkeys(("square", "abs"), _squared),
    **dict.fromkeys(("squared_error", "squared_difference", "absolute_error"), lambda term, depth: "an error"),
    "add": _sum,
    EITHER: _all,
    **dict.fromkeys(("clamp", "clamp_min"), _clamped),
    "divide": _any,
    "power": _power,
    "multiply": _product,
    "subtract": _difference,
    "var": lambda term, depth: VARIANCE,
}


def _zero(term: Term, depth: int) -> str:
    """What makes a term of any sign exactly 0."""
    here = term.bare()
    if here.op == "subtract":
        return _equal(*(part.bare() for part in here.operands))
    if here.op == "multiply" and is_masked(here):
        return "what is masked"
    if here.op == PARAMETER:
        return ZEROS
    return vanishing(here, depth)


def _equal(left: Term, right: Term) -> str:
    """What makes both sides of a difference equal; two that are computed apart hardly ever are."""
    if is_same(left, right):
        return OWN_DIFFERENCE
    if right.op == "mean" and right.operands and is_same(right.operands[0], left):
        return VARIANCE
    return DIFFERENCE if left.op == right.op == PARAMETER else ""


def pairs_with_itself(terms: Terms, found: Root) -> bool:
    """Whether a function that takes the difference of two of its parameters is given the same for both somewhere."""
    routine = found.term.routine
    names = [part.bare().name for part in _difference_in(found.inner)]
    for caller, call in terms.values.callers(routine):
        given = dict(terms.calls.given(routine, call, caller))
        sides = [given[name]() for name in names if name in given]
        if len(sides) == 2 and is_same(sides[0], sides[1]):
            return True
    return False


def _difference_in(term: Term) -> tuple[Term, ...]:
    """The parameters whose difference a term is made from."""
    waiting = [term]
    while waiting:
        here = waiting.pop()
        if here.op == "subtract" and all(part.bare().op == PARAMETER for part in here.operands):
            return here.operands
        waiting += here.operands
    return ()


DIFFERENCE = "a difference"
ZEROS = "a row that may be all zeros"
VARIANCE = "a variance"
OWN_DISTANCE = "the distance of a row to itself"
OWN_DIFFERENCE = "a difference between entries of one tensor"
