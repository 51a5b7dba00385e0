"""INL508."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.fix import Fix, Name, copied, replaced
from initlint.frameworks.precision import LARGEST_HALF, LIMIT, LOST_IN_HALF
from initlint.program import Program
from initlint.program.dataflow import Terms
from initlint.program.dataflow.searching import calls_of, quotients
from initlint.program.dataflow.term import NUMBER, Term
from initlint.program.half_precision import half_precision_in, may_be_half
from initlint.reading import facts
from initlint.rule import Rule

GUARDED = ("log", "log2", "log10", "sqrt", "rsqrt", "reciprocal")
"""Operations that an epsilon keeps away from 0."""


class HalfPrecisionConstant(Rule):
    """A mask value or an epsilon that float16 cannot hold, on a value that is float16 under mixed precision.

    Why: float16 ends at 65504, and below 6e-8 there is nothing but 0. `masked_fill` with -1e9 raises an error; an epsilon of
    1e-8 is rounded away, and what it should keep away from 0 is divided by 0.
    Predicted: what float16 makes of the constant.
    Silent on: programs that ask for no float16 (bfloat16 has the range of float32), values that autocast computes in float32
    (softmax, log, exp, sum, norm) or that are cast, and whatever no layer or product of matrices has made.
    Fix: torch.finfo(x.dtype).min for a mask, torch.finfo(x.dtype).tiny for an epsilon.
    Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.1; pytorch/pytorch issue 32137; NVIDIA/apex issue 1052.
    """

    code = "INL508"
    name = "half-precision-constant"
    bad = """
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)

    def forward(self, x, mask):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / 8.0
        scores = scores.masked_fill(mask == 0, -1e9)  # bad
        return torch.softmax(scores, dim=-1)


def step(model: Attention, x, mask):
    with torch.autocast("cuda", dtype=torch.float16):
        return model(x, mask)
"""
    good = """
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)

    def forward(self, x, mask):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / 8.0
        scores = scores.masked_fill(mask == 0, torch.finfo(scores.dtype).min)
        return torch.softmax(scores, dim=-1)


def step(model: Attention, x, mask):
    with torch.autocast("cuda", dtype=torch.float16):
        return model(x, mask)
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at masks and epsilons, if the program asks for float16 anywhere."""
        asked = half_precision_in(program)
        if asked is None:
            return
        terms = Terms.of_program(program)
        for routine, call in calls_of(terms, "masked_fill", "masked_fill_"):
            yield from self._mask(program, terms.of(call, routine), asked)
        guarded = [terms.of(call, routine) for routine, call in calls_of(terms, *GUARDED)]
        places: set[Place] = set()
        for term, what in (*((each, each.operands[:1]) for each in guarded if each.op in GUARDED), *_divisors(terms)):
            for found in self._epsilon(program, term, what, asked):
                if found.place not in places:
                    places.add(found.place)
                    yield found

    def _mask(self, program: Program, term: Term, asked: Place) -> Iterator[Finding]:
        """A value outside of float16's range, which it raises an error for."""
        if term.op != "masked_fill" or len(term.operands) < 3:
            return
        masked, value = term.operands[0], _number(term.operands[2])
        if value is None or abs(value) <= LARGEST_HALF or not may_be_half(program, masked):
            return
        message = (
            f"a mask of {value:g} on what is float16 under mixed precision, expected at least {-LARGEST_HALF:g}: float16 "
            f"does not hold it, and masked_fill raises an error"
        )
        yield self._finding(term, term.operands[2], message, asked)

    def _epsilon(self, program: Program, term: Term, what: tuple[Term, ...], asked: Place) -> Iterator[Finding]:
        """An epsilon that is rounded to 0 where it is added, or where values are clamped to it."""
        for sum_ in what:
            for here in sum_.alternatives():
                kept = _kept_from_zero(here)
                if kept is not None and may_be_half(program, kept[0]):
                    message = (
                        f"an epsilon of {kept[1].value:g} on what is float16 under mixed precision, expected more than "
                        f"{LOST_IN_HALF:.1e}: float16 rounds it to 0, and the {term.op} behind it meets 0 all the same"
                    )
                    yield self._finding(here, kept[1], message, asked)

    def _finding(self, term: Term, constant: Term, message: str, asked: Place) -> Finding:
        value = _number(constant) or 0.0
        limit = "tiny" if abs(value) <= LOST_IN_HALF else "min" if value < 0 else "max"
        return self.finding(
            term.place,
            message,
            help=f"use {LIMIT}(x.dtype).{limit}",
            predicted={"constant": value},
            related=[(asked, "float16 is asked for here")],
            fix=_fix(term, constant, limit),
        )


def _divisors(terms: Terms) -> Iterator[tuple[Term, tuple[Term, ...]]]:
    for quotient in quotients(terms):
        if len(quotient.operands) == 2:
            yield quotient, quotient.operands[1:]


def _kept_from_zero(term: Term) -> tuple[Term, Term] | None:
    """A value and the epsilon that is added to it or that it is clamped to, where float16 rounds that to 0."""
    if term.op in ("add", "maximum") and len(term.operands) == 2:
        pairs = [term.operands, term.operands[::-1]]
        return next(((value, small) for value, small in pairs if _is_lost(small) and value.op != NUMBER), None)
    least = term.options.get("min")
    if term.op in ("clamp", "clamp_min") and term.operands and least is not None and _is_lost(least):
        return term.operands[0], least
    return None


def _is_lost(term: Term) -> bool:
    return term.op == NUMBER and term.value is not None and 0 < term.value <= LOST_IN_HALF


def _number(term: Term) -> float | None:
    """The number that a term is, signs and powers of numbers worked out."""
    if term.op == NUMBER:
        return term.value
    parts = [_number(one) for one in term.operands] if term.op in ("negate", "power", "add", "subtract") else []
    first, last = (parts[0], parts[-1]) if parts else (None, None)
    if first is None or last is None:
        return None
    if term.op == "power":
        return first**last if abs(last) <= MOST_DOUBLINGS else None
    return {"negate": -first, "add": first + last, "subtract": first - last}[term.op]


MOST_DOUBLINGS = 127
"""Exponent of the largest power of two in float32."""


def _fix(term: Term, constant: Term, limit: str) -> Fix | None:
    """The limit of the value's own type, where the expression names the value and holds the constant."""
    value, node = _beside(term), _written(term, constant)
    if value is None or node is None:
        return None
    own = (Name(LIMIT), "(", copied(value), f".dtype).{limit}")
    parts = own if limit != "tiny" else ("max(", copied(node), ", ", *own, ")")
    return Fix(f"Use {LIMIT}(...).{limit}", (replaced(node, *parts),), safe=False)


def _written(term: Term, constant: Term) -> facts.Expression | None:
    """The constant as it stands in an expression: the number, or the name that it is given under."""
    node = constant.node
    if constant.routine is term.routine and term.node.start <= node.start < term.node.end:
        return node
    pairs = zip(term.operands, term.tensors, strict=False) if len(term.operands) == len(term.tensors) else ()
    return next((given for operand, given in pairs if operand is constant and isinstance(given, facts.Name)), None)


def _beside(term: Term) -> facts.Expression | None:
    """The value that a constant is put on, if it has a name."""
    node = term.node
    sides = (node.left, node.right) if isinstance(node, facts.Binary) else term.tensors[:1]
    named = [side for side in sides if not isinstance(side, (facts.Literal, facts.Unary))]
    return named[0] if len(named) == 1 and isinstance(named[0], (facts.Name, facts.Attribute)) else None
