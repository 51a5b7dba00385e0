"""INL505."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding
from initlint.fix import Fix, copied
from initlint.fix.edit import Part
from initlint.program import Program
from initlint.program.dataflow import Terms
from initlint.program.dataflow.moving import arguments_of, function_of, hole, is_direct, means_same, rewritten
from initlint.program.dataflow.products import Product, products
from initlint.reading import facts
from initlint.rule import Rule

from .rounding import elsewhere

SMALLEST = 150 * math.log(2)
"""Minus the logarithm of what float32 rounds to 0: half of its smallest number, 2^-149."""
SMALLEST_HALF = 25 * math.log(2)
"""The same in half precision, whose smallest number is 2^-24."""
EXAMPLE_CLASSES = 10
"""Equally likely classes for which the number of factors is given."""
REMEDIES = {
    "softmax": "F.log_softmax(x, dim), and add up",
    "sigmoid": "F.logsigmoid(x).sum(dim)",
    "1 - sigmoid": "F.logsigmoid(-x).sum(dim)",
}


SUMS = {"prod": "sum", "cumprod": "cumsum"}
"""A product along an axis -> the sum that its logarithm is."""


class ProductOfProbabilities(Rule):
    """A product over many probabilities.

    Why: a product of probabilities shrinks exponentially with the number of factors and is soon exactly 0; its logarithm
    is -inf, and two sequences whose products are 0 cannot be compared. A sum of logarithms has no such limit.
    Predicted: the number of factors after which the product of chances of one in ten is 0, in float32 and in half
    precision.
    Silent on: products of sigmoids that no logarithm is taken of (what is left after several chances is a weight, and may
    be 0), and products of what is not surely a probability.
    Fix: add up logarithms.
    Source: Rabiner 1989, A tutorial on hidden Markov models, section V.A; Goodfellow, Bengio and Courville, Deep
    Learning, 2016, section 5.5.
    """

    code = "INL505"
    name = "product-of-probabilities"
    bad = """
import torch


def likelihood(logits, tokens):
    chosen = torch.softmax(logits, dim=-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return -torch.log(chosen.prod(dim=1)).mean()  # bad
"""
    good = """
import torch


def likelihood(logits, tokens):
    chosen = torch.log_softmax(logits, dim=-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return -chosen.sum(dim=1).mean()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at products along an axis and over the rounds of loops."""
        terms = Terms.of_program(program)
        steps, steps_half = (math.ceil(limit / math.log(EXAMPLE_CLASSES)) for limit in (SMALLEST, SMALLEST_HALF))
        for found in products(terms):
            what = "the log of a product" if found.is_logarithm else "a product"
            consequence = ": the log is -inf and the gradient NaN" if found.is_logarithm else ""
            yield self.finding(
                found.term.place,
                f"{what} of probabilities ({found.kind}): {steps} chances of one in {EXAMPLE_CLASSES} multiply to exactly 0 "
                f"({steps_half} in half precision){consequence}",
                help=f"use {REMEDIES[found.kind]}: a sum of logarithms does not underflow",
                predicted={"factors_float32": steps, "factors_float16": steps_half, "classes": EXAMPLE_CLASSES},
                related=elsewhere(found.factor, found.term.place, f"the {found.kind.removeprefix('1 - ')}"),
                fix=_fix(terms, found),
            )


def _fix(terms: Terms, found: Product) -> Fix | None:
    """The sum of the logarithms, where the logarithm is taken of a product along one axis of what is at hand."""
    product, factor, routine = found.product, found.factor, found.term.routine
    is_at_hand = all(part.tensors and part.routine is routine for part in (found.term, product, factor))
    if not found.is_logarithm or found.term.op != "log" or product.op not in SUMS or not is_at_hand or factor.is_layer:
        return None
    if terms.of(found.term.tensors[0], routine) is not product or not isinstance(factor.node, facts.Call):
        return None
    whole, call = product.tensors[0], found.term.node
    inner: facts.Expression | None = hole(terms, whole, routine, factor)
    if found.kind == "1 - sigmoid":
        inner = whole if is_direct(terms, whole, routine, factor) else None
    axes = [option.node for option in product.options.values()]
    if inner is None or not all(means_same(terms, each, routine, call) for each in (whole, *factor.tensors, *axes)):
        return None
    edit = rewritten(whole, inner, call, *_logarithm(found), after=_total(found))
    return Fix("Add up logarithms", (edit,), safe=True)


def _logarithm(found: Product) -> list[Part]:
    """The function that gives the logarithm of the probabilities."""
    assert isinstance(found.factor.node, facts.Call)
    tensor = found.factor.tensors[0]
    if found.kind == "softmax":
        return [function_of(found.factor.family, "log_softmax"), "(", *arguments_of(found.factor.node, tensor), ")"]
    minus = ["-"] if found.kind == "1 - sigmoid" else []
    return [function_of(found.factor.family, "logsigmoid"), "(", *minus, copied(tensor), ")"]


def _total(found: Product) -> list[Part]:
    """The sum over the axis of the product."""
    parts: list[Part] = [f".{SUMS[found.product.op]}("]
    for number, (name, option) in enumerate(found.product.options.items()):
        parts += [", " if number else "", f"{name}=", copied(option.node)]
    return [*(part for part in parts if part != ""), ")"]
