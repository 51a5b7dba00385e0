"""What the probe cannot do, said so that the user can mend it."""

from __future__ import annotations


class ProbeError(Exception):
    """Raised in the process of the target; becomes a problem in the report, never a traceback.

    `stage` is what could not be done: "importing", "building", "inputs", "loss", "forward" or "backward".
    """

    def __init__(
        self, stage: str, message: str, remedy: str = "", path: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.remedy = remedy
        self.path = path
        self.line = line
