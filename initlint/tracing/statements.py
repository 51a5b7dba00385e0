"""Running statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from initlint.reading import facts
from initlint.tracing import arithmetic, overwriting, storing, subscripts
from initlint.tracing.branches import run_branch
from initlint.tracing.flow import Flow
from initlint.tracing.loops import run_for, run_while
from initlint.tracing.raising import RaisedError
from initlint.tracing.targets import assign, rebind
from initlint.tracing.values import RETURNED, Device, FunctionValue, Scope, Signal

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def run(tracer: Tracer, body: Sequence[facts.Statement], scope: Scope) -> Flow:
    """Runs statements until control leaves them."""
    depth = tracer.heap.depth
    try:
        for index, statement in enumerate(body):
            tracer.step()
            if isinstance(statement, (facts.If, facts.Match)):
                flow, is_done = run_branch(tracer, statement, body[index + 1 :], scope)
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


def _evaluate(tracer: Tracer, node: facts.Evaluate, scope: Scope) -> Flow:
    result = tracer.evaluate(node.value, scope)
    if isinstance(result, Signal):
        _keep_in_place(tracer, node.value, result, scope)
    return Flow.NEXT


def _keep_in_place(tracer: Tracer, node: facts.Expression, result: Signal, scope: Scope) -> None:
    """``x.add_(y)``: its result is what the name stands for from there on."""
    function = node.function if isinstance(node, facts.Call) else None
    if isinstance(function, facts.Attribute) and overwriting.is_in_place(function.name):
        rebind(tracer, function.value, result, scope)


def _assign(tracer: Tracer, node: facts.Assign, scope: Scope) -> Flow:
    if node.value is not None:
        value = tracer.evaluate(node.value, scope)
        for target in node.targets:
            assign(tracer, target, value, scope)
    return Flow.NEXT


def _augment(tracer: Tracer, node: facts.AugmentedAssign, scope: Scope) -> Flow:
    old = tracer.evaluate(node.target, scope)
    value = tracer.evaluate(node.value, scope)
    place = tracer.place(node, scope)
    if not arithmetic.augment(tracer, node.operator, old, value, place, scope):
        assign(tracer, node.target, arithmetic.binary(tracer, node.operator, old, value, place, scope), scope)
    return Flow.NEXT


def _return(tracer: Tracer, node: facts.Return, scope: Scope) -> Flow:
    value = None if node.value is None else tracer.evaluate(node.value, scope)
    returned = scope.names.setdefault(RETURNED, [])
    assert isinstance(returned, list)
    returned.append(value)
    return Flow.RETURN


def _raise(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    return Flow.RAISE


def _with(tracer: Tracer, node: facts.With, scope: Scope) -> Flow:
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


def _try(tracer: Tracer, node: facts.Try, scope: Scope) -> Flow:
    """Runs the body as if nothing were raised; a body that surely raises leads to its handlers."""
    tracer.guards += bool(node.handlers)
    flow = tracer.run(node.body, scope)
    tracer.guards -= bool(node.handlers)
    if flow is Flow.RAISE and node.handlers:
        flow = tracer.run(node.handlers[0].body, scope)
    elif flow is Flow.NEXT:
        flow = tracer.run(node.otherwise, scope)
    final = tracer.run(node.final, scope)
    return flow if final is Flow.NEXT else final


def _delete(tracer: Tracer, node: facts.Delete, scope: Scope) -> Flow:
    target = node.target
    if isinstance(target, facts.Name):
        tracer.heap.delete(scope.names, target.id)
    elif isinstance(target, facts.Attribute):
        storing.delete(tracer, tracer.evaluate(target.value, scope), target.name)
    elif isinstance(target, facts.Subscript):
        subscripts.delete_item(tracer, tracer.evaluate(target.value, scope), tracer.evaluate(target.index, scope))
    return Flow.NEXT


def _keyword(tracer: Tracer, node: facts.Keyword, scope: Scope) -> Flow:
    return {"break": Flow.BREAK, "continue": Flow.CONTINUE}.get(node.word, Flow.NEXT)


def _scope(tracer: Tracer, node: facts.Scope, scope: Scope) -> Flow:
    for name in node.names:
        home = tracer.scope_of(scope.module) if node.kind == "global" else scope.parent
        while node.kind == "nonlocal" and home is not None and name not in home.names:
            home = home.parent
        if home is not None:
            scope.names[f"<scope of {name}>"] = home
    return Flow.NEXT


def _import(tracer: Tracer, node: facts.Import, scope: Scope) -> Flow:
    """An import inside a function: binds its names as the module would."""
    local = scope.module.of_import(node)
    for name in local.bindings:
        found = tracer.resolved(tracer.program.resolve(local, name), name)
        tracer.heap.set(scope.names, name, found)
    return Flow.NEXT


def _function(tracer: Tracer, node: facts.Function, scope: Scope) -> Flow:
    tracer.heap.set(scope.names, node.name, FunctionValue(node, scope))
    return Flow.NEXT


def _class(tracer: Tracer, node: facts.Class, scope: Scope) -> Flow:
    tracer.heap.set(scope.names, node.name, tracer.class_value(node, scope))
    return Flow.NEXT


def _nothing(tracer: Tracer, node: facts.Statement, scope: Scope) -> Flow:
    return Flow.NEXT


STATEMENTS: dict[type, Callable[[Tracer, Any, Scope], Flow]] = {
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
    facts.For: run_for,
    facts.While: run_while,
    facts.With: _with,
    facts.Try: _try,
    facts.Function: _function,
    facts.Class: _class,
}
