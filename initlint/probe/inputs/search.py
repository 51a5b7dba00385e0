"""Inputs worked out by trying: a guess, and what each failure says of a better one."""

from __future__ import annotations

import heapq
import inspect
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

import torch
from torch import nn

from initlint.probe.errors import ProbeError
from initlint.probe.frames import frames_of, innermost
from initlint.probe.inputs.complaints import FAULTS, is_about_inputs
from initlint.probe.inputs.plan import Plan
from initlint.probe.inputs.repair import alternatives, repairs, usual_sides
from initlint.probe.inputs.resize import History
from initlint.probe.inputs.trial import Failure, attempt

MOST_TRIALS = 60
"""Forward passes on two samples, about as much as a few steps of training."""

MOST_SECONDS = 20.0
"""Wall-clock time after which no trial begins; the probe's own time limit is 120."""

LEAST_TRIALS = 8
"""Made in any case: most models fit by then, and a busy machine is no reason to give up."""

BY_CHANCE = 4
"""Cost of a form that no error asked for: it is tried after repairs that are less likely than others."""

LONGEST_LINE = 160
"""Letters of an error that are shown."""

SHOWN = 4
"""Attempts that an error names."""


@dataclass
class Search:
    """Best first: the likeliest repairs of the failures that got furthest."""

    model: nn.Module
    dtype: torch.dtype
    failures: list[Failure] = field(default_factory=list)
    _queue: list[tuple[int, int, int, Plan]] = field(default_factory=list)
    _seen: set[Plan] = field(default_factory=set)
    _history: History = field(default_factory=dict)
    _order: count[int] = field(default_factory=count)

    @property
    def trials(self) -> int:
        return len(self.failures) + 1

    def run(self, starts: Iterable[Plan]) -> Plan | None:
        """The first plan that runs; ``None`` when all are used up, or the budget is."""
        for cost, plan in enumerate(starts):
            self._push(plan, cost, 0)
        deadline = time.monotonic() + MOST_SECONDS
        while self._queue and len(self.failures) < MOST_TRIALS:
            if time.monotonic() > deadline and len(self.failures) >= LEAST_TRIALS:
                return None
            cost, _, _, plan = heapq.heappop(self._queue)
            failure = attempt(self.model, plan, dtype=self.dtype)
            if failure is None:
                return plan
            self.failures.append(failure)
            if isinstance(failure.error, FAULTS):
                return None
            self._follow(failure, cost)
        return None

    def _follow(self, failure: Failure, cost: int) -> None:
        for rank, plan in enumerate(repairs(failure, self._history)):
            self._push(plan, cost + min(rank, 2), failure.progress)
        for plan in (*alternatives(failure), *usual_sides(failure)):
            self._push(plan, cost + BY_CHANCE, failure.progress)

    def _push(self, plan: Plan, cost: int, progress: int) -> None:
        if plan not in self._seen and plan.is_affordable:
            self._seen.add(plan)
            heapq.heappush(self._queue, (cost, -progress, next(self._order), plan))


def nothing_fits(model: nn.Module, failures: list[Failure]) -> Exception:
    """What to raise when no plan runs: the model's own error if it is not about its inputs, else what was tried."""
    if not failures:
        return ProbeError("inputs", f"{signature(model)} takes nothing to measure", REMEDY)
    if not is_about_inputs(failures[0]):
        return failures[0].error
    furthest = max(failures, key=lambda failure: failure.progress)
    shown = list(dict.fromkeys([*failures[: SHOWN - 1], furthest]))
    lines = [f"{failure.plan.describe()}: {_first_line(failure)}" for failure in shown]
    tried = f"none of {len(failures)} tried" if len(failures) > 1 else "the one tried does not"
    message = f"no input was found that {signature(model)} runs on ({tried}):\n  " + "\n  ".join(lines)
    place = innermost(frames_of(furthest.error))
    return ProbeError("inputs", message, REMEDY, place.path if place else None, place.line if place else None)


REMEDY = (
    "Give the inputs: --input 8,3,224,224, once for each argument (--input ids:int64:8,128:0..30000 for integers, by name), "
    "or --input-file batch.pt for anything else."
)


def signature(model: nn.Module) -> str:
    """``Net.forward(x, mask)``."""
    try:
        shown = str(inspect.signature(model.forward))
    except (TypeError, ValueError):
        shown = "(...)"
    return f"{type(model).__name__}.forward{shown}"


def _first_line(failure: Failure) -> str:
    text = failure.text.strip()
    if text:
        return text.splitlines()[0][:LONGEST_LINE]
    last = traceback.extract_tb(failure.error.__traceback__)[-1]
    return f"{type(failure.error).__name__}: {last.line}"[:LONGEST_LINE]
