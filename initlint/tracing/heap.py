"""Every change to a mutable value, so that a branch can be tried, taken back, and joined with another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from initlint.tracing.joining import MISSING, Joiner, collected
from initlint.tracing.keeping import Keeper
from initlint.tracing.values import Items, Many, Value

FIELD_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "parents": max,
    "is_open": lambda left, right: left or right,
    "is_complete": lambda left, right: left and right,
    "is_frozen": lambda left, right: left or right,
    "role": lambda left, right: left,
    "name": lambda left, right: left,
}
"""How fields that hold no value of the program are joined: towards knowing less."""

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

    def changes(self) -> Iterator[tuple[object, object, Value, Value]]:
        """What was written to: each target with its key, what stood there before, and what stands there now."""
        for target, key, old in self.before.values():
            yield target, key, old, _read(target, key)


class Heap:
    """Writes to names, attributes, lists, dicts and parameters, recorded while a branch is open."""

    def __init__(self, join_signals: Callable[[Value, Value], Value], kept: Keeper | None = None) -> None:
        self._open: list[Branch] = []
        self.join = Joiner(join_signals).join
        """The least value that stands for two."""
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

    @contextmanager
    def watching(self) -> Iterator[Branch]:
        """A branch that runs for sure, and all of which stands: to see what it does."""
        self.begin(is_certain=True)
        branch = self._open[-1]
        try:
            yield branch
        finally:
            self._open.pop()
            self._hand_over(branch)

    def undo(self, branch: Branch) -> None:
        """Undoes what a branch did that was watched to its end, before anything else is done."""
        for target, key, old in branch.before.values():
            _write(target, key, old)

    def _hand_over(self, branch: Branch) -> None:
        """Lets the branch around one take back what that one did."""
        if self._open:
            outer = self._open[-1]
            outer.born.update(branch.born)
            for place, entry in branch.before.items():
                if place[0] in self._kept or place[0] not in outer.born:
                    outer.before.setdefault(place, entry)

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
            return Many(collected(there)) if there else MISSING
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


def _read(target: object, key: object) -> Value:
    return target.get(key, MISSING) if isinstance(target, dict) else getattr(target, str(key))


def _write(target: object, key: object, value: Value) -> None:
    if not isinstance(target, dict):
        setattr(target, str(key), value)
    elif value is MISSING:
        target.pop(key, None)
    else:
        target[key] = value
