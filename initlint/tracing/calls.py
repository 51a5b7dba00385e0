"""Calling whatever can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import composites
from initlint.frameworks import torch as framework
from initlint.program import Module
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import choices, effects, instances, layers, methods, natives, purity, repeating
from initlint.tracing.flow import Flow
from initlint.tracing.raising import RaisedError
from initlint.tracing.records import RecordType
from initlint.tracing.unknown_calls import call_unknown
from initlint.tracing.values import (
    RETURNED,
    BoundMethod,
    ClassValue,
    ContainerValue,
    DictValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    Native,
    Partial,
    Scope,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

DEEPEST_CALL = 48
"""Nested calls of functions of the program; deeper ones give an unknown."""


def call(
    tracer: Tracer,
    function: Value,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    """The value of a call."""
    if isinstance(function, FunctionValue):
        return call_function(tracer, function, arguments, keywords, place)
    if isinstance(function, BoundMethod):
        return call_function(tracer, function.function, (function.receiver, *arguments), keywords, place)
    if isinstance(function, ClassValue):
        return instances.instantiate(tracer, function, arguments, keywords, place, scope)
    if isinstance(function, ExternalValue):
        return natives.call_external(tracer, function.name, arguments, keywords, place, scope)
    if isinstance(function, Method):
        return methods.call_method(tracer, function, arguments, keywords, place, scope)
    if isinstance(function, Native):
        return function.call(arguments, keywords, place)
    if isinstance(function, RecordType):
        return function.make(tracer, arguments, keywords)
    if isinstance(function, Partial):
        merged = {**function.keywords, **keywords}
        return tracer.call(function.function, (*function.arguments, *arguments), merged, place, scope)
    if isinstance(function, (Instance, LayerValue, ContainerValue)):
        return layers.call_module(tracer, function, arguments, keywords, place, scope)
    if isinstance(function, TypeName):
        return Unknown("an instance of the type of something")
    if isinstance(function, Either):
        return choices.use_each(tracer, function, lambda value: tracer.call(value, arguments, keywords, place, scope))
    if isinstance(function, Size):
        function = Unknown(f"{HANDED} `{function}`")
    return call_unknown(tracer, function, arguments, keywords, place)


HANDED = "nothing in the program gives what is called here:"
"""How the reason begins where a model calls what it is handed: an argument that it is built with."""


def call_function(
    tracer: Tracer,
    function: FunctionValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
) -> Value:
    """Runs a function of the program."""
    node = function.node
    if function.name in framework.HOW_IT_RUNS:
        return None
    reason = Unknown(f"{function.name} is not followed")
    if tracer.depth >= DEEPEST_CALL or _is_opaque(node):
        return call_unknown(tracer, reason, arguments, keywords, place)
    if _runs_away(tracer, node, arguments, keywords):
        return call_unknown(tracer, reason, [each for each in arguments if not _is_plain_object(each)], keywords, place)
    known = effects.recall(tracer, function, arguments, keywords)
    if known is not effects.NEW:
        return known
    outer = tracer.site
    if function.scope.module in tracer.composites:
        tracer.site = _site(function, arguments, place)
    try:
        run: Callable[[], Value] = partial(_enter, tracer, function, arguments, keywords)
        for remembering in (repeating.once, purity.once, effects.watched):
            run = partial(remembering, tracer, function, arguments, keywords, run)
        return run()
    finally:
        tracer.site = outer


def _site(function: FunctionValue, arguments: Sequence[Value], place: Place) -> Place:
    """Where what a function of a composite does is said to be done: where its module is built."""
    receiver = arguments[0] if function.defining is not None and arguments else None
    is_layer = isinstance(receiver, Instance) and receiver.cls.is_module and function.name not in composites.SETTINGS
    return receiver.place if isinstance(receiver, Instance) and is_layer else place


def _enter(
    tracer: Tracer, function: FunctionValue, arguments: tuple[Value, ...], keywords: Mapping[str, Value]
) -> Value:
    node = function.node
    inner = Scope(function.scope.module, function.scope, function=function, defining=function.defining)
    tracer.heap.born(inner.names)
    receiver = arguments[0] if function.defining is not None and arguments else None
    inner.owner = receiver if isinstance(receiver, Instance) else None
    bind(tracer, node.parameters, arguments, keywords, inner, function.scope)
    tracer.depth += 1
    tracer.active[id(node)] = tracer.active.get(id(node), 0) + 1
    try:
        if isinstance(node, facts.Lambda):
            return tracer.evaluate(node.body, inner)
        return _run(tracer, node, inner)
    finally:
        tracer.active[id(node)] -= 1
        tracer.depth -= 1


DEEPEST_RECURSION = 16
"""Calls of one function inside each other: trees of modules are not deeper."""


def _runs_away(
    tracer: Tracer, node: facts.Function | facts.Lambda, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> bool:
    """Whether a function calls itself without end, or on something unknown: what it descends into comes first."""
    active = tracer.active.get(id(node), 0)
    if active == 0:
        return False
    given = [each for each in (*arguments, *keywords.values()) if not _is_background(each)]
    return active >= DEEPEST_RECURSION or not given or isinstance(given[0], (Size, Unknown))


def _is_background(value: Value) -> bool:
    """Whether a function does not descend into it: an object that is no module, a file of the program, what is outside."""
    return isinstance(value, (Module, ExternalValue)) or _is_plain_object(value)


def _is_plain_object(value: Value) -> bool:
    """Whether it is an object that holds no weights: what a recursive call does to it, the outer one is seen to do."""
    return isinstance(value, Instance) and not value.cls.is_module


def _is_opaque(node: facts.Function | facts.Lambda) -> bool:
    """Whether a decorator may put something else in a function's place."""
    return False if isinstance(node, facts.Lambda) else node.is_async


