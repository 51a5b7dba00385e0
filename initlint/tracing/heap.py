"""Every change to a mutable value, so that a branch can be tried, taken back, and joined with another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from initlint.network import Write
from initlint.tracing.keeping import Keeper
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    Items,
    LayerValue,
    Many,
    Partial,
    Signal,
    TensorValue,
    Unknown,
    Value,
    is_plain,
)

FIELD_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "parents": max,
    "is_open": lambda left, right: left or right,
    "is_complete": lambda left, right: left and right,
    "is_frozen": lambda left, right: left or right,
    "role": lambda left, right: left,
    "name": lambda left, right: left,
}
"""How fields that hold no value of the program are joined: towards knowing less."""
DIFFERS, SOMETIMES = "differs between branches", "set on some branches only"
MISSING = object()
"""The value of a name that is not bound."""

Key = tuple[int, object]


@dataclass
class Branch:
    """What one branch changed: for every place its value before and after."""

    before: dict[Key, tuple[object, object, Value]] = field(default_factory=dict)
    after: dict[Key, Value] = field(default_factory=dict)
    is_certain: bool = False
    """Whether it runs for sure, and is only watched."""
    born: dict[int, object] = field(default_factory=dict)
    """Mutable values made in the branch, by identity: no other branch can have written to them."""


class Heap:
    """Writes to names, attributes, lists, dicts and parameters, recorded while a branch is open."""

    def __init__(self, join_signals: Callable[[Value, Value], Value], kept: Keeper | None = None) -> None:
        self._open: list[Branch] = []
        self._join_signals = join_signals
        self._kept = kept or Keeper()

    @property
    def depth(self) -> int:
        """Number of open branches."""
        return len(self._open)

    @property
    def is_certain(self) -> bool:
        """Whether what runs now runs for sure."""
        return all(branch.is_certain for branch in self._open)

    # --------------------------------------------------------------------------------------------------------- writing

    def set(self, target: dict[Any, Value], key: object, value: Value) -> None:
        """``target[key] = value``."""
        self._record(target, key, target.get(key, MISSING))
        target[key] = value

    def delete(self, target: dict[Any, Value], key: object) -> None:
        """``del target[key]``, if it is there."""
        if key in target:
            self._record(target, key, target[key])
            del target[key]

    def set_field(self, target: object, name: str, value: Value) -> None:
        """Replaces a field of a mutable value: the items of a list, the writes of a parameter, a flag."""
        self._record(target, name, getattr(target, name))
        setattr(target, name, value)

    def born(self, *values: object) -> None:
        """Says that mutable values were made just now."""
        if self._open:
            born = self._open[-1].born
            for value in values:
                born[id(value)] = value

    def _record(self, target: object, key: object, old: Value) -> None:
        """Keeps the value before the first write of the innermost branch; what the branch made itself needs no undoing,
        unless other roots know it, too."""
        identity = id(target)
        is_kept = identity in self._kept
        if is_kept:
            self._kept.note(target)
        if self._open:
            branch = self._open[-1]
            if is_kept or identity not in branch.born:
                branch.before.setdefault((identity, key), (target, key, old))

    # ------------------------------------------------------------------------------------------------------- branching

    def begin(self, *, is_certain: bool = False) -> None:
        """Opens a branch."""
        self._open.append(Branch(is_certain=is_certain))

    @contextmanager
    def outside_of_branches(self) -> Iterator[None]:
        """For what ran before any of the branches that are open, though it is followed only now."""
        waiting, self._open = self._open, []
        try:
            yield
        finally:
            self._open = waiting

    def take_back(self) -> Branch:
        """Closes the branch and undoes it."""
        branch = self._open.pop()
        for place, (target, key, old) in branch.before.items():
            branch.after[place] = _read(target, key)
            _write(target, key, old)
        return branch

    def commit(self) -> Branch:
        """Closes the branch and lets all stand that it did."""
        branch = self._open.pop()
        if self._open:
            outer = self._open[-1]
            outer.born.update(branch.born)
            for place, entry in branch.before.items():
                if place[0] in self._kept or place[0] not in outer.born:
                    outer.before.setdefault(place, entry)
        return branch

    def replay(self, branch: Branch) -> None:
        """Does again what a branch that was taken back did."""
        if self._open:
            self._open[-1].born.update(branch.born)
        for place, (target, key, _) in branch.before.items():
            self._assign(target, key, branch.after[place])

    def merge(self, *branches: Branch) -> None:
        """Lets every place hold the join of what the branches (all taken back) left in it."""
        if self._open:
            for branch in branches:
                self._open[-1].born.update(branch.born)
        for index, branch in enumerate(branches):
            for place, (target, key, old) in branch.before.items():
                if any(place in earlier.before for earlier in branches[:index]):
                    continue
                values = [each.after.get(place, old) for each in branches]
                self._assign(target, key, self._joined(target, key, values))

    def _joined(self, target: object, key: object, values: list[Value]) -> Value:
        join = self.join if isinstance(target, dict) else FIELD_JOINS.get(str(key), self.join)
        if isinstance(target, Items) and MISSING in values:
            there = [value for value in values if value is not MISSING]
            return Many(_collected(there)) if there else MISSING
        joined = values[0]
        for value in values[1:]:
            if value is not joined:
                joined = join(joined, value)
        return joined

    def _assign(self, target: object, key: object, value: Value) -> None:
        if isinstance(target, dict):
            if value is MISSING:
                self.delete(target, key)
            else:
                self.set(target, key, value)
        else:
            self.set_field(target, str(key), value)

    # --------------------------------------------------------------------------------------------------------- joining

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
        if isinstance(left, TensorValue) and isinstance(right, TensorValue) and left.parameter is right.parameter:
            return TensorValue(left.shape if left.shape == right.shape else None, None, left.parameter, is_part=True)
        return Unknown(DIFFERS)

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
        return [*common, Many(_collected([*tails[0], *tails[1]]))]

    def _join_items(self, left: Value, right: Value) -> Value:
        if isinstance(left, list) and isinstance(right, list):
            return self._join_lists(left, right)
        if isinstance(left, dict) and isinstance(right, dict):
            return {key: self.join(left.get(key, MISSING), right.get(key, MISSING)) for key in {**left, **right}}
        return Unknown(DIFFERS)


MOST_CHOICES = 4
"""Things to call that one name may stand for, before none of them is known: a call runs each."""
CALLED = (BoundMethod, ClassValue, ContainerValue, ExternalValue, FunctionValue, Instance, LayerValue, Partial)


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


def _collected(items: list[Value]) -> tuple[Value, ...]:
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


def _read(target: object, key: object) -> Value:
    return target.get(key, MISSING) if isinstance(target, dict) else getattr(target, str(key))


def _write(target: object, key: object, value: Value) -> None:
    if not isinstance(target, dict):
        setattr(target, str(key), value)
    elif value is MISSING:
        target.pop(key, None)
    else:
        target[key] = value
