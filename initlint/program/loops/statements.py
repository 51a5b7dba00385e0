"""The statement an expression stands in, and the block that holds it."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.program.loops.expressions import STRUCTS
from initlint.program.loops.routines import Routine
from initlint.reading import facts

SIMPLE = (facts.Evaluate, facts.Assign, facts.AugmentedAssign, facts.Return, facts.Assert, facts.Delete)
Block = tuple[facts.Statement, ...]


def statement_of(routine: Routine, node: facts.Node) -> facts.Statement | None:
    """The simple statement of a routine that an expression is a part of."""
    found = (one for block in _blocks(routine) for one in block if isinstance(one, SIMPLE) and _holds(one, node))
    return next(found, None)


def block_of(routine: Routine, statement: facts.Statement) -> Block:
    """The statements among which one stands."""
    return next((block for block in _blocks(routine) if any(one is statement for one in block)), ())


def is_inside(statement: facts.Statement, block: Block) -> bool:
    """Whether a statement is in a block or below it."""
    return any(_holds(one, statement) for one in block)


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
