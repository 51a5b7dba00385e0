"""What a rule says of a fix: which stretches of source to change, and into what. How files are written is not its business.

Offsets are those of the facts of the file (characters of the decoded source).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program import Program


class Binding(Enum):
    """How firmly an expression holds together where it is put among others."""

    ATOM = "atom"
    """A name, a call, a list: never needs brackets."""
    OPERATION = "operation"
    """Needs brackets beside an operator."""
    BARE = "bare"
    """Needs brackets wherever it is moved: a tuple or a generator whose own brackets are left behind."""


@dataclass(frozen=True)
class Copy:
    """The source text of a stretch, verbatim: an operand that moves. Made with `copied`."""

    start: int
    end: int
    binding: Binding = Binding.OPERATION


@dataclass(frozen=True)
class Name:
    """A full dotted name, ``"torch.nn.functional.log_softmax"``: written under the file's own alias, imported if need be."""

    dotted: str


Part: TypeAlias = str | Copy | Name
"""A newline in a text starts a line with the indentation of the line that is edited; four spaces behind it are one step."""


class Kind(Enum):
    """What is done at the place of an edit."""

    REPLACE = "replace"
    """``source[start:end]`` becomes the parts; ``start == end`` inserts them."""
    BEFORE = "before"
    """The parts become a statement in front of the one at the place."""
    AFTER = "after"
    """The parts become a statement behind the one at the place."""
    UNDER = "under"
    """The parts are the header of a block (``if p.dim() > 1:``) that the statement at the place moves into."""
    REMOVE = "remove"
    """The statement at the place goes; ``pass`` takes its place in a block that holds nothing else."""


@dataclass(frozen=True)
class Edit:
    """One change of source."""

    start: int
    end: int
    parts: tuple[Part, ...] = ()
    kind: Kind = Kind.REPLACE


@dataclass(frozen=True)
class Fix:
    """A change that mends a finding."""

    title: str
    """What is done, in the imperative: ``"Use log_softmax"``."""
    edits: tuple[Edit, ...]
    """All in one file; they do not overlap."""
    safe: bool
    """Whether what the author meant is kept: numerics equal or better, no other distribution or course of training."""
    path: str = ""
    """Displayed path of the file, where it is not that of the finding."""


Plan: TypeAlias = "Callable[[Program], Fix | None]"
"""A fix that needs to look at the source first; asked once, for findings that are reported."""


def copied(node: facts.Node) -> Copy:
    """The text of an expression, to be put elsewhere."""
    return Copy(node.start, node.end, _binding(node))


def replaced(node: facts.Node, *parts: Part) -> Edit:
    """The parts instead of an expression or a statement."""
    return Edit(node.start, node.end, parts)


def inserted(offset: int, *parts: Part) -> Edit:
    """The parts at an offset."""
    return Edit(offset, offset, parts)


def statement_before(node: facts.Node, *parts: Part) -> Edit:
    """The parts as a statement on a line of its own in front of the innermost statement that holds `node`."""
    return Edit(node.start, node.end, parts, Kind.BEFORE)


def statement_after(node: facts.Node, *parts: Part) -> Edit:
    """The parts as a statement on a line of its own behind the innermost statement that holds `node`."""
    return Edit(node.start, node.end, parts, Kind.AFTER)


def statement_under(node: facts.Node, *parts: Part) -> Edit:
    """The simple statement that holds `node` moved into a block with the parts as its header."""
    return Edit(node.start, node.end, parts, Kind.UNDER)


def statement_removed(node: facts.Node) -> Edit:
    """Without the simple statement that holds `node`."""
    return Edit(node.start, node.end, (), Kind.REMOVE)


_ATOMS = (facts.Name, facts.Attribute, facts.Call, facts.Subscript, facts.Dictionary, facts.FormattedString)
_BARE = (facts.Yield, facts.NamedExpression, facts.Starred)


def _binding(node: facts.Node) -> Binding:
    if isinstance(node, facts.Sequence):
        return Binding.BARE if node.kind == "tuple" else Binding.ATOM
    if isinstance(node, facts.Comprehension):
        return Binding.BARE if node.kind == "generator" else Binding.ATOM
    if isinstance(node, _BARE):
        return Binding.BARE
    return Binding.ATOM if isinstance(node, (*_ATOMS, facts.Literal)) else Binding.OPERATION
