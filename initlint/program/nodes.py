"""Looking through statements and expressions without running them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import get_type_hints

import msgspec

from initlint.reading import facts


def nodes(root: object) -> Iterator[facts.Node]:
    """Every node in a node, a part of one, or a tuple of them, in the order of the source."""
    stack: list[object] = [root]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple):
            stack.extend(reversed(current))
            continue
        if isinstance(current, facts.Node):
            yield current
        for name in _holding(type(current)):  # type: ignore[arg-type]
            part = getattr(current, name)
            if part is not None:
                stack.append(part)


@cache
def _holding(kind: type) -> tuple[str, ...]:
    """The fields of a struct that may hold nodes, last first, without those of mere words; anything else has none."""
    if not issubclass(kind, msgspec.Struct):
        return ()
    hints = get_type_hints(kind)
    return tuple(name for name in _fields(kind) if hints[name] not in WORDS)


WORDS = (str, bool, int, str | None, tuple[str, ...], frozenset[str])
"""Types of fields in which no node stands."""


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
