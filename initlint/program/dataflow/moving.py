"""An operand as source at another place: whether it means the same there, and the edit that puts it there."""

from __future__ import annotations

from collections.abc import Sequence

from initlint.fix import Copy, Edit, Name, copied, replaced
from initlint.fix.edit import Binding, Part
from initlint.frameworks import numerics
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.logarithms import is_epsilon
from initlint.program.dataflow.term import KEEP, NUMBER, Term
from initlint.program.loops.routines import Routine
from initlint.program.nodes import nodes, spelled_names
from initlint.reading import facts

FIXED = (
    facts.Name,
    facts.Literal,
    facts.Attribute,
    facts.Subscript,
    facts.Unary,
    facts.Binary,
    facts.Sequence,
    facts.Slice,
)
"""What gives the same wherever it is computed, as long as its names hold the same."""


def hole(terms: Terms, whole: facts.Expression, routine: Routine, wanted: Term) -> facts.Expression | None:
    """The expression in `whole`, under nothing but what picks or moves values, that computes the `wanted` term."""
    here: facts.Expression | None = whole
    while here is not None and terms.of(here, routine) is not wanted:
        is_picked = terms.of(here, routine).op == KEEP and not isinstance(here, facts.Name)
        here = _receiver(here) if is_picked else None
    return here


def is_direct(terms: Terms, whole: facts.Expression, routine: Routine, wanted: Term) -> bool:
    """Whether `whole` is the `wanted` term, one minus it, or one of these with an epsilon, and nothing is picked or moved."""
    here = terms.of(whole, routine)
    while here is not wanted:
        sides = here.operands if here.op in ("add", "subtract", "negate") else ()
        inner = [side for side in sides if side.op != NUMBER and not is_epsilon(side)]
        if len(inner) != 1:
            return False
        here = inner[0]
    return True


def _receiver(node: facts.Expression) -> facts.Expression | None:
    if isinstance(node, (facts.Subscript, facts.Attribute)):
        return node.value
    if isinstance(node, facts.Call) and isinstance(node.function, facts.Attribute):
        return node.function.value
    return None


def means_same(terms: Terms, node: facts.Expression, routine: Routine, at: facts.Node) -> bool:
    """Whether an expression of a routine gives at another, further down, what it gives where it stands."""
    if at.start <= node.start and node.end <= at.end:
        return True
    definitions = terms.definitions(routine)
    state = definitions.state_at(at)
    if state is None:
        return False
    for one in nodes(node):
        if not isinstance(one, FIXED):
            return False
        if isinstance(one, (facts.Name, facts.Attribute)):
            key = definitions.key(one)
            if key and definitions.uses.get(id(one), ()) != state.get(key, ()):
                return False
    return True


def rewritten(
    whole: facts.Expression, inner: facts.Expression, outer: facts.Node, *parts: Part, after: Sequence[Part] = ()
) -> Edit:
    """The edit that puts `whole`, with the parts in the place of `inner` and more after all, where `outer` stands."""
    head = [Copy(whole.start, inner.start, Binding.ATOM)] if whole.start < inner.start else []
    tail = [Copy(inner.end, whole.end, Binding.ATOM)] if inner.end < whole.end else []
    return replaced(outer, *head, *parts, *tail, *after)


def made_before(
    terms: Terms, whole: facts.Expression, routine: Routine, made: Term, outer: facts.Node, *parts: Part
) -> tuple[Edit, ...]:
    """The edits that put the parts, a logarithm, where a name is bound to what a term computes, and `whole`, its one use,
    for `outer`. A name that says that it holds no logarithm becomes another.

    None if the name is used for anything else.
    """
    here: facts.Expression | None = whole
    while here is not None and not isinstance(here, facts.Name):
        here = _receiver(here) if terms.of(here, routine).op == KEEP else None
    if here is None or routine.node is None or terms.of(here, routine) is not made:
        return ()
    named = [one for one in nodes(routine.node.body) if isinstance(one, facts.Name) and one.id == here.id]
    bounds, target = routine.bounds.get(here.id, []), next((one for one in named if one is not here), None)
    if (
        len(named) != TARGET_AND_USE
        or target is None
        or [one.value for one in bounds] != [made.node]
        or bounds[0].route
    ):
        return ()
    edit = replaced(made.node, *parts)
    if not numerics.PROBABILITY_NAME.search(here.id):
        return edit, replaced(outer, copied(whole))
    name = f"log_{here.id}"
    if name in spelled_names(routine.node):
        return ()
    return replaced(target, name), edit, rewritten(whole, here, outer, name)


TARGET_AND_USE = 2
"""Places at which a name stands that is used once."""


def function_of(family: str, op: str) -> Name:
    """The function of a family that computes an operation."""
    return Name(numerics.FUNCTIONS[family][op])


def arguments_of(call: facts.Call, tensor: facts.Expression) -> list[Part]:
    """All arguments of a function or method, the tensor first: what a function of the same signature is given. What names
    the operation in a graph names that one alone."""
    others = [one for one in call.arguments if one.value is not tensor and one.keyword != numerics.LABEL]
    parts: list[Part] = [copied(tensor)]
    for one in others:
        parts += [", ", f"{one.keyword}=" if one.keyword else "", copied(one.value)]
    return [part for part in parts if part != ""]
