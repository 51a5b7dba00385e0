"""INL506."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.fix import Fix, Name, copied, replaced
from initlint.frameworks.numerics import OF_SUMS, ROOT_OF_SQUARES, SINGULAR
from initlint.program import Program
from initlint.program.dataflow import Term, Terms
from initlint.program.dataflow.gradients import Gradients
from initlint.program.dataflow.roots import DIFFERENCE, NORMS, OWN_DISTANCE, ZEROS, Root, pairs_with_itself, roots
from initlint.reading import facts
from initlint.rule import Rule

from .rounding import called

WRITTEN = "1e-6"
"""Added inside: half precision holds it (its smallest number is 6e-8), and a root is at least 1e-3."""

ADD_INSIDE = f"add an epsilon inside the root, as in torch.sqrt(x + {WRITTEN}), or use torch.linalg.vector_norm"
ADD_INSIDE_BY_HAND = f"add an epsilon inside the root: sqrt(sum(x**2) + {WRITTEN})"
"""For frameworks whose own norms have no gradient at 0."""
BOUND_BELOW = f"bound it below, as in torch.sqrt(x.clamp(min={WRITTEN})), or use torch.cdist"
"""For what is 0 up to rounding, and may come out below that."""


class GradientAtZero(Rule):
    """A root of something that can be exactly 0, on the way to a loss.

    Why: the derivative of a root is infinite at 0. What is inside (a sum of squares, a variance) has derivative 0 there,
    and the chain rule multiplies infinity with 0: the gradient is NaN, and after one step so is the model. An epsilon
    outside the root does not help, nor does a torch.where around it.
    Predicted: where the operand is exactly 0: the distance of a point to itself, a padded or masked row, a silent frame,
    a constant channel.
    Silent on: an epsilon or a positive bound inside, ReLU features (their own gradient is 0), norms and standard deviations
    that the framework gives a gradient of 0 (torch.norm, Tensor.std), operands that nothing makes exactly 0, and
    whatever no gradient surely flows through: detached, under no_grad, in metrics and evaluation. Where the whole batch
    is summed up first, it is told as a remark: that is 0 for a perfect fit alone.
    Fix: an epsilon inside the root, or a positive bound below; torch.linalg.vector_norm for the root of a sum of squares.
    Source: pytorch/pytorch#2421 ("norm backward returns nan at 0"); the documentation of jax ("Gradients contain NaN where
    using where"); Goodfellow, Bengio and Courville, Deep Learning, 2016, section 4.1.
    """

    code = "INL506"
    name = "gradient-at-zero"
    bad = """
import torch
from torch import nn


class TripletLoss(nn.Module):
    def forward(self, embeddings, margin, positive, negative):
        difference = embeddings.unsqueeze(0) - embeddings.unsqueeze(1)
        distance = torch.sqrt((difference**2).sum(dim=-1))  # bad
        return torch.relu(distance[positive] - distance[negative] + margin).mean()
"""
    good = """
import torch
from torch import nn


class TripletLoss(nn.Module):
    def forward(self, embeddings, margin, positive, negative):
        distance = torch.cdist(embeddings, embeddings)
        return torch.relu(distance[positive] - distance[negative] + margin).mean()
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at the roots that a gradient flows through."""
        terms = Terms.of_program(program)
        gradients = Gradients(terms)
        for found in roots(terms):
            if _is_reached(terms, gradients, found) and gradients.flows_through(found.term):
                yield self.finding(
                    found.term.place,
                    f"{_called(found.term)} of {found.reason} with no epsilon inside: where that is exactly 0 its derivative "
                    "is infinite and the gradient NaN",
                    help=_remedy(found),
                    severity=Severity.INFO if found.is_total else None,
                    predicted={"operand": found.reason, "at": 0.0},
                    fix=_fix(found),
                )


def _is_reached(terms: Terms, gradients: Gradients, found: Root) -> bool:
    """Whether the operand is 0 for inputs that occur: a padded row in a norm, two equal arguments in a loss, or one that
    is given twice."""
    routine = found.term.routine
    if found.reason == ZEROS:
        return gradients.is_norm(routine)
    return found.reason != DIFFERENCE or gradients.is_loss(routine) or pairs_with_itself(terms, found)


def _remedy(found: Root) -> str:
    if found.reason == OWN_DISTANCE:
        return BOUND_BELOW
    return ADD_INSIDE_BY_HAND if found.term.family in SINGULAR["norm"] else ADD_INSIDE


def _called(term: Term) -> str:
    return called(term) if isinstance(term.node, facts.Call) else "a root"


def _fix(found: Root) -> Fix | None:
    """An epsilon inside, where the operand stands in the root itself, under a name or written out."""
    if found.term.op == "norm":
        return _of_squares(found)
    outer = found.term.node
    inner = found.term.tensors[0] if found.term.tensors else found.inner.node
    is_inside = outer.start <= inner.start < inner.end <= outer.end
    is_own = bool(found.term.tensors) or found.inner.routine is found.term.routine
    if not (is_inside and is_own) or found.term.op in NORMS or not isinstance(outer, (facts.Call, facts.Binary)):
        return None
    if found.reason == OWN_DISTANCE:
        return _bounded(found, inner)
    is_argument = isinstance(outer, facts.Call) and any(one.value is inner for one in outer.arguments)
    head, tail = ("", "") if is_argument else ("(", ")")
    edit = replaced(inner, head, copied(inner), f" + {WRITTEN}{tail}")
    return Fix("Add an epsilon inside the root", (edit,), safe=False)


def _of_squares(found: Root) -> Fix | None:
    """A norm written out, with an epsilon inside."""
    call, parts = found.term.node, ROOT_OF_SQUARES.get(found.term.family)
    if parts is None or not isinstance(call, facts.Call) or not call.arguments:
        return None
    first, *others = call.arguments
    if first.keyword or first.star or any(one.keyword not in OF_SUMS for one in others):
        return None
    given = [part for one in others for part in (f", {one.keyword}=", copied(one.value))]
    root, total, square = map(Name, parts)
    edit = replaced(call, root, "(", total, "(", square, "(", copied(first.value), ")", *given, f") + {WRITTEN})")
    return Fix("Write the norm out, with an epsilon inside the root", (edit,), safe=False)


def _bounded(found: Root, inner: facts.Expression) -> Fix | None:
    """A bound below what may be less than 0 by rounding; a clamp at 0 in the root itself gets another bound."""
    if found.term.family != "torch":
        return None
    least = found.inner.options.get("min")
    if least is not None and inner.start <= least.node.start < least.node.end <= inner.end:
        edit = replaced(least.node, WRITTEN)
    else:
        edit = replaced(inner, Name("torch.clamp"), "(", copied(inner), f", min={WRITTEN})")
    return Fix("Bound what the root is of", (edit,), safe=False)
