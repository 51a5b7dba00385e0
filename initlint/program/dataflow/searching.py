"""Where in a program to look: calls, and routines, of certain names; divisions; products that grow round by round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.term import Term
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.links import names_called
from initlint.program.loops.routines import Routine
from initlint.reading import facts


def calls_of(terms: Terms, *names: str) -> Iterator[tuple[Routine, facts.Call]]:
    """The calls in the files to report on of something with one of these last names, each once."""
    own = {id(module) for module in terms.values.links.modules}
    for name in names:
        for routine, call in terms.values.links.calls_of(name):
            if id(routine.module) in own:
                yield routine, call


def routines_calling(terms: Terms, *groups: Iterable[str]) -> Iterator[Routine]:
    """The routines in the files to report on that call one name of each group themselves."""
    wanted = [frozenset(group) for group in groups]
    for module in terms.values.links.modules:
        called = names_called(module)
        if all(not group.isdisjoint(called) for group in wanted):
            for routine in terms.values.links.scopes(module).routines:
                own = {terminal_name(call.function) for call in routine.calls}
                if all(not group.isdisjoint(own) for group in wanted):
                    yield routine


def quotients(terms: Terms, *groups: Iterable[str]) -> Iterator[Term]:
    """The divisions in the routines that call one name of each group themselves."""
    for routine in routines_calling(terms, *groups):
        if "/" not in routine.operators:
            continue
        definitions = terms.definitions(routine)
        for node in definitions.binaries:
            if node.operator == "/":
                yield terms.of(node, routine)
        for statement in definitions.augmented:
            if statement.operator == "/":
                yield terms.changed(statement, routine)
    for routine, call in calls_of(terms, "div", "divide", "true_divide", "div_"):
        term = terms.of(call, routine)
        if term.op == "divide" and len(term.operands) == 2:
            yield term


def running_products(terms: Terms, *groups: Iterable[str]) -> Iterator[Term]:
    """What is multiplied up over the rounds of a loop, in the routines that call one name of each group themselves."""
    for routine in routines_calling(terms, *groups):
        for found in terms.definitions(routine).made if "*" in routine.operators else ():
            if found.value is not None and terms.definitions(routine).factor_of(found) is not None:
                yield terms.definition(found, found.value, routine)
