"""Bounds of a term that hold whatever goes in: what cannot be negative, what cannot grow."""

from __future__ import annotations

import math
from collections.abc import Callable

from initlint.frameworks import numerics
from initlint.program.dataflow.term import CYCLE, EITHER, KEEP, PARAMETER, UNKNOWN, Term
from initlint.program.nodes import last_name, spelled_names
from initlint.reading import facts

DEEPEST = 12
"""Operations looked through one inside another."""
NONNEGATIVE = frozenset(
    {
        "square", "abs", "exp", "relu", "relu6", "softplus", "sigmoid", "softmax", "norm", "sqrt", "rsqrt", "var",
        "std", "cdist", "pairwise_distance", "squared_difference", "squared_error", "absolute_error", "hypot",
    }
)  # fmt: skip
"""Operations whose result is never below 0."""
UPPER = {
    "sigmoid": 1.0, "softmax": 1.0, "tanh": 1.0, "cosine_similarity": 1.0, "normalize": 1.0, "log_softmax": 0.0,
    "logsigmoid": 0.0, "relu6": 6.0,
}  # fmt: skip
"""Operations whose result is never above a number."""
WITHIN_ONE = frozenset({"sigmoid", "softmax", "tanh", "cosine_similarity", "normalize"})
"""Operations whose result lies between -1 and 1."""
MASK = "mask"
"""What a factor is called that is 0 for what is left out."""
SAME_BOUND = frozenset({KEEP, "detach", "mean", "max", "min", "cummax"})
"""Operations whose result lies between the least and the largest that goes in."""


def is_nonnegative(term: Term, depth: int = 0) -> bool:
    """Whether a term is never below 0; a factor or divisor of which nothing is known counts as positive."""
    if depth > DEEPEST:
        return False
    term = term.bare()
    if term.op in NONNEGATIVE:
        return True
    if term.value is not None:
        return term.value >= 0
    known = _NONNEGATIVE_IF.get(term.op)
    return known is not None and known(term, depth + 1)


def _every(term: Term, depth: int) -> bool:
    parts = [part for part in term.operands if part.op != CYCLE]
    return bool(parts) and all(is_nonnegative(part, depth) for part in parts)


def _first(term: Term, depth: int) -> bool:
    return bool(term.operands) and is_nonnegative(term.operands[0], depth)


def _product(term: Term, depth: int) -> bool:
    left, right = term.operands
    if left is right or is_same(left, right):
        return True
    signs = [is_nonnegative(part, depth) for part in (left, right)]
    return all(signs) or (any(signs) and any(_is_open(part) for part in (left, right)))


def _power(term: Term, depth: int) -> bool:
    exponent = term.operands[1].value
    return is_nonnegative(term.operands[0], depth) or (exponent is not None and exponent % 2 == 0)


def _difference(term: Term, depth: int) -> bool:
    left, right = term.operands
    return left.value is not None and upper_bound(right, depth) <= left.value


def _clamped(term: Term, depth: int) -> bool:
    least = term.options.get("min")
    return (least is not None and is_nonnegative(least, depth)) or _first(term, depth)


def _negated(term: Term, depth: int) -> bool:
    return upper_bound(term.operands[0], depth) <= 0


_NONNEGATIVE_IF: dict[str, Callable[[Term, int], bool]] = {
    **dict.fromkeys(("sum", "max", "min", "mean", "prod", "cumprod", "cumsum"), _first),
    **dict.fromkeys(("add", EITHER, "maximum", "minimum"), _every),
    **dict.fromkeys(("multiply", "divide"), _product),
    **dict.fromkeys(("clamp", "clamp_min"), _clamped),
    "power": _power,
    "subtract": _difference,
    "negate": _negated,
}


def _is_open(term: Term) -> bool:
    """Whether nothing is known of a term: it may be a scale, a temperature or a width."""
    return term.bare().op in (UNKNOWN, PARAMETER)


# ---------------------------------------------------------------------------------------------------------- from above


def upper_bound(term: Term, depth: int = 0) -> float:
    """What a term is never above; infinity where that is not known. A divisor of which nothing is known counts as 1."""
    if depth > DEEPEST:
        return math.inf
    if term.value is not None:
        return term.value
    if term.op in UPPER:
        return UPPER[term.op]
    if is_constant(term):
        return 0.0
    known = _UPPER_IF.get(term.op)
    return known(term, depth + 1) if known is not None else math.inf


def _upper_of_first(term: Term, depth: int) -> float:
    return upper_bound(term.operands[0], depth) if term.operands else math.inf


def _upper_of_any(term: Term, depth: int) -> float:
    return max((upper_bound(part, depth) for part in term.operands if part.op != CYCLE), default=math.inf)


def _upper_of_sum(term: Term, depth: int) -> float:
    inner = _upper_of_first(term, depth)
    return inner if inner <= 0 else math.inf


def _upper_of_addition(term: Term, depth: int) -> float:
    return sum(upper_bound(part, depth) for part in term.operands)


