"""A fix worked out to the letter: which characters give way to which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from initlint.finding import Place


class Unfixable(Exception):  # noqa: N818 - no error: a fix that cannot be made, and why
    """A fix that cannot be made, with the reason in a few words."""


@dataclass(frozen=True, order=True)
class Replacement:
    """``text`` instead of the characters from ``start`` to ``end`` of the decoded source."""

    start: int
    end: int
    text: str
    is_import: bool = field(default=False, compare=False)
    """Equal imports that several fixes add are one."""


@dataclass(frozen=True)
class Patch:
    """A fix of one file, ready to be made."""

    title: str
    safe: bool
    path: str
    """Displayed path of the file."""
    replacements: tuple[Replacement, ...]
    """In order; they do not overlap."""
    places: tuple[Place, ...]
    """Of the replacements."""

    def collides(self, others: Iterable[Patch]) -> bool:
        """Whether it changes, or borders on, what one of the others changes; equal imports do not collide."""
        taken = {change for other in others for change in other.replacements}
        return any(_touch(mine, other) for mine in self.replacements for other in taken)


def _touch(mine: Replacement, other: Replacement) -> bool:
    if mine.is_import and other.is_import:
        return False
    return mine.start <= other.end and other.start <= mine.end


def in_order(replacements: Iterable[Replacement]) -> list[Replacement]:
    """By place; of those at one place the insertions first, in the order given."""
    return sorted(replacements, key=lambda change: (change.start, change.end))


def merged(patches: Sequence[Patch]) -> list[Replacement]:
    """The replacements of patches that do not collide, equal imports once."""
    imports = dict.fromkeys(change for patch in patches for change in patch.replacements if change.is_import)
    others = (change for patch in patches for change in patch.replacements if not change.is_import)
    return in_order((*imports, *others))


def overlap(replacements: Iterable[Replacement]) -> bool:
    """Whether any two of them change the same characters."""
    changes = in_order(replacements)
    return any(one.end > other.start for one, other in pairwise(changes))
