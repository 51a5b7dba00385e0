"""What the extra passes of a probe measured, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.report.layer_table import compact

if TYPE_CHECKING:
    from initlint.probe.passes.results import Conditioning, Step, TimeGradient
    from initlint.probe.recording import Cost, Recording

MOST_NAMES = 5
"""Names listed of parameters that nothing wrote."""
NOT_FINITE = "not finite"


def extra_lines(recording: Recording, arrow: str) -> Iterator[tuple[str, str]]:
    """Each result behind its label; nothing for passes that did not run, or had nothing to look at."""
    if recording.conditioning is not None:
        yield "jacobian", _jacobian(recording.conditioning)
    yield from (("over time", _time(found)) for found in recording.times)
    if recording.unwritten:
        names = [f"{found.name} ({found.share:.0%})" for found in recording.unwritten]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield "unwritten", ", ".join(names[:MOST_NAMES]) + more
    if recording.steps:
        yield "steps", _steps(recording, arrow)
    yield "took", _cost(recording.cost)


def _jacobian(found: Conditioning) -> str:
    if not found.singular:
        return "no gradient gets from the output to the input"
    extent = f"singular values from {compact(found.singular[0])} to {compact(found.singular[-1])}"
    condition = "" if found.condition is None else f", condition {compact(found.condition)}"
    how = "" if found.is_exact else f" or more, seen through {len(found.singular)} random outputs"
    return f"{extent}{condition}{how}"


def _time(found: TimeGradient) -> str:
    if found.decades is None or found.rate is None:
        return f"{found.name}: nothing gets from the last output to its inputs"
    extent = f"{found.decades:+.1f} decades over {found.steps} steps"
    return f"{found.name}: the gradient's square changes by {extent} back in time, {found.rate:.3g} a step"


def _steps(recording: Recording, arrow: str) -> str:
    first, last = recording.steps[0], recording.steps[-1]
    how = f"{len(recording.steps)} steps of {recording.optimizer}, rate {recording.learning_rate:g}"
    broken = next((step for step in recording.steps if step.non_finite), None)
    stopped = "" if broken is None else f"; {broken.non_finite} is not finite from step {broken.index + 1} on"
    return f"loss {_loss(first)} {arrow} {_loss(last)} over {how}; {_growth(last)}{stopped}"


def _loss(step: Step) -> str:
    return NOT_FINITE if step.loss is None else f"{step.loss:.3g}"


def _growth(step: Step) -> str:
    """How much the weights at both ends of the depth have grown."""
    shown = [NOT_FINITE if group.growth is None else f"x{group.growth:.3g}" for group in (step.early, step.late)]
    return f"early weights {shown[0]}, late ones {shown[1]}"


def _cost(cost: Cost) -> str:
    passes = f", {cost.passes:.2g} s for extra passes" if cost.passes and math.isfinite(cost.passes) else ""
    return f"{cost.building:.2g} s to build, {cost.step:.2g} s for one forward and backward pass{passes}"
