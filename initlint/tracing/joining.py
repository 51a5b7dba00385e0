"""The least value that stands for two that different branches give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from initlint.network import Write
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import (
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
    Partial,
    Signal,
    TensorValue,
    Unknown,
    Value,
    is_plain,
)

MISSING = object()
"""The value of a name that is not bound."""
DIFFERS, SOMETIMES = "differs between branches", "set on some branches only"


class Joiner:
    """Joins values; signals by what it is given."""

    def __init__(self, join_signals: Callable[[Value, Value], Value]) -> None:
        self._join_signals = join_signals

    def join(self, left: Value, right: Value) -> Value:
        """The least value that stands for both."""
        if left is right:
            return left
        if isinstance(left, Signal) and isinstance(right, Signal) and left.node == right.node:
            return left
        if isinstance(left, Signal) or isinstance(right, Signal):
            return self._join_signals(left, right)
        if (either := _either(left, right)) is not None:
            return either
        if left is MISSING or right is MISSING:
            return Unknown(SOMETIMES)
        if is_plain(left) and is_plain(right) and left == right and _are_of_one_kind(left, right):
            return left
        if isinstance(left, tuple) and isinstance(right, tuple):
            return self._join_tuples(left, right)
        if isinstance(left, (list, dict)) and type(left) is type(right):
            return self._join_items(left, right)
        if isinstance(left, TensorValue) and isinstance(right, TensorValue):
            return _join_tensors(left, right)
        if isinstance(left, ListValue) and isinstance(right, ListValue):
            return ListValue(self._join_lists(left.items, right.items), left.is_open or right.is_open, left.place)
        if isinstance(left, NamespaceValue) and isinstance(right, NamespaceValue):
            return self._join_records(left, right)
        if isinstance(left, DictValue) and isinstance(right, DictValue):
            return self._join_dicts(left, right)
        return Unknown(DIFFERS)

    def _join_records(self, left: NamespaceValue, right: NamespaceValue) -> Value:
        """Of objects with the same attributes."""
        if type(left) is not type(right) or left.attributes.keys() != right.attributes.keys():
            return Unknown(DIFFERS)
        return type(left)({name: self.join(value, right.attributes[name]) for name, value in left.attributes.items()})

    def _join_dicts(self, left: DictValue, right: DictValue) -> DictValue:
        """What both have; there may be more."""
        common = {key: self.join(value, right.items[key]) for key, value in left.items.items() if key in right.items}
        is_open = left.is_open or right.is_open or len(common) < max(len(left.items), len(right.items))
        return DictValue(common, is_open, left.place)

    def _join_tuples(self, left: tuple[Value, ...], right: tuple[Value, ...]) -> Value:
        if _are_writes((*left, *right)):
            return _join_writes(left, right)
        if len(left) == len(right):
            return tuple(self.join(one, other) for one, other in zip(left, right, strict=True))
        return Unknown("has a different length on different branches")

    def _join_lists(self, left: list[Value], right: list[Value]) -> list[Value]:
        """Item by item as far as positions are known; any number of what comes behind."""
        (one, rest), (other, more) = _split(left), _split(right)
        known = min(len(one), len(other))
        common = [self.join(*pair) for pair in zip(one, other, strict=False)]
        tails = [*one[known:], *rest], [*other[known:], *more]
        if _are_alike(*tails):
            return [*common, *tails[0]]
        return [*common, Many(collected([*tails[0], *tails[1]]))]

    def _join_items(self, left: Value, right: Value) -> Value:
        if isinstance(left, list) and isinstance(right, list):
            return self._join_lists(left, right)
        if isinstance(left, dict) and isinstance(right, dict):
            return {key: self.join(left.get(key, MISSING), right.get(key, MISSING)) for key in {**left, **right}}
        return Unknown(DIFFERS)


MOST_CHOICES = 4
"""Things to call that one name may stand for, before none of them is known: a call runs each."""
CALLED = (BoundMethod, ClassValue, ContainerValue, ExternalValue, FunctionValue, Instance, LayerValue, Partial)


def _join_tensors(left: TensorValue, right: TensorValue) -> TensorValue:
    shape = left.shape if left.shape == right.shape else None
    if left.parameter is right.parameter:
        return TensorValue(shape, None, left.parameter, is_part=True)
    return TensorValue(shape, None, place=left.place)


def _either(left: Value, right: Value) -> Value:
    """Of two things that can be called, or one that may be missing: either of them; `None` for anything else."""
    found: dict[int, Value] = {}
    is_optional = False
    for value in (left, right):
        if isinstance(value, Either):
            found.update((id(each), each) for each in value.values)
            is_optional = is_optional or value.is_optional
        elif isinstance(value, CALLED):
            found[id(value)] = value
        elif value is None or value is MISSING:
            is_optional = True
        else:
            return None
    if not 0 < len(found) <= MOST_CHOICES:
        return None
    reason = SOMETIMES if MISSING in (left, right) else DIFFERS
    return Either(reason, values=tuple(found.values()), is_optional=is_optional)


def _split(items: list[Value]) -> tuple[list[Value], list[Value]]:
    """The items whose position is known, and those behind the first of which there may be any number."""
    known = next((index for index, item in enumerate(items) if isinstance(item, Many)), len(items))
    return items[:known], items[known:]


def _are_alike(left: list[Value], right: list[Value]) -> bool:
    return len(left) == len(right) and all(map(_is_same, left, right))


def _is_same(left: Value, right: Value) -> bool:
    if isinstance(left, Many) and isinstance(right, Many):
        return _are_alike(list(left.items), list(right.items))
    return left is right or (type(left) is type(right) and is_plain(left) and left == right)


MOST_ITEMS = 64
"""Different items that may stand at one place of a list, before none of them is known. Layers of a model are fewer."""


def collected(items: list[Value]) -> tuple[Value, ...]:
    """Each item once."""
    flat = [each for given in items for each in (given.items if isinstance(given, Many) else (given,))]
    found = {(type(item), item) if is_plain(item) else id(item): item for item in flat}
    return tuple(found.values()) if len(found) <= MOST_ITEMS else (Unknown("one of too many items"),)


def _are_of_one_kind(left: Value, right: Value) -> bool:
    """Whether equal values are: 1, 1.0 and True are three."""
    return all(isinstance(left, kind) is isinstance(right, kind) for kind in (bool, float))


def _are_writes(values: tuple[Value, ...]) -> bool:
    return all(isinstance(value, Write) for value in values) and bool(values)


def _join_writes(left: tuple[Value, ...], right: tuple[Value, ...]) -> Value:
    """Writes on one branch only may not happen: they stay, as uncertain ones."""
    common = 0
    while common < min(len(left), len(right)) and left[common] == right[common]:
        common += 1
    rest = (*left[common:], *right[common:])
    return (*left[:common], *(replace(write, is_certain=False) for write in rest if isinstance(write, Write)))
