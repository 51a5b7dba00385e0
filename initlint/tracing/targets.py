"""What is assigned to: names, attributes, items, and several of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.reading import facts
from initlint.tracing import iteration, overwriting, storing, subscripts, tensors
from initlint.tracing.values import ListValue, Scope, TensorValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


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
        place = tracer.place(target, scope)
        filled = None if isinstance(index, str) else overwriting.with_items(tracer, owner, value, place)
        if filled is None:
            subscripts.store_item(tracer, owner, index, value, place, scope)
        else:
            rebind(tracer, target.value, filled, scope)


def rebind(tracer: Tracer, node: facts.Expression, value: Value, scope: Scope) -> None:
    """Gives the name that an expression is a view of what was made in its place."""
    name = overwriting.named(node)
    if name is not None:
        assign(tracer, name, value, scope)


def _assign_each(tracer: Tracer, targets: Sequence[facts.Expression], value: Value, scope: Scope) -> None:
    items = iteration.unpack(tracer, value, len(targets))
    stars = [index for index, target in enumerate(targets) if isinstance(target, facts.Starred)]
    if items is not None and len(stars) == 1 and len(items) >= len(targets) - 1:
        star, after = stars[0], len(targets) - 1 - stars[0]
        middle = ListValue(list(items[star : len(items) - after]))
        items = [*items[:star], middle, *items[len(items) - after :]]
    if items is None and isinstance(value, TensorValue):
        items = [tensors.load_item(value, index) for index in range(len(targets))]
    if items is None or len(items) != len(targets):
        items = [Unknown("a part of something unknown")] * len(targets)
    for target, item in zip(targets, items, strict=True):
        assign(tracer, target, item, scope)
