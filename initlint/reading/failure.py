"""Why the text of a file could not become facts."""

from __future__ import annotations

import msgspec


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """A problem that does not know its file yet: it depends on the content alone, so it can be cached with it."""

    message: str
    remedy: str = ""
    line: int | None = None
    column: int | None = None


class UnreadableError(ValueError):
    """Raised on the way from bytes to facts."""

    def __init__(self, message: str, remedy: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.failure = Failure(message, remedy, line, column)
