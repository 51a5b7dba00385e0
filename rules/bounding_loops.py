"""Clips for loops that have none: in front of the step, or as an option of what takes the steps."""

from __future__ import annotations

from functools import partial

from initlint.fix import Edit, Fix, Name, Plan, inserted, replaced, statement_after, statement_before
from initlint.fix.edit import Part
from initlint.frameworks.clips import (
    CLIP_FUNCTION,
    ENGINE_CLIP,
    TRAINER_BOUND,
    accelerator_clip,
    accelerator_clip_when_due,
    module_clip,
    parameters_of,
    unscale,
)
from initlint.frameworks.static_graphs import CLIP as GRAPH_CLIP
from initlint.frameworks.static_graphs import FUNCTIONS as GRAPH_FUNCTIONS
from initlint.frameworks.training import ACCUMULATE
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.statements import statement_of
from initlint.program.nodes import nodes
from initlint.program.training import Sender, TrainingLoop
from initlint.reading import facts

from .mending_compiled import bounded_where_made
from .telling import with_option


def clipped(loop: TrainingLoop) -> Fix | Plan | None:
    """A clip in front of the step, if the step is a statement and the models have names there; the option of the trainer,
    or of the optimiser that is given the gradients."""
    if loop.trainer and isinstance(loop.node, facts.Literal):
        return Fix(BY_TRAINER, (replaced(loop.node, TRAINER_BOUND),), safe=False)
    if not isinstance(loop.node, facts.Call):
        return None
    if loop.is_graph:
        return _in_graph(loop)
    if loop.made is not None:
        return partial(bounded_where_made, loop.made) if loop.made else None
    if loop.trainer:
        edit = with_option(loop.node, loop.trainer.option, TRAINER_BOUND)
        return Fix(BY_TRAINER, (edit,), safe=False) if edit is not None else None
    if loop.sent is not None and loop.sent.by is Sender.ENGINE:
        return _by_engine(loop)
    statement = statement_of(loop.routine, loop.node)
    if not isinstance(statement, facts.Evaluate) or statement.value is not loop.node:
        return None
    if len(loop.node.arguments) > (1 if loop.scaler else 0):
        return _in_closure(loop)
    clip = _clip(loop, statement)
    return None if clip is None else Fix(TITLE, (statement_before(statement, *clip),), safe=False)


def _in_graph(loop: TrainingLoop) -> Fix | None:
    """In front of a step that is given gradients by the one name that a function has bound them to."""
    sent = loop.sent
    if sent is None or not isinstance(loop.node, facts.Call) or terminal_name(sent.call) not in GRAPH_FUNCTIONS:
        return None
    names = [node.id for node in nodes(loop.node) if isinstance(node, facts.Name)]
    gradients = [name for name in names if [bound.value for bound in loop.routine.bounds.get(name, ())] == [sent.call]]
    if len(gradients) != 1 or not sent.sender:
        return None
    clip = f"{gradients[0]}, _ = {sent.sender}.{GRAPH_CLIP}({gradients[0]}, {TRAINER_BOUND})"
    return Fix(TITLE, (statement_before(loop.node, clip),), safe=False)


TITLE = "Clip the gradients by their norm"
BY_TRAINER = "Let the trainer clip the gradients"


def _clip(loop: TrainingLoop, statement: facts.Evaluate) -> list[Part] | None:
    """The statements to put in front of the step."""
    parameters = _parameters(loop)
    by = loop.sent.by if loop.sent is not None else Sender.OTHER
    if by is Sender.LOSS and parameters:
        is_scaled = loop.scaler and not loop.unscales
        first = [f"{unscale(loop.scaler, loop.optimizer)}\n"] if is_scaled else []
        return [*first, Name(CLIP_FUNCTION), f"({parameters}, max_norm={TRAINER_BOUND})"]
    sender = loop.sent.sender if loop.sent is not None and loop.sent.routine is loop.routine else ""
    if by is Sender.ACCELERATOR and sender and parameters:
        is_due = accelerator_clip_when_due if _accumulates(loop, statement) else accelerator_clip
        return [is_due(sender, parameters)]
    return [module_clip(sender, loop.optimizer)] if by is Sender.MODULE and sender and loop.optimizer else None


def _parameters(loop: TrainingLoop) -> str:
    """What is to be bounded, as it is written where the step stands; empty if that is not known."""
    if loop.parameters and len(loop.names) > 1:
        return loop.parameters
    return parameters_of(loop.names, loop.optimizer) if loop.names and loop.has_all_names else loop.parameters


def _accumulates(loop: TrainingLoop, statement: facts.Statement) -> bool:
    """Whether the step stands in a block that makes one only every few batches."""
    around = [one for one in loop.routine.withs if one.start <= statement.start and statement.end <= one.end]
    return any(terminal_name(item.value) == ACCUMULATE for one in around for item in one.items)


def _in_closure(loop: TrainingLoop) -> Fix | None:
    """Behind the backward call in the function that the step is given."""
    sent, parameters = loop.sent, _parameters(loop)
    if sent is None or sent.by is not Sender.LOSS or sent.routine.parent is not loop.routine or loop.scaler:
        return None
    statement = statement_of(sent.routine, sent.call)
    if not isinstance(statement, facts.Evaluate) or statement.value is not sent.call or not parameters:
        return None
    clip = statement_after(statement, Name(CLIP_FUNCTION), f"({parameters}, max_norm={TRAINER_BOUND})")
    return Fix(TITLE, (clip,), safe=False)


def _by_engine(loop: TrainingLoop) -> Fix | None:
    """The bound in the configuration, if that is one dictionary."""
    if len(loop.settings) != 1:
        return None
    node, routine = loop.settings[0]
    edit = with_option(node, *ENGINE_CLIP) if isinstance(node, facts.Call) else _with_item(node, *ENGINE_CLIP)
    if edit is None:
        return None
    path = routine.module.source.display
    return Fix("Let the engine clip the gradients", (edit,), False, path if path != loop.step.path else "")


def _with_item(node: facts.Dictionary, name: str, value: str) -> Edit:
    """A dictionary with an item set."""
    for key, given in zip(node.keys, node.values, strict=True):
        if isinstance(key, facts.Literal) and key.value == name:
            return replaced(given, value)
    if not node.values:
        return inserted(node.end - 1, f'"{name}": {value}')
    return inserted(node.values[-1].end, f', "{name}": {value}')
