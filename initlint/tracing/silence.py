"""Results of a `forward` that are known, and are no signals: places, masks, counts, tables of positions."""

from __future__ import annotations

from collections.abc import Sequence

from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import DictValue, Instance, ListValue, Many, TensorValue, Value, is_plain


def is_silent(result: Value) -> bool:
    """Whether a result holds tensors, and nothing that is a signal or that is not known."""
    inside = _leaves(result)
    return inside is not None and any(isinstance(each, TensorValue) for each in inside)


def _leaves(value: Value) -> list[Value] | None:
    """What a value holds, all in all; `None` if some of it is a signal, or is not known."""
    if isinstance(value, TensorValue) or is_plain(value):
        return [value]
    inside = _inside(value)
    if inside is None:
        return None
    found: list[Value] = []
    for each in inside:
        leaves = _leaves(each)
        if leaves is None:
            return None
        found += leaves
    return found


def _inside(value: Value) -> Sequence[Value] | None:
    if isinstance(value, (tuple, Many)):
        return value if isinstance(value, tuple) else value.items
    if isinstance(value, (ListValue, DictValue)) and not value.is_open:
        return value.items if isinstance(value, ListValue) else list(value.items.values())
    if isinstance(value, NamespaceValue):
        return list(value.attributes.values())
    return list(value.attributes.values()) if isinstance(value, Instance) and value.is_complete else None
