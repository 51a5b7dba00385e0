"""What one file says: its statements and expressions, lowered to compact structs.

The reader makes them in one pass over the LibCST tree; everything after it works on them alone. They hold no knowledge
of other files, so they can be made in parallel and cached by content. Whitespace, comments, docstrings and the spelling
of literals are gone; names, structure and places are kept.

A place is a pair of character offsets into the decoded source, ``start`` inclusive and ``end`` exclusive;
`FileFacts.position` turns one into a line and a column.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeAlias

import msgspec


class Node(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Anything with a place in the source."""

    start: int
    end: int


# ---------------------------------------------------------------------------------------------------------- expressions


class Name(Node, frozen=True, array_like=True, tag=True, gc=False):
    id: str


class Literal(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``None``, a bool, an int, a float or a str (adjacent strings joined). Bytes, complex, ``...`` are `Opaque`."""

    value: bool | int | float | str | None


class Attribute(Node, frozen=True, array_like=True, tag=True, gc=False):
    value: Expression
    name: str


class Argument(msgspec.Struct, frozen=True, array_like=True, gc=False):
    value: Expression
    keyword: str | None = None
    star: str = ""
    """``""``, ``"*"`` or ``"**"``."""


class Call(Node, frozen=True, array_like=True, tag=True, gc=False):
    function: Expression
    arguments: tuple[Argument, ...]


class Subscript(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``value[index]``; several comma-separated indices are a `Sequence` of kind ``"tuple"``."""

    value: Expression
    index: Expression


class Slice(Node, frozen=True, array_like=True, tag=True, gc=False):
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Starred(Node, frozen=True, array_like=True, tag=True, gc=False):
    value: Expression


class Sequence(Node, frozen=True, array_like=True, tag=True, gc=False):
    kind: str
    """``"tuple"``, ``"list"`` or ``"set"``."""
    items: tuple[Expression, ...]


class Dictionary(Node, frozen=True, array_like=True, tag=True, gc=False):
    """A ``**mapping`` item has the key ``None``."""

    keys: tuple[Expression | None, ...]
    values: tuple[Expression, ...]


class Unary(Node, frozen=True, array_like=True, tag=True, gc=False):
    operator: str
    """``"-"``, ``"+"``, ``"~"`` or ``"not"``."""
    operand: Expression


class Binary(Node, frozen=True, array_like=True, tag=True, gc=False):
    operator: str
    """As written: ``"+"``, ``"@"``, ``"//"``, ``"**"``, ..."""
    left: Expression
    right: Expression


class Boolean(Node, frozen=True, array_like=True, tag=True, gc=False):
    operator: str
    """``"and"`` or ``"or"``."""
    left: Expression
    right: Expression


class Compare(Node, frozen=True, array_like=True, tag=True, gc=False):
    left: Expression
    operators: tuple[str, ...]
    """As written, words separated by one space: ``"<"``, ``"is not"``, ``"not in"``, ..."""
    comparators: tuple[Expression, ...]


class Conditional(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``body if test else otherwise``."""

    test: Expression
    body: Expression
    otherwise: Expression


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    kind: str = "normal"
    """``"positional"`` (before ``/``), ``"normal"``, ``"keyword"`` (after ``*``), ``"*"`` or ``"**"``."""
    default: Expression | None = None
    annotation: Expression | None = None


class Lambda(Node, frozen=True, array_like=True, tag=True, gc=False):
    parameters: tuple[Parameter, ...]
    body: Expression


class Clause(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``for target in iterable if conditions`` of a comprehension."""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


class Comprehension(Node, frozen=True, array_like=True, tag=True, gc=False):
    kind: str
    """``"list"``, ``"set"``, ``"dict"`` or ``"generator"``."""
    element: Expression
    """The key of a dict comprehension."""
    value: Expression | None
    """The value of a dict comprehension, else ``None``."""
    clauses: tuple[Clause, ...]


class FormattedString(Node, frozen=True, array_like=True, tag=True, gc=False):
    """An f-string: literal texts and the expressions between them, in order."""

    parts: tuple[str | Expression, ...]


class NamedExpression(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``target := value``."""

    target: Expression
    value: Expression


class Await(Node, frozen=True, array_like=True, tag=True, gc=False):
    value: Expression


class Yield(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``yield value`` and ``yield from value``."""

    value: Expression | None


class Opaque(Node, frozen=True, array_like=True, tag=True, gc=False):
    """An expression of which nothing is kept but its place (bytes, complex numbers, ``...``)."""


Expression: TypeAlias = (
    Name
    | Literal
    | Attribute
    | Call
    | Subscript
    | Slice
    | Starred
    | Sequence
    | Dictionary
    | Unary
    | Binary
    | Boolean
    | Compare
    | Conditional
    | Lambda
    | Comprehension
    | FormattedString
    | NamedExpression
    | Await
    | Yield
    | Opaque
)


# ----------------------------------------------------------------------------------------------------------- statements


class Evaluate(Node, frozen=True, array_like=True, tag=True, gc=False):
    """An expression as a statement. Docstrings are left out."""

    value: Expression


class Assign(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``a = b = value`` has two targets; ``a: annotation = value`` one; ``a: annotation`` alone has no value."""

    targets: tuple[Expression, ...]
    value: Expression | None
    annotation: Expression | None = None


class AugmentedAssign(Node, frozen=True, array_like=True, tag=True, gc=False):
    target: Expression
    operator: str
    """Without the ``=``: ``"+"``, ``"*"``, ..."""
    value: Expression


class Return(Node, frozen=True, array_like=True, tag=True, gc=False):
    value: Expression | None


class Raise(Node, frozen=True, array_like=True, tag=True, gc=False):
    value: Expression | None


class Assert(Node, frozen=True, array_like=True, tag=True, gc=False):
    test: Expression


class Delete(Node, frozen=True, array_like=True, tag=True, gc=False):
    target: Expression


class Keyword(Node, frozen=True, array_like=True, tag=True, gc=False):
    word: str
    """``"pass"``, ``"break"`` or ``"continue"``."""


class Scope(Node, frozen=True, array_like=True, tag=True, gc=False):
    kind: str
    """``"global"`` or ``"nonlocal"``."""
    names: tuple[str, ...]


class ImportedName(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    """Dotted for ``import a.b``; ``"*"`` for ``from a import *``."""
    alias: str | None = None


class Import(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``import a.b as c`` (module ``None``) and ``from ..a import b as c`` (level 2, module ``"a"``)."""

    names: tuple[ImportedName, ...]
    module: str | None = None
    level: int = 0
    is_from: bool = False


class If(Node, frozen=True, array_like=True, tag=True, gc=False):
    """``elif`` is an `If` alone in ``otherwise``."""

    test: Expression
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


class For(Node, frozen=True, array_like=True, tag=True, gc=False):
    target: Expression
    iterable: Expression
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


class While(Node, frozen=True, array_like=True, tag=True, gc=False):
    test: Expression
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


class WithItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    value: Expression
    target: Expression | None = None


class With(Node, frozen=True, array_like=True, tag=True, gc=False):
    items: tuple[WithItem, ...]
    body: tuple[Statement, ...]


class Handler(msgspec.Struct, frozen=True, array_like=True, gc=False):
    type: Expression | None
    name: str | None
    body: tuple[Statement, ...]


class Try(Node, frozen=True, array_like=True, tag=True, gc=False):
    body: tuple[Statement, ...]
    handlers: tuple[Handler, ...]
    otherwise: tuple[Statement, ...]
    final: tuple[Statement, ...]


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ``case``. ``values`` are the literals or dotted names the pattern compares with (several for ``a | b``);
    ``None`` if the pattern is anything else, an empty tuple if it matches everything."""

    values: tuple[Expression, ...] | None
    guard: Expression | None
    body: tuple[Statement, ...]


class Match(Node, frozen=True, array_like=True, tag=True, gc=False):
    subject: Expression
    cases: tuple[Case, ...]


class Function(Node, frozen=True, array_like=True, tag=True, gc=False):
    """Its place is that of its name."""

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    decorators: tuple[Expression, ...] = ()
    returns: Expression | None = None
    is_async: bool = False
    body_end: int = 0
    """Offset at which the last statement of the body ends."""
    called: tuple[str, ...] = ()
    """Last names of everything called in it, nested definitions included, each once: ``Linear`` for ``nn.Linear()``."""


class Class(Node, frozen=True, array_like=True, tag=True, gc=False):
    """Its place is that of its name."""

    name: str
    bases: tuple[Argument, ...]
    """Base classes and class keywords (``metaclass=...``), as call arguments."""
    body: tuple[Statement, ...]
    decorators: tuple[Expression, ...] = ()
    body_end: int = 0
    called: tuple[str, ...] = ()
    """As for a `Function`."""


Statement: TypeAlias = (
    Evaluate
    | Assign
    | AugmentedAssign
    | Return
    | Raise
    | Assert
    | Delete
    | Keyword
    | Scope
    | Import
    | If
    | For
    | While
    | With
    | Try
    | Match
    | Function
    | Class
)


# --------------------------------------------------------------------------------------------------------------- a file


class Suppression(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A comment that silences rules on lines ``first`` to ``last`` (from 1, inclusive)."""

    first: int
    last: int
    rules: tuple[str, ...]
    """Codes or names; empty: every rule."""
    line: int
    """Where the comment stands."""
    is_noqa: bool = False


class Cell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A code cell of a notebook: its lines start at ``line`` of the joined source."""

    number: int
    """Counted over all the cells of the notebook, from 1."""
    line: int


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    body: tuple[Statement, ...]
    line_starts: tuple[int, ...]
    """Offset at which each line starts; the first is 0."""
    suppressions: tuple[Suppression, ...] = ()
    cells: tuple[Cell, ...] = ()
    """Empty for anything but a notebook."""
    called: tuple[str, ...] = ()
    """Last names of everything called outside of all definitions, each once."""

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, lines counted over the whole source (all cells joined)."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1
