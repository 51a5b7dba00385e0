"""INL401."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.fix import Fix, Plan
from initlint.frameworks.clips import (
    COMPILED_CLIP,
    accelerator_clip,
    clip_before_step,
    engine_clip,
    module_clip,
    parameters_of,
    trainer_clip,
)
from initlint.frameworks.static_graphs import REMEDY as GRAPH_CLIP
from initlint.frameworks.torch import GATED_LAYERS
from initlint.network import Layer, Network
from initlint.program import Program
from initlint.program.loops.recurrence import Recurrence
from initlint.program.training import Sender, TrainingLoop
from initlint.rule import Rule

from .bounding_loops import clipped
from .mending_compiled import bounded_where_compiled

SHORT = 32
"""Time steps up to which a gated cell's gradient is in little danger: its forget gates start at 1/2 a step."""
FEWEST_ROUNDS = 20
"""Steps below which nothing is trained: such a loop tries out that a step can be made."""
EXAMPLE_RADIUS = 1.1
EXAMPLE_STEPS = 100


class RnnWithoutClipping(Rule):
    """A training loop over a recurrent model that bounds no gradient.

    Why: backpropagation through T time steps multiplies the gradient by T Jacobians of the recurrence. As soon as
    training moves their spectral radius above 1 the gradient grows like radius^T (1.1^100 = 1.4e4), and one step
    along it throws the weights away. Gates delay that; they do not prevent it.
    Predicted: the loop (backward and step on one path), the model that its optimiser was given, and the recurrent
    layer the model makes, each followed through calls, attributes and imports.
    Measured: not measured; the gradient of the first batch says little about when it will explode.
    Silent on: any clipping on the path, in helpers, hooks on parameters, wrappers of the optimiser and trainers that
    clip by default; optimisers and callbacks from elsewhere that may clip; L-BFGS and Rprop, whose steps do not grow
    with the gradient; models that are not known; loops that end after less than 20 steps.
    Fix: torch.nn.utils.clip_grad_norm_ between backward and step, after scaler.unscale_ in mixed precision; the
    trainer's own option in Lightning and transformers; clipnorm or global_clipnorm of a Keras optimiser;
    tf.clip_by_global_norm on the gradients of a graph.
    Source: Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, sections 2.2 and 3.2.
    """

    code = "INL401"
    name = "rnn-without-clipping"
    mends_dialects = True
    bad = """
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocab=1000, hidden=128):
        super().__init__()
        self.embed = nn.Embedding(vocab, hidden)
        self.rnn = nn.RNN(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 9)

    def forward(self, ids):
        return self.out(self.rnn(self.embed(ids))[0])


def train(batches):
    model = Tagger()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for ids, tags in batches:
        loss = nn.functional.cross_entropy(model(ids).transpose(1, 2), tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()  # bad
"""
    good = """
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocab=1000, hidden=128):
        super().__init__()
        self.embed = nn.Embedding(vocab, hidden)
        self.rnn = nn.RNN(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 9)

    def forward(self, ids):
        return self.out(self.rnn(self.embed(ids))[0])


def train(batches):
    model = Tagger()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for ids, tags in batches:
        loss = nn.functional.cross_entropy(model(ids).transpose(1, 2), tags)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges a model that says itself how it is trained."""
        training = network.training
        found = [_recurrence(layer, network) for layer in network.live() if layer.op == "recurrent"]
        if training is not None and training.clips is False and found:
            layer = min(found, key=lambda each: each.is_gated)
            fix = partial(bounded_where_compiled, training.place)
            yield self._reported(
                training.place, f"what {network.name} is compiled with", layer, None, COMPILED_CLIP, fix
            )

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judges every loop over a model with a recurrent layer."""
        for loop in _merged(program.training_loops()):
            layers = list(loop.recurrences())
            if layers and not _is_a_trial(loop) and not loop.clips:
                yield self._finding(loop, min(layers, key=lambda layer: layer.is_gated))

    def _finding(self, loop: TrainingLoop, layer: Recurrence) -> Finding:
        return self._reported(loop.step, _subject(loop), layer, layer.steps or loop.steps, _remedy(loop), clipped(loop))

    def _reported(
        self,
        place: Place,
        subject: str,
        layer: Recurrence,
        steps: int | None,
        remedy: str,
        fix: Fix | Plan | None = None,
    ) -> Finding:
        is_mild = layer.is_gated and steps is not None and steps <= SHORT
        where = f"{layer.place.path}:{layer.place.line}"
        return self.finding(
            place,
            f"{subject} trains {_described(layer)} ({where}) and bounds no gradient: {_danger(layer, steps)}",
            help=remedy,
            severity=Severity.INFO if is_mild else Severity.WARNING,
            predicted={
                "layer": layer.layer,
                "path": layer.place.path,
                "line": layer.place.line,
                "hidden_size": layer.hidden,
                "steps": steps,
            },
            fix=fix,
            related=[(layer.place, f"the recurrent layer of {layer.model}" if layer.model else "the recurrent layer")],
        )


def _recurrence(layer: Layer, network: Network) -> Recurrence:
    hidden = layer.fan_out if isinstance(layer.fan_out, int) else None
    return Recurrence(layer.kind, layer.place, network.name, hidden, layer.kind in GATED_LAYERS, None)


def _merged(loops: Iterable[TrainingLoop]) -> Iterator[TrainingLoop]:
    """The loops; steps of several optimisers after one backward call as one, at the first step on a recurrent model."""
    groups: dict[Place, list[TrainingLoop]] = {}
    for loop in loops:
        if any(loop.recurrences()):
            groups.setdefault(loop.backward or loop.step, []).append(loop)
    for first, *others in groups.values():
        names = dict.fromkeys((*first.names, *(name for loop in others for name in loop.names)))
        models = (*first.models, *(model for loop in others for model in loop.models))
        has_all_names = all(loop.has_all_names for loop in (first, *others))
        yield replace(first, names=tuple(names), models=models, has_all_names=has_all_names)


def _is_a_trial(loop: TrainingLoop) -> bool:
    return loop.rounds is not None and loop.rounds < FEWEST_ROUNDS


def _subject(loop: TrainingLoop) -> str:
    return f"this {loop.trainer.trainer}" if loop.trainer else f"the loop in {loop.function}"


def _described(layer: Recurrence) -> str:
    size = f", hidden size {layer.hidden}" if layer.hidden is not None else ""
    return f"the {layer.layer} of {layer.model}{size}" if layer.model else f"{layer.layer}{size}"


def _danger(layer: Recurrence, steps: int | None) -> str:
    """What may happen, with a number for the length that is known or for an example."""
    length = steps or EXAMPLE_STEPS
    power = f"{EXAMPLE_RADIUS:g}^{length} = {EXAMPLE_RADIUS**length:.2g}"
    over = f"over {steps} time steps" if steps else "over T time steps"
    growth = f"{over} it grows like the spectral radius of the recurrence to that power ({power})"
    return growth + ("; the gates only delay it" if layer.is_gated else ", and one step along it undoes the training")


def _remedy(loop: TrainingLoop) -> str:
    """The call to write, in the names of the file."""
    if loop.trainer:
        return trainer_clip(loop.trainer.holder, loop.trainer.option)
    if loop.is_graph:
        return GRAPH_CLIP
    if loop.made is not None:
        return COMPILED_CLIP
    parameters = parameters_of(tuple(loop.names), loop.optimizer)
    before = f" before {loop.optimizer}.step()" if loop.optimizer else ""
    if loop.sent is not None and loop.sent.by is Sender.ENGINE:
        return engine_clip()
    if loop.sent is not None and loop.sent.by is Sender.ACCELERATOR and loop.sent.sender:
        return accelerator_clip(loop.sent.sender, parameters) + before
    if loop.sent is not None and loop.sent.by is Sender.MODULE and loop.optimizer:
        return module_clip(loop.sent.sender, loop.optimizer) + before
    return clip_before_step(parameters, loop.optimizer, loop.scaler)
