"""Whether what a call gives back is used."""

from __future__ import annotations

from initlint.program.loops.routines import Routine, reaching
from initlint.program.loops.statements import statement_of
from initlint.program.nodes import nodes
from initlint.reading import facts


def is_used(routine: Routine, call: facts.Call) -> bool:
    """Whether something may use what a call gives back; of a pair, the first."""
    statement = statement_of(routine, call)
    if isinstance(statement, facts.Evaluate):
        return not _is_result(statement.value, call)
    if not isinstance(statement, facts.Assign) or statement.value is None or not _is_result(statement.value, call):
        return True
    kept = [_first(target, is_each=statement.value is not call) for target in statement.targets]
    return any(name is None or _is_read(routine, name, statement) for name in kept)


def _is_result(value: facts.Expression, call: facts.Call) -> bool:
    """Whether a value is what the call gives, or a collection of that."""
    return value is call or (isinstance(value, facts.Comprehension) and value.element is call)


def _first(target: facts.Expression, *, is_each: bool) -> str | None:
    """The name that the first of a pair is bound to, or the whole; `None` if it is no name."""
    if isinstance(target, facts.Sequence) and target.items and not is_each:
        target = target.items[0]
    return target.id if isinstance(target, facts.Name) else None


def _is_read(routine: Routine, name: str, statement: facts.Assign) -> bool:
    """Whether a name may be read with what a statement has bound it to."""
    bounds = routine.bounds.get(name, [])
    written = {bound.start for bound in bounds}
    body = routine.node.body if routine.node is not None else routine.module.source.facts.body
    for node in nodes(body):
        if not isinstance(node, facts.Name) or node.id != name or node.start in written:
            continue
        is_own = statement.start <= node.start and node.end <= statement.end
        if not is_own and any(bound.value is statement.value for bound in reaching(routine, bounds, node.start)):
            return True
    return False
