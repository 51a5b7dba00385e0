"""Branches: the way that is known to be taken, or all of them, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import comparing
from initlint.tracing.flow import Flow
from initlint.tracing.heap import Branch
from initlint.tracing.values import Scope, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def run_branch(
    tracer: Tracer, node: facts.If | facts.Match, rest: Sequence[facts.Statement], scope: Scope
) -> tuple[Flow, bool]:
    """Runs a branch; the second result says whether `rest` was run with it."""
    if isinstance(node, facts.Match):
        return _run_match(tracer, node, scope), False
    truth = comparing.truth(tracer, tracer.evaluate(node.test, scope))
    if truth is not None:
        return tracer.run(node.body if truth else node.otherwise, scope), False
    taken, first = _try_body(tracer, node.body, scope)
    skipped, second = _try_body(tracer, node.otherwise, scope)
    if Flow.RAISE in (taken, skipped):
        flow, branch = (skipped, second) if taken is Flow.RAISE else (taken, first)
        tracer.heap.replay(branch)
        return flow, False
    if taken is skipped:
        tracer.heap.merge(first, second)
        return taken, False
    return _run_rest(tracer, [(taken, first), (skipped, second)], rest, scope), True


def _run_rest(tracer: Tracer, ways: list[tuple[Flow, Branch]], rest: Sequence[facts.Statement], scope: Scope) -> Flow:
    """Runs what follows a branch that one way leaves early, on the ways that go on; joins all at the end."""
    ends: list[tuple[Flow, Branch]] = []
    for flow, branch in ways:
        if flow is not Flow.NEXT:
            ends.append((flow, branch))
            continue
        tracer.heap.begin()
        tracer.heap.replay(branch)
        flow = tracer.run(rest, scope)
        ends.append((flow, tracer.heap.take_back()))
    ends = [end for end in ends if end[0] is not Flow.RAISE] or ends
    tracer.heap.merge(*(branch for _, branch in ends))
    return _joined({flow for flow, _ in ends}, scope)


def _joined(flows: set[Flow], scope: Scope) -> Flow:
    """Where control goes behind several ways; that one of them left a loop is put on record."""
    if len(flows) == 1:
        return flows.pop()
    scope.left |= {flow.value for flow in flows & {Flow.BREAK, Flow.RETURN}}
    return Flow.NEXT


def _try_body(tracer: Tracer, body: Sequence[facts.Statement], scope: Scope) -> tuple[Flow, Branch]:
    tracer.heap.begin()
    flow = tracer.run(body, scope)
    return flow, tracer.heap.take_back()


def _run_match(tracer: Tracer, node: facts.Match, scope: Scope) -> Flow:
    subject = tracer.evaluate(node.subject, scope)
    ways: list[tuple[Flow, Branch]] = []
    for case in node.cases:
        matches = _matches(tracer, case, subject, scope)
        if matches is False:
            continue
        if matches and not ways:
            return tracer.run(case.body, scope)
        ways.append(_try_body(tracer, case.body, scope))
        if matches:
            break
    else:
        ways.append(_try_body(tracer, (), scope))
    going = [way for way in ways if way[0] is not Flow.RAISE] or ways
    tracer.heap.merge(*(branch for _, branch in going))
    return _joined({flow for flow, _ in going}, scope)


def _matches(tracer: Tracer, case: facts.Case, subject: Value, scope: Scope) -> bool | None:
    if case.values is None or (case.guard is not None):
        return None
    if not case.values:
        return True
    answers = [comparing.compare(tracer, "==", subject, tracer.evaluate(value, scope)) for value in case.values]
    if True in answers:
        return True
    return None if None in answers else False
