"""The statements of a file, definitions among them."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from initlint.reading.facts.expressions import Argument, Expression, Parameter
from initlint.reading.facts.node import Node


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
