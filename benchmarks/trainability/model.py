"""One generated model: a source text and what is needed to build and train what it describes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Template

PIXELS, ROWS, SEQUENCE, IMAGE = (64,), (8, 8), (64, 1), (1, 8, 8)
"""Shapes in which a model takes one digit of 8 x 8 pixels."""
BLOCK = re.compile(r"( *)\$(\w+)$")
"""A line that holds nothing but a name: several lines can stand in its place."""


@dataclass(frozen=True)
class Model:
    """A self-contained source text."""

    name: str
    """Tells family, activation, init, depth and width; unique, and kept when other models come or go."""
    shape: tuple[int, ...]
    """Of one sample."""
    source: str

    @property
    def family(self) -> str:
        """The first word of the name."""
        return self.name.split("-")[0]

    @property
    def target(self) -> str:
        """The class or factory to call, without arguments."""
        return "build_model" if "def build_model" in self.source else "Network"

    @property
    def digest(self) -> str:
        """Of the source: a label belongs to exactly this text."""
        return hashlib.sha256(self.source.encode()).hexdigest()[:16]


def fill(template: str, **pieces: str | Sequence[str]) -> str:
    """A template with its `$names` replaced.

    A name alone on its line is replaced by any number of lines at its indentation; by none, the line goes.
    """
    return "".join(f"{line}\n" for line in _lines(template.strip("\n"), pieces))


def _lines(template: str, pieces: dict[str, str | Sequence[str]]) -> Iterator[str]:
    for line in template.splitlines():
        alone = BLOCK.match(line)
        if alone and not isinstance(pieces[alone[2]], str):
            yield from (alone[1] + one for one in pieces[alone[2]])
        else:
            yield Template(line).substitute(pieces)
