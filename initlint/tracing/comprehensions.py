"""Comprehensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import comparing, iteration, replication
from initlint.tracing.collection_construction import new_dict, new_list
from initlint.tracing.heap import Branch
from initlint.tracing.targets import assign
from initlint.tracing.values import Many, Scope, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def comprehension(tracer: Tracer, node: facts.Comprehension, scope: Scope) -> Value:
    inner = Scope(scope.module, scope, function=scope.function, owner=scope.owner, defining=scope.defining)
    tracer.heap.born(inner.names)
    place = tracer.place(node, scope)
    if node.kind == "dict":
        pairs: dict[Value, Value] = {}
        is_open = _comprehend(tracer, node, 0, inner, pairs, None)
        return new_dict(tracer, pairs, place, is_open)
    items: list[Value] = []
    is_open = _comprehend(tracer, node, 0, inner, None, items)
    replication.note_repetition(tracer, items, place)
    return new_list(tracer, items, place, is_open)


def _comprehend(
    tracer: Tracer,
    node: facts.Comprehension,
    level: int,
    scope: Scope,
    pairs: dict[Value, Value] | None,
    items: list[Value] | None,
) -> bool:
    """Runs one `for` of a comprehension; whether the result may hold more than was found."""
    if level == len(node.clauses):
        return _emit(tracer, node, scope, pairs, items)
    clause = node.clauses[level]
    around = scope.parent if level == 0 else None  # Python evaluates the outermost iterable before it enters the scope
    found = iteration.items(tracer, tracer.evaluate(clause.iterable, around or scope))
    if found is None:
        found = [Many((Unknown("an item of an iterable that is not known"),))]
    is_open = False
    for item in found:
        tracer.step()
        choices = item.items if isinstance(item, Many) else (item,)
        for choice in choices:
            is_open |= _comprehend_item(tracer, node, level, choice, isinstance(item, Many), scope, pairs, items)
    return is_open


def _comprehend_item(
    tracer: Tracer,
    node: facts.Comprehension,
    level: int,
    item: Value,
    is_many: bool,
    scope: Scope,
    pairs: dict[Value, Value] | None,
    items: list[Value] | None,
) -> bool:
    assign(tracer, node.clauses[level].target, item, scope)
    answers = [comparing.truth(tracer, tracer.evaluate(test, scope)) for test in node.clauses[level].conditions]
    if False in answers:
        return False
    if not is_many and None not in answers:
        return _comprehend(tracer, node, level + 1, scope, pairs, items)
    some: list[Value] | None = None if items is None else []
    tracer.heap.begin()
    tracer.repeated += is_many
    _comprehend(tracer, node, level + 1, scope, pairs, some)
    tracer.repeated -= is_many
    tracer.heap.merge(tracer.heap.take_back(), Branch())
    if items is not None:
        items.append(Many(tuple(some or ())))
    return items is None


def _emit(
    tracer: Tracer, node: facts.Comprehension, scope: Scope, pairs: dict[Value, Value] | None, items: list[Value] | None
) -> bool:
    element = tracer.evaluate(node.element, scope)
    if pairs is not None and node.value is not None:
        value = tracer.evaluate(node.value, scope)
        if not comparing.is_hashable(element):
            return True
        pairs[element] = value
    elif items is not None:
        items.append(element)
    return False
