"""Where an optimiser steps, and what it steps on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.frameworks import keras, tapes
from initlint.frameworks import training as framework
from initlint.program.loops.classes import foreign_bases
from initlint.program.loops.engines import engine_may_clip
from initlint.program.loops.expressions import mentions_gradient, spelled, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.routines import Routine
from initlint.program.loops.static_graphs import is_graph_optimizer
from initlint.program.loops.tapes import given_to_step, is_minimizing
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values


@dataclass(frozen=True, eq=False)
class Step:
    """One step of an optimiser, or of a loop that changes the parameters by hand."""

    node: facts.Node
    routine: Routine
    optimizer: facts.Expression | None = None
    scaler: facts.Expression | None = None
    parameters: facts.Expression | None = None
    """For a step by hand: what the loop over the parameters goes through; for one that is given gradients: its variables."""
    is_given: bool = False
    """Whether it is given the gradients, as values."""


def steps_in(values: Values, routine: Routine) -> Iterator[Step]:
    """The steps a routine makes itself."""
    for call in routine.calls:
        if isinstance(call.function, facts.Attribute) and call.function.name == framework.STEP:
            step = step_of(values, call, call.function.value, routine)
            if step is not None:
                yield step
        given = given_step(values, call, routine)
        if given is not None:
            yield given
    if not _is_of_optimizer(values, routine):
        yield from _manual_steps(routine)


def step_of(values: Values, call: facts.Call, receiver: facts.Expression, routine: Routine) -> Step | None:
    """The step that ``receiver.step()`` makes, if it is one."""
    found = values.of(receiver, routine)
    given = call.arguments[0].value if call.arguments else None
    if given is not None and is_scaler(found, terminal_name(receiver)):
        return Step(call, routine, given, receiver)
    if any(isinstance(value, Instance) and not is_optimizer(values, value) for value in found):
        return None
    if any(is_optimizer(values, value) for value in found) or _is_named_optimizer(found, receiver):
        return Step(call, routine, receiver)
    return None


def given_step(values: Values, call: facts.Call, routine: Routine) -> Step | None:
    """The step that a call makes with the gradients that it is given, if it is one."""
    receiver = call.function.value if isinstance(call.function, facts.Attribute) else None
    if receiver is None or not (terminal_name(call.function) in tapes.STEPS or is_minimizing(values, call, routine)):
        return None
    found = values.of(receiver, routine)
    is_known = any(
        isinstance(one, Foreign) and (keras.is_optimizer(one.name) or is_graph_optimizer(one)) for one in found
    )
    if not is_known and not _is_named_optimizer(found, receiver):
        return None
    gradients, variables = given_to_step(values, call, routine)
    return Step(call, routine, receiver, None, variables or gradients, is_given=True)


def is_scaler(found: list[Value], name: str) -> bool:
    """Whether something is a gradient scaler: by what it is, or, if that is not known, by its name."""
    made = {value.name.rpartition(".")[2] for value in found if isinstance(value, Foreign)}
    return bool(made & framework.GRADIENT_SCALERS) or (not found and framework.SCALER_NAME.search(name) is not None)


def is_optimizer(values: Values, value: Value) -> bool:
    """Whether a value is an optimiser for certain, or an engine that steps one."""
    if isinstance(value, Instance):
        return any(_is_optimizer_name(base) for base in foreign_bases(values, value.cls))
    return (
        isinstance(value, Foreign) and value.call is not None and (is_plain(value) or value.name in framework.ENGINES)
    )


def is_plain(value: Foreign) -> bool:
    """Whether it is made by an optimiser that never bounds the gradient itself."""
    return (
        _is_optimizer_name(value.name)
        or value.name in framework.PLAIN_OPTIMIZERS
        or is_graph_optimizer(value)
        or (keras.is_optimizer(value.name) and not _is_told_to_clip(value))
    )


def is_scale_free(value: Value) -> bool:
    """Whether it is an optimiser whose step does not grow with the gradient."""
    return isinstance(value, Foreign) and value.name in framework.SCALE_FREE_OPTIMIZERS


def _is_told_to_clip(made: Foreign) -> bool:
    given = made.call.arguments if made.call is not None else ()
    return any(one.keyword in tapes.MODEL_CLIPS or (one.star and one.keyword is None) for one in given)


def _is_optimizer_name(name: str) -> bool:
    return name.startswith(framework.OPTIMIZER_ROOTS) and not name.startswith(framework.NO_OPTIMIZERS)


def _is_named_optimizer(found: list[Value], receiver: facts.Expression) -> bool:
    """Whether something unknown, or made outside the program, is an optimiser by its name."""
    name = terminal_name(receiver)
    if any(isinstance(value, Foreign) and value.name.startswith(framework.NO_OPTIMIZERS) for value in found):
        return False
    is_named = framework.OPTIMIZER_NAME.search(name) is not None
    return is_named and framework.NO_OPTIMIZER_NAME.search(name) is None


def _is_of_optimizer(values: Values, routine: Routine) -> bool:
    return routine.owner is not None and is_optimizer(values, Instance(routine.owner))


def _manual_steps(routine: Routine) -> Iterator[Step]:
    """``p.data.add_(p.grad, alpha=-lr)`` and ``p -= lr * p.grad`` in a loop over parameters."""
    for call in routine.calls:
        is_step = terminal_name(call.function) in framework.MANUAL_STEPS and any(map(mentions_gradient, call.arguments))
        if is_step and not mentions_gradient(call.function):
            yield from _by_hand(call, routine)
    for statement in routine.augmented:
        is_step = statement.operator in ("-", "+") and mentions_gradient(statement.value)
        if is_step and not mentions_gradient(statement.target):
            yield from _by_hand(statement, routine)


def _by_hand(node: facts.Node, routine: Routine) -> Iterator[Step]:
    around = [loop for loop in routine.loops if loop.start <= node.start and node.end <= loop.end]
    inner = max(around, key=lambda loop: loop.start, default=None)
    if isinstance(inner, facts.For):
        yield Step(node, routine, parameters=inner.iterable)


# --------------------------------------------------------------------------------------------------------- own clipping


def clips_itself(values: Values, value: Value) -> bool:
    """Whether an optimiser may bound the gradient itself: it is no plain one, is told to, or has no need of it."""
    if is_scale_free(value):
        return True
    if isinstance(value, Foreign) and value.call is not None:
        if value.name in framework.ENGINES:
            return engine_may_clip(values, value)
        return not is_plain(value)
    return isinstance(value, Instance) and "clip" in value.cls.name.lower()


def spelled_or_empty(expression: facts.Expression | None) -> str:
    """An expression as source; empty if there is none or it is no plain name."""
    return "" if expression is None else spelled(expression)
