"""How control leaves statements."""

from __future__ import annotations

from enum import Enum


class Flow(Enum):
    """Where control goes after statements."""

    NEXT = "next"
    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"
    RAISE = "raise"
