"""How the rules on numerics speak of what rounding takes away."""

from __future__ import annotations

from initlint.finding import Place
from initlint.program.dataflow import Term
from initlint.program.loops.expressions import terminal_name

GUARDS = {
    "epsilon": "the epsilon keeps it finite, and bounds the loss and the gradient of what is furthest off",
    "clamp": "the clamp keeps it finite, and takes the gradient from what is furthest off",
}
"""What holds a probability above 0 -> what that does."""


def called(term: Term) -> str:
    """What an operation is called in the source."""
    return terminal_name(term.node) or term.op


def elsewhere(made: Term, reported: Place, note: str) -> list[tuple[Place, str]]:
    """Where an operand is made, unless one sees it on the line that is reported."""
    place = made.place
    return [] if (place.path, place.line) == (reported.path, reported.line) else [(place, note)]
