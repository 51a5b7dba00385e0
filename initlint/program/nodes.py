"""Looking through statements and expressions without running them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from initlint.reading import facts


def nodes(root: object) -> Iterator[facts.Node]:
    """Every node in a node, a part of one, or a tuple of them, in the order of the source."""
    stack: list[object] = [root]
    while stack:
        current = stack.pop()
        if isinstance(current, facts.Node):
            yield current
        if isinstance(current, tuple):
            stack.extend(reversed(current))
        elif isinstance(current, msgspec.Struct):
            stack.extend(getattr(current, name) for name in _fields(type(current)))


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that may hold nodes, last first."""
    return tuple(name for name in reversed(kind.__struct_fields__) if name not in ("start", "end", "body_end", "kind"))


def last_name(expression: facts.Expression | None) -> str:
    """The last part of a dotted name, also of one that is called: ``nn.init.zeros_`` is ``zeros_``."""
    if isinstance(expression, facts.Call):
        return last_name(expression.function)
    if isinstance(expression, facts.Attribute):
        return expression.name
    return expression.id if isinstance(expression, facts.Name) else ""


def is_same(left: object, right: object) -> bool:
    """Whether two pieces of source say the same, wherever they stand."""
    if isinstance(left, msgspec.Struct) and type(left) is type(right):
        return all(is_same(getattr(left, name), getattr(right, name)) for name in _fields(type(left)))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(is_same, left, right))
    return type(left) is type(right) and bool(left == right)


def spelled_names(root: object) -> set[str]:
    """The names and attributes that stand in it."""
    found = nodes(root)
    return {node.id if isinstance(node, facts.Name) else node.name for node in found if isinstance(node, NAMED)}


NAMED = (facts.Name, facts.Attribute)