def _run(tracer: Tracer, node: facts.Function, scope: Scope) -> Value:
    flow = tracer.run(node.body, scope)
    returned = scope.names.get(RETURNED)
    values: list[Value] = list(returned) if isinstance(returned, list) else []
    if not values and _is_generator(tracer, node):
        return Unknown(f"{node.name} is a generator")
    if flow is Flow.RAISE and not values:
        if tracer.guards:
            raise RaisedError
        tracer.note_failure()
    if flow is Flow.NEXT and values:
        values = [value for value in values if value is not None] or [None]
    if not values:
        return None
    result = values[0]
    for value in values[1:]:
        result = tracer.heap.join(result, value)
    return result


def _is_generator(tracer: Tracer, node: facts.Function) -> bool:
    if id(node) not in tracer.generators:
        tracer.generators[id(node)] = _yields(node.body)
    return tracer.generators[id(node)]


def _yields(body: Sequence[facts.Statement]) -> bool:
    return any(
        (isinstance(statement, facts.Evaluate) and isinstance(statement.value, facts.Yield))
        or _yields(getattr(statement, "body", ()))
        for statement in body
        if not isinstance(statement, (facts.Function, facts.Class))
    )


def bind(
    tracer: Tracer,
    parameters: Sequence[facts.Parameter],
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    scope: Scope,
    defaults: Scope,
) -> None:
    """Binds arguments to parameters; an argument that is missing and has no default is unknown."""
    rest: dict[Value, Value] = dict(keywords.items())
    extra = rest.pop("**", None)
    queue = list(arguments)
    many = next((item for item in queue if isinstance(item, Many)), None)
    if many is not None:
        queue = queue[: queue.index(many)]
    for parameter in parameters:
        if parameter.kind == "*":
            scope.names[parameter.name] = ListValue(queue, many is not None) if many is not None else tuple(queue)
            queue = []
        elif parameter.kind == "**":
            scope.names[parameter.name] = DictValue(dict(rest), extra is not None)
            tracer.heap.born(scope.names[parameter.name])
        elif queue and parameter.kind != "keyword":
            scope.names[parameter.name] = queue.pop(0)
        elif parameter.name in rest:
            scope.names[parameter.name] = rest.pop(parameter.name)
        elif parameter.default is not None:
            scope.names[parameter.name] = tracer.evaluate(parameter.default, defaults)
        else:
            scope.names[parameter.name] = Unknown(f"argument {parameter.name} is not given")
