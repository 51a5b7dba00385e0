"""The statement an expression stands in, and the block that holds it."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.program.loops.expressions import STRUCTS
from initlint.program.loops.routines import Routine
from initlint.program.nodes import spelled_names
from initlint.reading import facts

SIMPLE = (facts.Evaluate, facts.Assign, facts.AugmentedAssign, facts.Return, facts.Assert, facts.Delete)
Block = tuple[facts.Statement, ...]


def statement_of(routine: Routine, node: facts.Node) -> facts.Statement | None:
    """The simple statement of a routine that an expression is a part of."""
    found = (one for block in _blocks(routine) for one in block if isinstance(one, SIMPLE) and _holds(one, node))
    return next(found, None)


def runs_with(routine: Routine, statement: facts.Statement, other: facts.Statement) -> bool:
    """Whether no test lets a statement pass that lets another of the same routine run, and it could stand there."""
    for branch in routine.branches:
        if branch is not statement and _holds(branch, statement) and _arm(branch, statement) != _arm(branch, other):
            return False
    return not any(
        spelled_names(loop.target) & spelled_names(statement)
        for loop in routine.loops
        if isinstance(loop, facts.For) and _holds(loop, statement) and not _holds(loop, other)
    )


def guard_of(routine: Routine, statement: facts.Statement) -> facts.If | None:
    """The ``if`` whose whole body a statement is, if it has no ``else``, is none itself, and holds no comment."""
    inner = [id(one) for branch in routine.branches for one in branch.otherwise]
    for branch in routine.branches:
        if branch.body == (statement,) and not branch.otherwise and id(branch) not in inner:
            text = routine.module.source.text()[branch.start : branch.end]
            return None if "#" in text else branch
    return None


def test_of(routine: Routine, node: facts.Node, other: facts.Node) -> facts.Expression | None:
    """The one test that must come out true for a node to run, and does not concern another; `None` if there is no one."""
    around = [one for one in routine.branches if _holds(one, node) and not _holds(one, other)]
    if len(around) != 1 or not any(_holds(one, node) for one in around[0].body):
        return None
    return around[0].test


def changes_between(routine: Routine, names: set[str], first: int, last: int) -> bool:
    """Whether a routine binds one of the names between two offsets."""
    return any(first < bound.start < last for name in names for bound in routine.bounds.get(name, ()))


def _arm(branch: facts.If, statement: facts.Statement) -> bool | None:
    """Whether a statement stands in the body of a branch; `None` if it is outside of the branch."""
    if not _holds(branch, statement):
        return None
    return any(_holds(one, statement) for one in branch.body)


def _holds(outer: facts.Node, inner: facts.Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _blocks(routine: Routine) -> Iterator[Block]:
    body = routine.node.body if routine.node is not None else routine.module.source.facts.body
    stack: list[object] = [body]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            if current and isinstance(current[0], facts.Node):
                yield current
            stack.extend(reversed(current))
        elif isinstance(current, STRUCTS) and not isinstance(current, SIMPLE):
            stack.extend(getattr(current, name) for name in reversed(current.__struct_fields__))
