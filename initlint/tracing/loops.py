"""Loops: round by round where it is known what comes, else once and as what may not run at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import comparing, iteration
from initlint.tracing.flow import Flow
from initlint.tracing.heap import Branch
from initlint.tracing.targets import assign
from initlint.tracing.values import Many, Scope, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


LONGEST_WHILE = 2_000
"""Rounds of a `while` whose condition stays known and true."""
MOST_ENDLESS = 64
"""Rounds of a ``while True``: one that builds layers ends sooner, and behind one that trains nothing comes."""


def run_for(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.For)
    items = iteration.items(tracer, tracer.evaluate(node.iterable, scope))
    if items is None:
        _run_maybe(tracer, node, Unknown("an item of an iterable that is not known"), scope)
        return Flow.NEXT
    outside, scope.left = scope.left, frozenset()
    flow = _run_items(tracer, node, items, scope)
    scope.left = outside | (scope.left - {Flow.BREAK.value})
    return flow


def _run_items(tracer: Tracer, node: facts.For, items: Sequence[Value], scope: Scope) -> Flow:
    """The rounds of a loop; those behind a round that may have left it may not run."""
    for index, item in enumerate(items):
        tracer.step()
        if isinstance(item, Many):
            for value in item.items:
                _run_maybe(tracer, node, value, scope)
            continue
        assign(tracer, node.target, item, scope)
        flow = tracer.run(node.body, scope)
        if flow is Flow.BREAK:
            return Flow.NEXT
        if flow in (Flow.RETURN, Flow.RAISE):
            return flow
        if scope.left:
            scope.left -= {Flow.BREAK.value}
            tracer.heap.begin()
            _run_items(tracer, node, items[index + 1 :], scope)
            tracer.heap.merge(tracer.heap.take_back(), Branch())
            return Flow.NEXT
    return tracer.run(node.otherwise, scope)


def _run_maybe(tracer: Tracer, node: facts.For, item: Value, scope: Scope) -> None:
    """Runs a loop's body for an item that may not come, or may come many times."""
    tracer.heap.begin()
    assign(tracer, node.target, item, scope)
    tracer.repeated += 1
    tracer.run(node.body, scope)
    tracer.repeated -= 1
    branch = tracer.heap.take_back()
    tracer.heap.merge(branch, Branch())


def run_while(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.While)
    outside, scope.left = scope.left, frozenset()
    flow = _run_rounds(tracer, node, scope)
    scope.left = outside | (scope.left - {Flow.BREAK.value})
    return flow


def _run_rounds(tracer: Tracer, node: facts.While, scope: Scope) -> Flow:
    """Round by round as long as it is known that there is one; then once more, as what may happen any number of times."""
    for index in range(LONGEST_WHILE):
        truth = comparing.truth(tracer, tracer.evaluate(node.test, scope))
        if truth is False:
            return Flow.NEXT
        if truth and isinstance(node.test, facts.Literal) and index >= MOST_ENDLESS:
            return Flow.RAISE
        if truth is None or not isinstance(node.test, (facts.Compare, facts.Literal)):
            break
        flow = tracer.run(node.body, scope)
        if flow is Flow.BREAK:
            return Flow.NEXT
        if flow in (Flow.RETURN, Flow.RAISE):
            return flow
        if scope.left:
            break
    tracer.heap.begin()
    tracer.run(node.body, scope)
    tracer.heap.merge(tracer.heap.take_back(), Branch())
    return Flow.NEXT
