"""One clip in one round of training: what is around it there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.program.loops.classes import find_method
from initlint.program.loops.events import Act, Clip, Event
from initlint.program.loops.rounds import Round
from initlint.program.loops.routines import Routine
from initlint.program.loops.steps import is_scale_free
from initlint.program.loops.timing import (
    Timing,
    accumulator_of,
    hook_of,
    hooks_around,
    scaler_of,
    sent_back,
    step_due,
    timing_of,
    written,
)
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values


@dataclass(eq=False)
class Run:
    """A clip as one round runs it; without a round, as nothing known runs it, or a trainer."""

    values: Values
    clip: Clip
    round: Round | None
    anchor: facts.Node
    """What leads to the clip in the round: the clip itself, or a call."""

    @property
    def place(self) -> Place:
        """Of the clip, or of the call in the round that leads to it."""
        if self.round is None or self.round.routine is self.clip.routine.parent:
            return placed(self.clip.call, self.clip.routine)
        return placed(self.anchor, self.round.routine)

    @cached_property
    def timing(self) -> Timing | None:
        """When it happens, if that is wrong for certain."""
        if self.round is None:
            return hook_of(self.values, self.clip)
        return timing_of(self.values, self.clip, self.round)

    @property
    def method(self) -> str:
        """The name of the function that the clip stands in."""
        return self.clip.routine.name

    @property
    def is_left_to_trainer(self) -> bool:
        """Whether it stands where a trainer calls it too early that bounds the gradient itself by default."""
        return self.timing is Timing.IN_HOOK and all(one.is_clipping for one in hooks_around(self.values, self.clip))

    @property
    def due_hook(self) -> str:
        """The method of its class in which the trainer would call it in time, if the class has none of that name."""
        is_early = self.timing in (Timing.IN_HOOK, Timing.BEFORE_CLOSURE)
        names = {one.due for one in hooks_around(self.values, self.clip)} if is_early else set()
        name, cls = next(iter(names)) if len(names) == 1 else "", self.clip.routine.owner
        return name if name and cls is not None and find_method(self.values, cls, name) is None else ""

    @property
    def accumulator(self) -> str:
        """The accelerator in whose accumulation it stands, as it is written; empty if there is none."""
        return written(accumulator_of(self.values, self.clip)) if self.timing is Timing.EACH_BATCH else ""

    @property
    def sent_behind(self) -> Event | None:
        """The one backward call that makes the gradients it should have bounded."""
        is_early = self.round is not None and self.timing is Timing.BEFORE_BACKWARD
        found = {id(event.node): event for event in (self._behind(Act.BACKWARD) if is_early else ())}
        return next(iter(found.values())) if len(found) == 1 else None

    @property
    def calls_it_alone(self) -> bool:
        """Whether what leads to the clip in the round does nothing else."""
        body = self.clip.routine.node.body if self.clip.routine.node is not None else ()
        plain = [one for one in body if not (isinstance(one, facts.Evaluate) and isinstance(one.value, facts.Literal))]
        return self.anchor is self.clip.call or (
            len(plain) == 1 and isinstance(plain[0], (facts.Evaluate, facts.Return))
        )

    @cached_property
    def scaled(self) -> Event | None:
        """The backward call whose scaled gradients it bounds as they are."""
        return None if self.round is None else scaler_of(self.clip, self.round)

    @property
    def scaler(self) -> str:
        """The scaler behind `scaled`, as it is written."""
        return written(self.scaled.scaler) if self.scaled is not None else ""

    @cached_property
    def is_always_scaled(self) -> bool:
        """Whether every gradient it bounds is one of a scaled loss."""
        sent = sent_back(self.clip, self.round) if self.round is not None else ()
        return all(event is not None and event.scaler is not None for event in sent)

    @cached_property
    def step(self) -> Event | None:
        """The first step behind it."""
        return next((one for one in self._behind(Act.STEP)), None)

    @property
    def scaled_step(self) -> Event | None:
        """The one step behind it that divides the factor of the loss scaler out."""
        found = {id(one.node): one for one in self._behind(Act.STEP) if one.scaler is not None}
        return next(iter(found.values())) if len(found) == 1 else None

    @property
    def optimizer(self) -> str:
        """What steps behind it, as it is written."""
        return written(self.step.subject) if self.step is not None else ""

    @cached_property
    def step_due(self) -> Event | None:
        """The step in front of which a clip with a wrong timing belongs, if there is one."""
        if self.timing is None or self.round is None:
            return None
        return step_due(self.values, self.clip, self.round, self.timing)

    @property
    def needs_no_bound(self) -> bool:
        """Whether the steps of the optimiser of `step_due` do not grow with the gradient."""
        due = self.step_due
        return due is not None and any(map(is_scale_free, self.values.of(due.subject, due.routine)))

    def is_unscaled_before(self, step: Event) -> bool:
        """Whether the gradients of a step are unscaled before it, on every way."""
        before = self.round.before(step.node, (Act.UNSCALE, Act.BACKWARD)) if self.round is not None else ()
        return all(event is not None and event.act is Act.UNSCALE for event in before)

    @cached_property
    def late_unscalings(self) -> tuple[Event, ...]:
        """The unscalings between it and the step, each once."""
        behind = self._behind(Act.UNSCALE, Act.STEP)
        return tuple({id(one.node): one for one in behind if one.act is Act.UNSCALE}.values())

    def _behind(self, *acts: Act) -> list[Event]:
        found = self.round.after(self.clip.call, acts) if self.round is not None else ()
        return [event for event in found if event is not None]


def placed(node: facts.Node, routine: Routine) -> Place:
    """The place of a node of a routine."""
    return routine.module.source.place(node.start, node.end)
