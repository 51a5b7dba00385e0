"""Fixes of clips that give bounded copies back, which nothing keeps: they reach the step."""

from __future__ import annotations

from initlint.fix import Edit, Fix, inserted, replaced
from initlint.frameworks.clips import PAIRED_CLIPS
from initlint.program.loops.clips import Clipping
from initlint.program.loops.statements import changes_between, statement_of
from initlint.program.nodes import nodes
from initlint.reading import facts


def kept(clipping: Clipping) -> Fix | None:
    """The copies under the name of the gradients, or under their own name in the step."""
    call = clipping.clip.call
    statement = statement_of(clipping.clip.routine, call)
    if isinstance(statement, facts.Evaluate) and statement.value is call:
        return _bound(clipping)
    if not isinstance(statement, facts.Assign) or len(statement.targets) != 1:
        return None
    return _collected(clipping, statement) or _handed_to_step(clipping, statement)


def _bound(clipping: Clipping) -> Fix | None:
    """Bound to the name of the gradients, where they are a pair with their norm."""
    if not isinstance(clipping.clip.parameters, facts.Name) or clipping.name not in PAIRED_CLIPS:
        return None
    return Fix(KEPT, (inserted(clipping.clip.call.start, f"{clipping.parameters}, _ = "),), safe=False)


KEPT = "Keep the bounded gradients"


def _collected(clipping: Clipping, statement: facts.Assign) -> Fix | None:
    """A loop that binds its own variable anew, and nothing else: a list of what it computes, in the place of the first."""
    routine, call = clipping.clip.routine, clipping.clip.call
    around = [one for one in routine.loops if one.body == (statement,)]
    loop = around[0] if around else None
    if not isinstance(loop, facts.For) or loop.otherwise or statement.value is not call:
        return None
    each, whole = loop.target, loop.iterable
    head = routine.module.source.text()[loop.start : call.start]
    if not isinstance(each, facts.Name) or not isinstance(whole, facts.Name) or "#" in head:
        return None
    if _names(statement.targets[0]) != [each.id] or isinstance(statement.targets[0], facts.Sequence):
        return None
    list_of = (Edit(loop.start, call.start, (f"{whole.id} = [",)), inserted(call.end, f" for {each.id} in {whole.id}]"))
    return Fix(KEPT, list_of, safe=False)


def _handed_to_step(clipping: Clipping, statement: facts.Assign) -> Fix | None:
    """The step given the copies, where it is given by name what they are copies of."""
    step, gradients, copies = clipping.step, _bounded(clipping, statement), _names(statement.targets[0])
    if step is None or gradients is None or not copies:
        return None
    given = [node for node in nodes(step.node) if isinstance(node, facts.Name) and node.id == gradients]
    if len(given) != 1 or changes_between(clipping.clip.routine, {gradients}, statement.end, step.node.start):
        return None
    return Fix("Give the step the bounded gradients", (replaced(given[0], copies[0]),), safe=False)


def _bounded(clipping: Clipping, statement: facts.Assign) -> str | None:
    """The name of the gradients that are copied, all at once or one by one."""
    call, value, given = clipping.clip.call, statement.value, clipping.clip.parameters
    if isinstance(value, facts.Comprehension) and value.element is call and len(value.clauses) == 1:
        given = value.clauses[0].iterable if not value.clauses[0].conditions else None
    elif value is not call:
        return None
    return given.id if isinstance(given, facts.Name) else None


def _names(target: facts.Expression) -> list[str]:
    """What is bound, in its order; nothing if some of it is no name."""
    items = target.items if isinstance(target, facts.Sequence) else (target,)
    found = [item.id for item in items if isinstance(item, facts.Name)]
    return found if len(found) == len(items) else []
