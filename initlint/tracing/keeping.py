"""Values that all roots share: what top-level names are worth, and default instances of config classes.

They are built once. What a root changes in them is undone before the next root starts, so that none sees what another did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from initlint.program import Module
from initlint.signal.size import Size
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.records import RecordType
from initlint.tracing.values import (
    RETURNED,
    BoundMethod,
    ClassValue,
    Device,
    DictValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    ListValue,
    Many,
    Method,
    NamedGain,
    Partial,
    Scope,
    Unknown,
    Value,
)

FIXED = frozenset(
    {type(None), bool, int, float, str, NamedGain, Size, ExternalValue, ClassValue, Device, Module, slice, re.Pattern}
)
"""Types of values that no root can change; what is set on a class is kept apart from it."""


class Keeper:
    """Knows the mutable parts of all kept values, and what those were before that a root has changed."""

    def __init__(self) -> None:
        self._held: dict[int, object] = {}
        self._before: dict[int, tuple[dict[Any, Value], dict[Any, Value]]] = {}
        self.changes = 0
        """How often a root was about to change what is kept."""

    def hold(self, *values: Value) -> bool:
        """Keeps values with all that they hold; False if some of it belongs to one root alone: a module, a signal."""
        found: dict[int, object] = {}
        queue = list(values)
        while queue:
            value = queue.pop()
            if id(value) in found or id(value) in self._held:
                continue
            inside = _inside(value)
            if inside is None:
                return False
            parts, contents = inside
            found.update((id(part), part) for part in parts)
            queue.extend(contents)
        self._held.update(found)
        return True

    def hold_names(self, names: dict[str, Value]) -> None:
        """Keeps the names of a module or class, whatever they are bound to."""
        self._held[id(names)] = names

    def __contains__(self, identity: int) -> bool:
        return identity in self._held

    @property
    def is_changed(self) -> bool:
        """Whether a root has changed something that is kept."""
        return bool(self._before)

    def note(self, target: object) -> None:
        """Says that a root is about to change a kept object."""
        self.changes += 1
        if id(target) not in self._before:
            state = target if isinstance(target, dict) else vars(target)
            self._before[id(target)] = state, dict(state)

    def restore(self) -> None:
        """Undoes what was changed."""
        for state, before in self._before.values():
            state.clear()
            state.update(before)
        self._before.clear()


def _inside(value: Value) -> tuple[Iterable[object], Iterable[Value]] | None:
    """The mutable parts of a value, and the values in it; `None` if it cannot be kept."""
    if isinstance(value, Either):
        return (), value.values
    if type(value) in FIXED or (isinstance(value, Unknown) and value.loaded is None):
        return (), ()
    if isinstance(value, tuple):
        return (), value
    if isinstance(value, Many):
        return (), value.items
    if isinstance(value, ListValue):
        return (value,), value.items
    if isinstance(value, DictValue):
        return (value, value.items), (*value.items, *value.items.values())
    if isinstance(value, Instance):
        return None if value.cls.is_module else ((value, value.attributes), value.attributes.values())
    if isinstance(value, NamespaceValue):
        return (value, value.attributes), value.attributes.values()
    if isinstance(value, RecordType):
        return (), value.defaults
    if isinstance(value, FunctionValue):
        closed_over = [scope.names for scope in _around(value.scope)]
        return (value, *closed_over), [
            each for names in closed_over for name, each in names.items() if name != RETURNED
        ]
    if isinstance(value, (BoundMethod, Method)):
        return (), (value.receiver, getattr(value, "function", None))
    if isinstance(value, Partial):
        return (), (value.function, *value.arguments, *value.keywords.values())
    return None


def _around(scope: Scope) -> Iterator[Scope]:
    """The scopes of the calls that a function was made in, innermost first."""
    current: Scope | None = scope
    while current is not None and not _is_top(current):
        yield current
        current = current.parent


def _is_top(scope: Scope) -> bool:
    """Whether a scope is that of a module, or of a class at the top level of one."""
    return scope.parent is None or (scope.function is None and scope.parent.parent is None)
