"""What expressions and statements have in common."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Anything with a place in the source."""

    start: int
    end: int
