"""A value as the operations that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from initlint.finding import Place
from initlint.program.loops.routines import Routine
from initlint.reading import facts

UNKNOWN = "unknown"
PARAMETER = "parameter"
NUMBER = "number"
RUNNING = "running product"
"""What the rounds of a loop multiply up."""
TUPLE = "tuple"
CYCLE = "cycle"
"""A value that is asked for while it is worked out: going around a loop, it stays what it was."""
EITHER = "either"
"""One of several, depending on the way that was taken."""
KEEP = "keep"
DETACH = "detach"


@dataclass(eq=False)
class Term:
    """What one expression computes.

    `op` is a word of `initlint.frameworks.numerics`, or one of those above. Terms are made as they are asked for, and
    are the same object wherever the same value is used.
    """

    op: str
    node: facts.Expression
    """The expression it was read from, in `routine`."""
    routine: Routine
    make: Callable[[], tuple[Term, ...]] = tuple
    value: float | None = None
    """Of a number."""
    name: str = ""
    """Of a parameter, its name; of what is not known, how it is spelled, as far as it is a dotted name."""
    options: Mapping[str, Term] = field(default_factory=dict)
    """Arguments behind the tensors, under their names."""
    family: str = ""
    """Of the function that was called, as in `initlint.frameworks.numerics`."""
    tensors: tuple[facts.Expression, ...] = ()
    """Of a call, the expressions in `routine` that it is given as operands."""
    is_layer: bool = False
    """Whether it is the output of a layer, so that its options stand where that is made."""
    is_detached: bool = False
    """Whether it is computed where no gradient is kept."""

    @cached_property
    def operands(self) -> tuple[Term, ...]:
        """What it is computed from; of the unknown, everything that goes into it."""
        return self.make()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.routine.module.source.place(self.node.start, self.node.end)

    @property
    def is_plain(self) -> bool:
        """Whether it is an expression of one known operation."""
        return self.op not in (UNKNOWN, PARAMETER, EITHER, CYCLE)

    def bare(self) -> Term:
        """The same without what only picks, moves or converts values."""
        here = self
        while here.op in (KEEP, DETACH) and here.operands:
            here = here.operands[0]
        return here

    def alternatives(self) -> Iterator[Term]:
        """All that it may be, each bare."""
        waiting, seen = [self], {id(self)}
        while waiting:
            here = waiting.pop().bare()
            if here.op != EITHER:
                if here.op != CYCLE:
                    yield here
                continue
            new = [one for one in here.operands if id(one) not in seen]
            seen.update(map(id, new))
            waiting += new

    def one(self, op: str) -> Term | None:
        """The operation of that word that it surely is: the first, if all that it may be are of it."""
        found = list(self.alternatives())
        return found[0] if found and all(each.op == op for each in found) else None
