"""What a name may lead to."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.program.module import Module
from initlint.reading import facts


@dataclass(frozen=True)
class Definition:
    """A class, function or assignment of the program, and the module it stands in."""

    module: Module
    node: facts.Class | facts.Function | facts.Assign
    name: str
    """Under which it stands there; an import may give it another."""


@dataclass(frozen=True)
class External:
    """A name that leads out of the program, as its full dotted name: ``torch.nn.Linear``."""

    name: str


Resolved = Definition | External | Module | None
