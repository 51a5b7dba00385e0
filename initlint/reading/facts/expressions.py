"""The expressions of a file."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from initlint.reading.facts.node import Node


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
