"""The values of expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from initlint.reading import facts
from initlint.tracing import (
    arithmetic,
    attributes,
    comparing,
    comprehensions,
    iteration,
    members,
    protocols,
    subscripts,
)
from initlint.tracing.collection_construction import new_dict, new_list
from initlint.tracing.targets import assign
from initlint.tracing.type_tests import note_type_test
from initlint.tracing.values import (
    ClassValue,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    Many,
    Scope,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def _name(tracer: Tracer, node: facts.Name, scope: Scope) -> Value:
    return tracer.lookup(node.id, scope)


def _literal(tracer: Tracer, node: facts.Literal, scope: Scope) -> Value:
    return node.value


def _attribute(tracer: Tracer, node: facts.Attribute, scope: Scope) -> Value:
    return attributes.load(tracer, tracer.evaluate(node.value, scope), node.name, tracer.place(node, scope), scope)


def _call(tracer: Tracer, node: facts.Call, scope: Scope) -> Value:
    function = tracer.evaluate(node.function, scope)
    place = tracer.place(node, scope)
    if isinstance(function, ExternalValue) and function.name == "builtins.super":
        return members.make_super(tracer, [tracer.evaluate(each.value, scope) for each in node.arguments], scope)
    arguments, keywords = given(tracer, node, scope)
    return tracer.call(function, arguments, keywords, place, scope)


def given(tracer: Tracer, node: facts.Call, scope: Scope) -> tuple[list[Value], dict[str, Value]]:
    """The arguments of a call, and those given by name."""
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    for argument in node.arguments:
        value = tracer.evaluate(argument.value, scope)
        if argument.keyword is not None:
            keywords[argument.keyword] = value
        elif argument.star == "*":
            items = iteration.items(tracer, value)
            arguments.extend(items if items is not None else [Many((Unknown("an unknown number of arguments"),))])
        elif argument.star == "**":
            _unpack_keywords(value, keywords)
        else:
            arguments.append(value)
    return arguments, keywords


def _unpack_keywords(value: Value, keywords: dict[str, Value]) -> None:
    if isinstance(value, Instance) and protocols.is_record(value):
        keywords.update(protocols.entries(value))
        return
    if isinstance(value, DictValue):
        keywords.update({str(key): item for key, item in value.items.items()})
    if not isinstance(value, DictValue) or value.is_open:
        keywords["**"] = Unknown("unknown keyword arguments")


def _subscript(tracer: Tracer, node: facts.Subscript, scope: Scope) -> Value:
    value = tracer.evaluate(node.value, scope)
    return subscripts.load_item(tracer, value, tracer.evaluate(node.index, scope), tracer.place(node, scope))


def _slice(tracer: Tracer, node: facts.Slice, scope: Scope) -> Value:
    bounds = [None if bound is None else tracer.evaluate(bound, scope) for bound in (node.lower, node.upper, node.step)]
    if all(bound is None or (isinstance(bound, int) and not isinstance(bound, bool)) for bound in bounds):
        return slice(*bounds)
    return Unknown("a slice with unknown bounds")


def _starred(tracer: Tracer, node: facts.Starred, scope: Scope) -> Value:
    return tracer.evaluate(node.value, scope)


def _sequence(tracer: Tracer, node: facts.Sequence, scope: Scope) -> Value:
    items: list[Value] = []
    is_open = False
    for item in node.items:
        value = tracer.evaluate(item, scope)
        if isinstance(item, facts.Starred):
            more = iteration.items(tracer, value)
            items.extend(more if more is not None else [Many((Unknown("an unknown item"),))])
            is_open = is_open or more is None
        else:
            items.append(value)
    if node.kind == "tuple" and not is_open:
        return tuple(items)
    return new_list(tracer, items, tracer.place(node, scope))


def _dictionary(tracer: Tracer, node: facts.Dictionary, scope: Scope) -> Value:
    items: dict[Value, Value] = {}
    is_open = False
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = tracer.evaluate(value_node, scope)
        if key_node is None:
            is_open = is_open or not isinstance(value, DictValue) or value.is_open
            items.update(value.items if isinstance(value, DictValue) else {})
            continue
        key = tracer.evaluate(key_node, scope)
        if comparing.is_hashable(key) or isinstance(key, (ExternalValue, ClassValue)):
            items[key] = value
        else:
            is_open = True
    return new_dict(tracer, items, tracer.place(node, scope), is_open)


def _unary(tracer: Tracer, node: facts.Unary, scope: Scope) -> Value:
    value = tracer.evaluate(node.operand, scope)
    if node.operator == "not":
        known = comparing.truth(tracer, value)
        return Unknown("not of something unknown") if known is None else not known
    return arithmetic.unary(tracer, node.operator, value, tracer.place(node, scope), scope)


def _binary(tracer: Tracer, node: facts.Binary, scope: Scope) -> Value:
    """Long sums lean to the left: they are walked in a loop, not by recursion."""
    chain: list[facts.Binary] = []
    current: facts.Expression = node
    while isinstance(current, facts.Binary):
        chain.append(current)
        current = current.left
    value = tracer.evaluate(current, scope)
    for link in reversed(chain):
        right = tracer.evaluate(link.right, scope)
        value = arithmetic.binary(tracer, link.operator, value, right, tracer.place(link, scope), scope)
    return value


def _boolean(tracer: Tracer, node: facts.Boolean, scope: Scope) -> Value:
    left = tracer.evaluate(node.left, scope)
    known = comparing.truth(tracer, left)
    if known is not None:
        return tracer.evaluate(node.right, scope) if known == (node.operator == "and") else left
    right = tracer.evaluate(node.right, scope)
    if comparing.truth(tracer, right) is (node.operator == "or"):
        return right if isinstance(right, bool) else Unknown("either of two values")
    return Unknown("either of two values", is_conditional=right is True and node.operator == "and")


def _compare(tracer: Tracer, node: facts.Compare, scope: Scope) -> Value:
    left = tracer.evaluate(node.left, scope)
    answers: list[bool | None] = []
    for symbol, comparator in zip(node.operators, node.comparators, strict=True):
        right = tracer.evaluate(comparator, scope)
        if comparing.gives_mask(symbol, left, right):
            return TensorValue(None)
        answer = comparing.compare(tracer, symbol, left, right)
        note_type_test(tracer, left, right, answer, symbol, tracer.place(node, scope), scope)
        answers.append(answer)
        left = right
    if False in answers:
        return False
    return Unknown("a comparison with something unknown") if None in answers else True


def _conditional(tracer: Tracer, node: facts.Conditional, scope: Scope) -> Value:
    known = comparing.truth(tracer, tracer.evaluate(node.test, scope))
    if known is not None:
        return tracer.evaluate(node.body if known else node.otherwise, scope)
    tracer.heap.begin()
    left = tracer.evaluate(node.body, scope)
    first = tracer.heap.take_back()
    tracer.heap.begin()
    right = tracer.evaluate(node.otherwise, scope)
    second = tracer.heap.take_back()
    tracer.heap.merge(first, second)
    return tracer.heap.join(left, right)


def _lambda(tracer: Tracer, node: facts.Lambda, scope: Scope) -> Value:
    return FunctionValue(node, scope)


def _formatted(tracer: Tracer, node: facts.FormattedString, scope: Scope) -> Value:
    texts: list[str] = []
    for part in node.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        value = tracer.evaluate(part, scope)
        if not isinstance(value, (str, int, float)):
            return Unknown("a string with an unknown part")
        texts.append(str(value))
    return "".join(texts)


def _named(tracer: Tracer, node: facts.NamedExpression, scope: Scope) -> Value:
    value = tracer.evaluate(node.value, scope)
    assign(tracer, node.target, value, scope)
    return value


def _await(tracer: Tracer, node: facts.Await, scope: Scope) -> Value:
    return tracer.evaluate(node.value, scope)


def _yield(tracer: Tracer, node: facts.Yield, scope: Scope) -> Value:
    if node.value is not None:
        tracer.evaluate(node.value, scope)
    return Unknown("what is sent into a generator")


def _opaque(tracer: Tracer, node: facts.Expression, scope: Scope) -> Value:
    return Unknown("a literal that is not read")


EXPRESSIONS: dict[type, Callable[[Tracer, Any, Scope], Value]] = {
    facts.Name: _name,
    facts.Literal: _literal,
    facts.Attribute: _attribute,
    facts.Call: _call,
    facts.Subscript: _subscript,
    facts.Slice: _slice,
    facts.Starred: _starred,
    facts.Sequence: _sequence,
    facts.Dictionary: _dictionary,
    facts.Unary: _unary,
    facts.Binary: _binary,
    facts.Boolean: _boolean,
    facts.Compare: _compare,
    facts.Conditional: _conditional,
    facts.Lambda: _lambda,
    facts.Comprehension: comprehensions.comprehension,
    facts.FormattedString: _formatted,
    facts.NamedExpression: _named,
    facts.Await: _await,
    facts.Yield: _yield,
    facts.Opaque: _opaque,
}
