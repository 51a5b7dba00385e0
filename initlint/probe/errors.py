"""Why a target could not be probed, and how far it got."""

from __future__ import annotations

from collections.abc import Mapping

STARTING = "starting"
IMPORTING = "importing"
BUILDING = "building"
INPUTS = "inputs"
LOSS = "loss"
FORWARD = "forward"
BACKWARD = "backward"

STAGES: Mapping[str, str] = {
    STARTING: "while starting",
    IMPORTING: "while importing the target",
    BUILDING: "while building the model",
    INPUTS: "while looking for inputs that forward takes",
    LOSS: "while computing the loss",
    FORWARD: "in the forward pass",
    BACKWARD: "in the backward pass",
}
"""The stages of a probe in their order, each as the end of a sentence."""


class ProbeError(Exception):
    """A target that cannot be probed, for a reason that is known: what, where and the remedy.

    Errors of the user's own code need none of this: they are raised as they are.
    """

    def __init__(
        self, stage: str, message: str, remedy: str = "", path: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.stage = stage
        """One of `STAGES`, or the name of an extra pass."""
        self.message = message
        self.remedy = remedy
        self.path = path
        self.line = line


def describe_stage(stage: str) -> str:
    """A stage as the end of a sentence: ``"in the forward pass"``."""
    return STAGES.get(stage, f"in the pass {stage!r}")
