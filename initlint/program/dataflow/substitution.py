"""What a routine gives back, for what a call of it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from initlint.program.dataflow.term import NUMBER, PARAMETER, Term
from initlint.program.loops.routines import Routine


def substitute(
    term: Term, given: Mapping[str, Callable[[], Term]], routine: Routine, known: dict[int, Term] | None = None
) -> Term:
    """A term with the parameters of a routine replaced by what a call gives for them."""
    known = {} if known is None else known
    if term.op == PARAMETER:
        return given[term.name]() if term.routine is routine and term.name in given else term
    if term.op == NUMBER:
        return term
    if id(term) not in known:

        def operands() -> tuple[Term, ...]:
            return tuple(substitute(each, given, routine, known) for each in term.operands)

        options = {name: substitute(each, given, routine, known) for name, each in term.options.items()}
        known[id(term)] = replace(term, make=operands, options=options)
    return known[id(term)]