def _upper_of_difference(term: Term, depth: int) -> float:
    left, right = term.operands
    if is_largest(right):
        return 0.0
    subtracted = right.value if right.value is not None else 0.0 if is_nonnegative(right, depth) else -math.inf
    return upper_bound(left, depth) - subtracted


def _upper_of_product(term: Term, depth: int) -> float:
    bounds = []
    for one, other in (term.operands, term.operands[::-1]):
        if _is_negative(one) and is_nonnegative(other, depth):
            return 0.0
        if one.value is not None and one.value >= 0:
            bounds.append(one.value * upper_bound(other, depth))
        elif other.value is None and (is_nonnegative(one, depth) or _is_open(one)):
            bound = upper_bound(other, depth)
            bounds.append(0.0 if bound <= 0 else bound if _is_open(one) else bound * upper_bound(one, depth))
    return min(bounds, default=math.inf)


def _is_negative(term: Term) -> bool:
    """Whether a factor is a negative number, or minus something of which nothing is known."""
    here = term.bare()
    return (here.value is not None and here.value < 0) or (here.op == "negate" and _is_open(here.operands[0]))


def _upper_of_quotient(term: Term, depth: int) -> float:
    above, below = term.operands
    bound = upper_bound(above, depth)
    if below.value is not None and below.value < 0:
        return 0.0 if is_nonnegative(above, depth) else math.inf
    return bound / below.value if below.value else bound


def _upper_of_negative(term: Term, depth: int) -> float:
    return 0.0 if is_nonnegative(term.operands[0], depth) else math.inf


def _upper_of_clamped(term: Term, depth: int) -> float:
    most = term.options.get("max")
    if most is not None:
        return most.value if most.value is not None else 0.0
    return _upper_of_first(term, depth)


def _upper_of_log(term: Term, depth: int) -> float:
    inner = _upper_of_first(term, depth)
    return math.log(inner) if 0 < inner < math.inf else math.inf


def _upper_of_matmul(term: Term, depth: int) -> float:
    """Of unit vectors."""
    parts = [list(part.alternatives()) for part in term.operands]
    return 1.0 if all(part and all(each.op == "normalize" for each in part) for part in parts) else math.inf


def _upper_of_least(term: Term, depth: int) -> float:
    return min(upper_bound(part, depth) for part in term.operands)


def _upper_of_square(term: Term, depth: int) -> float:
    """Of what lies between -1 and 1."""
    exponent = term.operands[1].value if term.op == "power" else 2.0
    is_small = term.operands[0].bare().op in WITHIN_ONE and exponent is not None and exponent > 0
    return 1.0 if is_small else math.inf


_UPPER_IF: dict[str, Callable[[Term, int], float]] = {
    **dict.fromkeys(SAME_BOUND, _upper_of_first),
    **dict.fromkeys((EITHER, "maximum"), _upper_of_any),
    **dict.fromkeys(("clamp", "clamp_max"), _upper_of_clamped),
    **dict.fromkeys(("log", "log1p"), _upper_of_log),
    **dict.fromkeys(("square", "power"), _upper_of_square),
    "where": lambda term, depth: max(upper_bound(part, depth) for part in term.operands[1:]),
    "masked_fill": lambda term, depth: max(upper_bound(part, depth) for part in term.operands[::2]),
    "minimum": _upper_of_least,
    "sum": _upper_of_sum,
    "add": _upper_of_addition,
    "subtract": _upper_of_difference,
    "multiply": _upper_of_product,
    "divide": _upper_of_quotient,
    "negate": _upper_of_negative,
    "matmul": _upper_of_matmul,
}


def is_constant(term: Term) -> bool:
    """Whether a term is a tensor made of numbers, or of noise: whoever wrote it knows how large it is."""
    return term.op == UNKNOWN and isinstance(term.node, facts.Call) and last_name(term.node) in numerics.CONSTANTS


def is_largest(term: Term) -> bool:
    """Whether a term is the largest of something, or what may be that by the names in it."""
    found = list(term.alternatives())
    return bool(found) and all(
        each.op in ("max", "maximum", "logsumexp")
        or (each.op == "log" and each.operands)
        or any("max" in name.lower() for name in spelled_names(each.node))
        for each in found
    )


def is_masked(product: Term) -> bool:
    """Whether one side of a product is what leaves entries out, by the names in it."""
    node = product.node
    sides = (node.left, node.right) if isinstance(node, facts.Binary) else tuple(part.node for part in product.operands)
    plain = [side for side in sides if not isinstance(side, facts.Binary)]
    return any(MASK in name.lower() for side in plain for name in spelled_names(side))


def is_same(left: Term, right: Term, depth: int = 0) -> bool:
    """Whether two terms surely are the same value."""
    left, right = left.bare(), right.bare()
    if left is right:
        return True
    if depth > DEEPEST or left.op != right.op or left.op in (PARAMETER, CYCLE):
        return False
    if left.value is not None or right.value is not None:
        return left.value == right.value
    if left.op == UNKNOWN:
        return bool(left.name) and left.name == right.name and left.routine is right.routine
    pairs = list(zip(left.operands, right.operands, strict=False))
    return len(left.operands) == len(right.operands) > 0 and all(is_same(a, b, depth + 1) for a, b in pairs)
