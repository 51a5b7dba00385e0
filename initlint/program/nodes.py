"""Looking through statements and expressions without running them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import get_origin, get_type_hints

import msgspec

from initlint.reading import facts


def nodes(root: object) -> Iterator[facts.Node]:
    """Every node in a node, a part of one, or a tuple of them, in the order of the source."""
    stack: list[object] = [root]
    while stack:
        current = stack.pop()
        kind = type(current)
        if kind is tuple:
            stack.extend(current[::-1])  # type: ignore[index]
            continue
        if isinstance(current, facts.Node):
            yield current
        for name in _HOLDING[kind]:
            part = getattr(current, name)
            if part is not None:
                stack.append(part)


def statements(body: Sequence[facts.Statement]) -> Iterator[facts.Statement]:
    """Every statement of a body and of the blocks in it, in the order of the source, their expressions not looked at."""
    stack: list[facts.Statement | facts.Handler | facts.Case] = list(body[::-1])
    while stack:
        current = stack.pop()
        if not isinstance(current, (facts.Handler, facts.Case)):
            yield current
        for name in _BLOCKS[type(current)]:
            stack.extend(getattr(current, name)[::-1])


class _Holding(dict[type, tuple[str, ...]]):
    """For each type met so far: the fields that may hold nodes, last first; empty for all that is no struct."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        self[kind] = _holding(kind)
        return self[kind]


class _Blocks(dict[type, tuple[str, ...]]):
    """For each type met so far: the fields that hold statements, or handlers and cases that do, last first."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        self[kind] = tuple(name for name in ("final", "otherwise", "cases", "handlers", "body") if _holds(kind, name))
        return self[kind]


_HOLDING, _BLOCKS = _Holding(), _Blocks()


def fields_with_nodes(kind: type) -> tuple[str, ...]:
    """The fields of a struct in which nodes may stand, in the order of the source."""
    return _HOLDING[kind][::-1]


def _holds(kind: type, name: str) -> bool:
    return get_origin(get_type_hints(kind).get(name)) is tuple


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
