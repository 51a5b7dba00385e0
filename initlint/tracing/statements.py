"""Running statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import comparing, expressions, iteration, storing, subscripts
from initlint.tracing.heap import Branch
from initlint.tracing.raising import RaisedError
from initlint.tracing.values import (
    RETURNED,
    Device,
    FunctionValue,
    ListValue,
    Many,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

LONGEST_WHILE = 2_000
"""Rounds of a `while` whose condition stays known and true."""
MOST_ENDLESS = 64
"""Rounds of a ``while True``: one that builds layers ends sooner, and behind one that trains nothing comes."""


class Flow(Enum):
    """Where control goes after statements."""

    NEXT = "next"
    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"
    RAISE = "raise"


def run(tracer: Tracer, body: Sequence[facts.Statement], scope: Scope) -> Flow:
    """Runs statements until control leaves them."""
    depth = tracer.heap.depth
    try:
        for index, statement in enumerate(body):
            tracer.step()
            if isinstance(statement, (facts.If, facts.Match)):
                flow, is_done = _run_if(tracer, statement, body[index + 1 :], scope)
                if is_done:
                    return flow
            else:
                flow = STATEMENTS[type(statement)](tracer, statement, scope)
            if flow is not Flow.NEXT:
                return flow
    except RaisedError:
        while tracer.heap.depth > depth:
            tracer.heap.take_back()
        return Flow.RAISE
    return Flow.NEXT


# ------------------------------------------------------------------------------------------------------------- branches


def _run_if(
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


# ---------------------------------------------------------------------------------------------------------------- loops


def _for(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
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
    tracer.repeats += 1
    tracer.run(node.body, scope)
    tracer.repeats -= 1
    branch = tracer.heap.take_back()
    tracer.heap.merge(branch, Branch())


def _while(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
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


# --------------------------------------------------------------------------------------------------------------- others


def assign(tracer: Tracer, target: facts.Expression, value: Value, scope: Scope) -> None:
    """Binds a target: a name, an attribute, an item, or several of them."""
    if isinstance(target, facts.Name):
        home = scope.names.get(f"<scope of {target.id}>")
        names = home.names if isinstance(home, Scope) else scope.names
        tracer.heap.set(names, target.id, value)
    elif isinstance(target, facts.Sequence):
        _assign_each(tracer, target.items, value, scope)
    elif isinstance(target, facts.Starred):
        assign(tracer, target.value, value, scope)
    elif isinstance(target, facts.Attribute):
        owner = tracer.evaluate(target.value, scope)
        storing.store(tracer, owner, target.name, value, tracer.place(target, scope), scope)
    elif isinstance(target, facts.Subscript):
        owner = tracer.evaluate(target.value, scope)
        index = tracer.evaluate(target.index, scope)
        subscripts.store_item(tracer, owner, index, value, tracer.place(target, scope), scope)


def _assign_each(tracer: Tracer, targets: Sequence[facts.Expression], value: Value, scope: Scope) -> None:
    items = iteration.unpack(tracer, value, len(targets))
    stars = [index for index, target in enumerate(targets) if isinstance(target, facts.Starred)]
    if items is not None and len(stars) == 1 and len(items) >= len(targets) - 1:
        star, after = stars[0], len(targets) - 1 - stars[0]
        middle = ListValue(list(items[star : len(items) - after]))
        items = [*items[:star], middle, *items[len(items) - after :]]
    if items is None or len(items) != len(targets):
        items = [Unknown("a part of something unknown")] * len(targets)
    for target, item in zip(targets, items, strict=True):
        assign(tracer, target, item, scope)


def _evaluate(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Evaluate)
    tracer.evaluate(node.value, scope)
    return Flow.NEXT


def _assign(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Assign)
    if node.value is not None:
        value = tracer.evaluate(node.value, scope)
        for target in node.targets:
            assign(tracer, target, value, scope)
    return Flow.NEXT


def _augment(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.AugmentedAssign)
    old = tracer.evaluate(node.target, scope)
    value = tracer.evaluate(node.value, scope)
    place = tracer.place(node, scope)
    if not expressions.augment(tracer, node.operator, old, value, place, scope):
        assign(tracer, node.target, expressions.binary(tracer, node.operator, old, value, place, scope), scope)
    return Flow.NEXT


def _return(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Return)
    value = None if node.value is None else tracer.evaluate(node.value, scope)
    returned = scope.names.setdefault(RETURNED, [])
    assert isinstance(returned, list)
    returned.append(value)
    return Flow.RETURN


def _raise(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    return Flow.RAISE


def _with(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.With)
    outside = tracer.default_device
    for item in node.items:
        value = tracer.evaluate(item.value, scope)
        if item.target is not None:
            assign(tracer, item.target, value, scope)
        if isinstance(value, Device):
            tracer.heap.set_field(tracer, "default_device", value)
    flow = tracer.run(node.body, scope)
    tracer.heap.set_field(tracer, "default_device", outside)
    return flow


def _try(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    """Runs the body as if nothing were raised; a body that surely raises leads to its handlers."""
    assert isinstance(node, facts.Try)
    tracer.guards += bool(node.handlers)
    flow = tracer.run(node.body, scope)
    tracer.guards -= bool(node.handlers)
    if flow is Flow.RAISE and node.handlers:
        flow = tracer.run(node.handlers[0].body, scope)
    elif flow is Flow.NEXT:
        flow = tracer.run(node.otherwise, scope)
    final = tracer.run(node.final, scope)
    return flow if final is Flow.NEXT else final


def _delete(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Delete)
    target = node.target
    if isinstance(target, facts.Name):
        tracer.heap.delete(scope.names, target.id)
    elif isinstance(target, facts.Attribute):
        storing.delete(tracer, tracer.evaluate(target.value, scope), target.name)
    elif isinstance(target, facts.Subscript):
        subscripts.delete_item(tracer, tracer.evaluate(target.value, scope), tracer.evaluate(target.index, scope))
    return Flow.NEXT


def _keyword(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Keyword)
    return {"break": Flow.BREAK, "continue": Flow.CONTINUE}.get(node.word, Flow.NEXT)


def _scope(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Scope)
    for name in node.names:
        home = tracer.scope_of(scope.module) if node.kind == "global" else scope.parent
        while node.kind == "nonlocal" and home is not None and name not in home.names:
            home = home.parent
        if home is not None:
            scope.names[f"<scope of {name}>"] = home
    return Flow.NEXT


def _import(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    """An import inside a function: binds its names as the module would."""
    assert isinstance(node, facts.Import)
    from initlint.program.module import Module

    local = Module(scope.module.source)
    local.bind_import(node)
    for name in local.bindings:
        found = tracer.resolved(tracer.program.resolve(local, name), name)
        tracer.heap.set(scope.names, name, found)
    return Flow.NEXT


def _function(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Function)
    tracer.heap.set(scope.names, node.name, FunctionValue(node, scope))
    return Flow.NEXT


def _class(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    assert isinstance(node, facts.Class)
    tracer.heap.set(scope.names, node.name, tracer.class_value(node, scope))
    return Flow.NEXT


def _nothing(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    return Flow.NEXT


STATEMENTS: dict[type, Callable[[Tracer, facts.Statement, Scope], Flow]] = {
    facts.Evaluate: _evaluate,
    facts.Assign: _assign,
    facts.AugmentedAssign: _augment,
    facts.Return: _return,
    facts.Raise: _raise,
    facts.Assert: _nothing,
    facts.Delete: _delete,
    facts.Keyword: _keyword,
    facts.Scope: _scope,
    facts.Import: _import,
    facts.For: _for,
    facts.While: _while,
    facts.With: _with,
    facts.Try: _try,
    facts.Function: _function,
    facts.Class: _class,
}
