"""Every call that bounds gradients, with what is known of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import tapes
from initlint.frameworks import training as framework
from initlint.program.loops.bounds import bound_of
from initlint.program.loops.events import Act, Clip, Event, clip_of
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.generators import Exhausted, exhausted
from initlint.program.loops.holdings import held_by, held_by_parameters, may_share
from initlint.program.loops.objects import Foreign
from initlint.program.loops.reads import is_used
from initlint.program.loops.rounds import Round, Rounds
from initlint.program.loops.runs import Run, placed
from initlint.program.loops.statements import statement_of
from initlint.program.loops.timing import hook_of, written
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Value
    from initlint.program.program import Program


class Clipping:
    """One call that bounds gradients. What takes time is worked out when it is asked for."""

    def __init__(self, rounds: Rounds, clip: Clip) -> None:
        self._finder = rounds
        self._values = rounds.values
        self.clip = clip

    @property
    def place(self) -> Place:
        """Of the call."""
        return placed(self.clip.call, self.clip.routine)

    @property
    def name(self) -> str:
        """The last name of what is called."""
        return terminal_name(self.clip.call.function)

    @property
    def parameters(self) -> str:
        """What is bounded, as it is written; may be empty."""
        return written(self.clip.parameters)

    @cached_property
    def bound(self) -> float | None:
        """The bound, if the source says it."""
        return bound_of(self._values, self.clip)

    @cached_property
    def is_read(self) -> bool:
        """Whether what the call gives back, the norm before it, is used."""
        if self.clip.gives_copies and self.bound != math.inf:
            return False
        statement = statement_of(self.clip.routine, self.clip.call)
        return not isinstance(statement, facts.Evaluate) or statement.value is not self.clip.call

    @cached_property
    def is_lost(self) -> bool:
        """Whether it bounds copies that nothing uses."""
        return self.clip.gives_copies and not is_used(self.clip.routine, self.clip.call)

    @property
    def is_chosen(self) -> bool:
        """Whether a test around it chooses among ways to bound, or its function is there to bound in this one."""
        routine, call = self.clip.routine, self.clip.call
        around = [one for one in routine.branches if one.start <= call.start and call.end <= one.end]
        is_asked = any(isinstance(one.test, facts.Compare) and "==" in one.test.operators for one in around)
        return is_asked or self.clip.by in routine.name.lower()

    @property
    def only_reads(self) -> bool:
        """Whether its bound is infinite and what it gives back is used: it measures a norm, and bounds nothing."""
        return self.bound == math.inf and self.is_read

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The clip in each round of training that runs it; one without a round if none is known."""
        around = list(self._finder.around(self.clip.routine, self.clip.call))
        if hook_of(self._values, self.clip) is not None or not around:
            return (Run(self._values, self.clip, None, self.clip.call),)
        return tuple(Run(self._values, self.clip, one, anchor) for one, anchor in around)

    @property
    def _rounds(self) -> tuple[Round, ...]:
        return tuple(run.round for run in self.runs if run.round is not None)

    @cached_property
    def _exhausted(self) -> Exhausted | None:
        return exhausted(self._values, self.clip)

    @property
    def used_up_at(self) -> Place | None:
        """Where the generator of parameters that it is given was used up."""
        found = self._exhausted
        return None if found is None else placed(found.by, self.clip.routine)

    @property
    def generator(self) -> facts.Expression | None:
        """What made that generator, if its names mean the same at the clip."""
        return None if self._exhausted is None else self._exhausted.made

    @property
    def step(self) -> Event | None:
        """The step behind it, if that is one and stands in the same function."""
        steps = [run.step for run in self.runs]
        step = steps[0] if len(steps) == 1 else None
        return step if step is not None and step.routine is self.clip.routine else None

    @property
    def stepped(self) -> facts.Expression | None:
        """What makes the parameters that this step changes, where its optimiser was given them in this function."""
        made = self._values.of(self.step.subject, self.clip.routine) if self.step is not None else []
        calls = [one.call for one in made if isinstance(one, Foreign) and one.routine is self.clip.routine]
        call = calls[0] if len(calls) == len(made) == 1 else None
        given = argument(call, framework.OPTIMIZER_PARAMETERS, 0) if call is not None else None
        is_fresh = isinstance(given, facts.Call) and terminal_name(given) in framework.MODULE_GENERATORS
        return given if is_fresh else None

    @cached_property
    def stranger(self) -> tuple[str, str] | None:
        """The model whose parameters it bounds and the one that is stepped behind it, if they share nothing."""
        held = held_by_parameters(self._values, self.clip.parameters, self.clip.routine)
        if not held or len(self._rounds) != 1:
            return None
        stepped = [self._held(event) for one in self._rounds for event in _steps_behind(one, self.clip)]
        if not stepped or not all(stepped):
            return None
        others = [model for models in stepped for model in models]
        if any(may_share(self._values, one, other) for one in held for other in others):
            return None
        return _name(held[0]), _name(others[0])

    def _held(self, event: Event | None) -> list[Value]:
        if event is None or event.act is not Act.STEP or event.subject is None:
            return []
        return held_by(self._values, event.subject, event.routine)


def _steps_behind(one: Round, clip: Clip) -> Iterator[Event | None]:
    """Every step that may use what a clip leaves: all up to the next time the gradients are made or cleared."""
    for way, index in one.with_(clip.call):
        for event in way.events[index + 1 :]:
            if event.act in (Act.STEP, Act.UNKNOWN):
                yield event
            elif event.act in (Act.BACKWARD, Act.ZERO):
                break


def _name(model: Value) -> str:
    return model.cls.name if hasattr(model, "cls") else getattr(model, "name", "").rpartition(".")[2]


def find_clippings(program: Program) -> Iterator[Clipping]:
    """The calls in the files to report on that are known to bound gradients."""
    values = program.values
    functions = (name.rpartition(".")[2] for name in framework.CLIP_FUNCTIONS)
    names = sorted({*functions, *framework.CLIP_METHODS, *framework.CLAMPS_IN_PLACE, *tapes.CLIP_NAMES})
    rounds = Rounds(values)
    for module in values.links.calling(*names):
        for name in names:
            for routine, call in values.links.scopes(module).calls.get(name, ()):
                clip = clip_of(values, call, routine)
                if clip is not None:
                    yield Clipping(rounds, clip)
