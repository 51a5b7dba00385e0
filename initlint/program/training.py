"""The training loops of a program: where the gradient is sent back, where a step is made with it, what it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import training as framework
from initlint.program.loops.expressions import spelled, terminal_name
from initlint.program.loops.lengths import known_rounds
from initlint.program.loops.recurrence import Recurrence
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.engines import Settings
    from initlint.program.loops.routines import Routine


@dataclass(frozen=True)
class TrainedModel:
    """A model that a loop trains."""

    name: str
    """Name of its class."""
    place: Place
    """Where it is made."""
    recurrence: Recurrence | None


class Sender(Enum):
    """Who sends a gradient back."""

    LOSS = "loss"
    ACCELERATOR = "accelerator"
    ENGINE = "engine"
    MODULE = "module"
    """A trainer's module, which takes the steps itself."""
    OTHER = "other"


@dataclass(frozen=True)
class Sent:
    """A backward call."""

    call: facts.Call
    routine: Routine
    by: Sender

    @property
    def sender(self) -> str:
        """Who sends it back, as it is written."""
        function = self.call.function
        return spelled(function.value) if isinstance(function, facts.Attribute) else ""


@dataclass(frozen=True)
class TrainerClip:
    """How a trainer that runs the loop itself is told to bound the gradient."""

    trainer: str
    """Its class, as it is named there."""
    holder: str
    """The class that is given the option."""
    option: str
    rounds: int | None
    """The most steps it makes, if the source says so."""


@dataclass(frozen=True)
class TrainingLoop:
    """One place where an optimiser steps with a gradient that was sent back on the same path."""

    function: str
    """Name of the function in which it steps; ``"the script"`` at the top level of a module."""
    backward: Place | None
    """One of the backward calls; `None` where a trainer of the framework makes it."""
    step: Place
    """Where it steps; of a trainer, the call that is given the option, or what the option is set to."""
    optimizer: str
    """The optimiser, as it is written there; may be empty."""
    scaler: str
    """The gradient scaler, as it is written there; empty if there is none."""
    names: tuple[str, ...]
    """How the models are written there, those that have plain names."""
    models: tuple[TrainedModel, ...]
    """Those that are known; an empty tuple says nothing."""
    find_clips: Callable[[], tuple[Place, ...]]
    """Looks for `clips`, which takes longer than the rest."""
    steps: int | None
    """Length of the sequences, if the source says so."""
    routine: Routine
    """The function in which it steps."""
    node: facts.Node
    """What is at `step`."""
    parameters: str = ""
    """What the optimiser was given, as it was written, if that means the same where it steps."""
    sent: Sent | None = None
    """How the gradient is sent back; `None` where that is no call of the program."""
    settings: tuple[Settings, ...] = ()
    """Of an engine, all that it may be given as its configuration."""
    trainer: TrainerClip | None = None
    """For a loop that a framework's trainer runs; `node` then is the call that is given the option, or, where a command
    line gives it, its default."""
    made: tuple[tuple[Routine, facts.Call], ...] | None = None
    """For a step that is given the gradients as values: where its optimisers are made, or a model is compiled with them;
    they can bound the gradients themselves, unless the step is an operation of a graph."""
    has_all_names: bool = False
    """Whether `names` are those of all models."""
    is_graph: bool = False
    """Whether the step is an operation of a graph."""

    @property
    def rounds(self) -> int | None:
        """How often it steps, if the source says so."""
        return known_rounds(self.routine, self.node) if self.trainer is None else self.trainer.rounds

    @property
    def unscales(self) -> bool:
        """Whether the function in which it steps undoes the loss scale itself."""
        return any(terminal_name(call.function) in framework.UNSCALE for call in self.routine.calls)

    @cached_property
    def clips(self) -> tuple[Place, ...]:
        """Where the gradient is bounded, or may be."""
        return self.find_clips()

    def recurrences(self) -> Iterator[Recurrence]:
        """The recurrent layers of the models."""
        return (model.recurrence for model in self.models if model.recurrence is not None)
