"""Puts the training loops of a program together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import static_graphs, tapes, trainers
from initlint.frameworks import training as framework
from initlint.program.loops.classes import ancestry
from initlint.program.loops.clipping import (
    EVERYWHERE,
    Span,
    callbacks_in,
    calls_in,
    clips_in,
    has_clip_option,
    hooks_in,
)
from initlint.program.loops.compiled import compiled_optimizers
from initlint.program.loops.engines import settings_of
from initlint.program.loops.events import clip_of
from initlint.program.loops.expressions import argument, receiver, spelled, terminal_name
from initlint.program.loops.holdings import held_by_parameters, may_share, names_list
from initlint.program.loops.lengths import known_steps
from initlint.program.loops.links import Links
from initlint.program.loops.models import called_models, optimized_models
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.paths import MOST_ROUTINES, Path, Paths
from initlint.program.loops.routines import Routine
from initlint.program.loops.static_graphs import is_graph_optimizer, recurrent_cells
from initlint.program.loops.steps import Step, clips_itself, spelled_or_empty, steps_in
from initlint.program.loops.tapes import Made, step_gradients
from initlint.program.loops.trainers import trained_model, trainer_loops
from initlint.program.loops.values import Values
from initlint.program.module import Module
from initlint.program.nodes import nodes
from initlint.program.training import Sender, Sent, TrainingLoop
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.program import Program

HIGHEST = 3
"""Callers above a loop in which hooks on parameters and options that clip are looked for."""


def find_loops(program: Program) -> list[TrainingLoop]:
    """Every training loop in the files to report on, one for each place where a step is made."""
    values, links = program.values, program.values.links
    found: dict[Place, TrainingLoop] = {}
    for loop in (*_loops(values, links), *trainer_loops(values, links)):
        known = found.get(loop.step)
        if known is None or (not known.models and loop.models):
            found[loop.step] = loop
    return list(found.values())


def _loops(values: Values, links: Links) -> Iterator[TrainingLoop]:
    sent_by = (*framework.BACKWARD, tapes.GRADIENT, tapes.MINIMIZE, static_graphs.COMPUTE)
    if not links.calling(*sent_by, *static_graphs.FUNCTIONS):
        return
    paths = Paths(values)
    for module in _modules_that_step(links):
        for routine in links.scopes(module).routines:
            for step in steps_in(values, routine):
                for path in paths.of(step):
                    yield _Assembly(paths, step, path).loop()


def _modules_that_step(links: Links) -> list[Module]:
    by_hand = set(links.calling(*framework.MANUAL_STEPS, *framework.BACKWARD))
    with_parameters = [module for module in links.calling(*framework.PARAMETERS) if module in by_hand]
    return list(dict.fromkeys((*links.calling(framework.STEP, *tapes.STEPS, tapes.MINIMIZE), *with_parameters)))


class _Assembly:
    """One step and one path, on the way to a loop."""

    def __init__(self, paths: Paths, step: Step, path: Path) -> None:
        self.paths = paths
        self.values = paths.values
        self.step = step
        self.path = path
        found = self.values.of(step.optimizer, step.routine)
        self.optimizers = found or compiled_optimizers(self.values, step.optimizer, step.routine)

    @cached_property
    def reached(self) -> tuple[tuple[Routine, Span], ...]:
        """The path's stretch and all the routines that run in it."""
        return self.paths.reached(self.path.routine, self.path.span)

    def loop(self) -> TrainingLoop:
        models = self._models()
        trained = tuple(trained_model(self.values, model) for model in models)
        routine, node = self._reported()
        names = self._names(self.path.backward_in if self.path.backward_in.parent is routine else routine, models)
        return TrainingLoop(
            routine.name,
            _place(self.path.backward_in, self.path.backward),
            _place(routine, node),
            spelled_or_empty(self._optimizer(routine, node)),
            spelled_or_empty(self.step.scaler),
            tuple(dict.fromkeys(names.values())),
            trained,
            lambda: tuple(_place(where, clip) for where, clip in self._clips(models)),
            self._steps() if any(model.recurrence for model in trained) else None,
            routine,
            node,
            self._parameters(routine),
            Sent(self.path.backward, self.path.backward_in, self._sender()),
            tuple(one for value in self._engines() for one in settings_of(self.values, value)),
            made=self._made() if self.step.is_given else None,
            has_all_names=names.keys() == {_kind(model) for model in models},
            is_graph=any(map(is_graph_optimizer, self.optimizers)),
        )

    def _engines(self) -> Iterator[Foreign]:
        for value in self.optimizers:
            if isinstance(value, Foreign) and value.call is not None and value.name in framework.ENGINES:
                yield value

    def _sender(self) -> Sender:
        backward = self.path.backward
        if all(one.keyword is not None for one in backward.arguments):
            return Sender.LOSS
        if terminal_name(backward) == trainers.MANUAL_BACKWARD:
            return Sender.MODULE
        found = {
            value.name
            for value in self.values.of(receiver(backward), self.path.backward_in)
            if isinstance(value, Foreign)
        }
        if found & framework.CLIPPING_CLASSES:
            return Sender.ACCELERATOR
        return Sender.ENGINE if found & framework.ENGINES else Sender.OTHER

    def _steps(self) -> int | None:
        callers = [caller for caller, _ in self.paths.above(self.path.routine)]
        return known_steps(self.values.links, [self.step.routine, self.path.routine, *callers])

    def _optimizer(self, routine: Routine, node: facts.Node) -> facts.Expression | None:
        """What steps at the reported place."""
        if routine is self.step.routine or not isinstance(node, facts.Call):
            return self.step.optimizer
        return receiver(node)

    def _parameters(self, routine: Routine) -> str:
        """What the one optimiser was given, if its names mean the same in the routine: those of its object, or a list."""
        made = [value for value in self.optimizers if isinstance(value, Foreign)]
        if len(made) != 1 or made[0].call is None or made[0].routine is None:
            return ""
        given = argument(made[0].call, framework.OPTIMIZER_PARAMETERS, 0)
        if isinstance(given, facts.Name):
            return given.id if made[0].routine is routine and names_list(routine, given.id) else ""
        names = {node.id for node in nodes(given) if isinstance(node, facts.Name)}
        is_own = made[0].routine.owner is routine.owner and names == {routine.self_name}
        return spelled(given) if is_own and given is not None else ""

    def _reported(self) -> tuple[Routine, facts.Node]:
        """The step; or, if it is made in a wrapper's own ``step``, the call of that."""
        if self.step.routine.name == framework.STEP and self.path.routine is not self.step.routine:
            return self.path.routine, self.path.anchor
        return self.step.routine, self.step.node

    # ----------------------------------------------------------------------------------------------------------- models

    def _models(self) -> list[Value]:
        found = optimized_models(self.values, self.step) or self._cells
        if not found and not any(getattr(value, "call", None) is not None for value in self.optimizers):
            for routine, span in self.reached:
                found += called_models(self.values, routine, calls_in(routine, span))
        kept = [value for value in found if isinstance(value, Instance) or (isinstance(value, Foreign) and value.call)]
        return list(dict.fromkeys(kept))

    @cached_property
    def _cells(self) -> list[Value]:
        return recurrent_cells(self.values, self.path.backward, self.path.backward_in)

    def _names(self, routine: Routine, models: list[Value]) -> dict[object, str]:
        """How the trained models are written in the routine that steps, by kind: what it calls, or calls a method of."""
        written: dict[object, str] = {}
        kinds = {_kind(model) for model in models}
        called = [call.function for call in routine.calls]
        for name in (*called, *(one.value for one in called if isinstance(one, facts.Attribute))):
            if isinstance(name, (facts.Name, facts.Attribute)):
                for value in self.values.of(name, routine):
                    if isinstance(value, (Instance, Foreign)) and _kind(value) in kinds:
                        written.setdefault(_kind(value), spelled(name))
        return written

    # --------------------------------------------------------------------------------------------------------- clipping

    def _clips(self, models: list[Value]) -> Iterator[tuple[Routine, facts.Node]]:
        if len(self.reached) >= MOST_ROUTINES or any(clips_itself(self.values, value) for value in self.optimizers):
            yield self.step.routine, self.step.node
        if self.step.is_given and not self._is_unbounded():
            yield self.step.routine, self.step.node
        for routine, span in self.reached:
            for clip in clips_in(self.values, routine, span):
                if not self._is_of_others(clip, routine, models):
                    yield routine, clip
            yield from ((routine, hook) for hook in hooks_in(self.values, routine))
            for call in callbacks_in(self.values, routine, span):
                if self._is_between(routine, call):
                    yield routine, call
        yield from self._hooks(models)

    def _made(self) -> tuple[tuple[Routine, facts.Call], ...]:
        found = (value for value in self.optimizers if isinstance(value, Foreign))
        return tuple((one.routine, one.call) for one in found if one.routine is not None and one.call is not None)

    def _is_unbounded(self) -> bool:
        """Whether a step that is given its gradients gets them as they were made, from an optimiser that is known."""
        node = self.step.node
        assert isinstance(node, facts.Call)
        return bool(self.optimizers) and step_gradients(self.values, node, self.step.routine) == {Made.BACKWARD}

    def _is_of_others(self, node: facts.Node, routine: Routine, models: list[Value]) -> bool:
        """Whether it bounds nothing but gradients of other models, for certain."""
        clip = clip_of(self.values, node, routine) if isinstance(node, facts.Call) else None
        held = held_by_parameters(self.values, clip.parameters, routine) if clip is not None else []
        return bool(held and models) and not any(may_share(self.values, one, other) for one in held for other in models)

    def _is_between(self, routine: Routine, call: facts.Call) -> bool:
        """Whether a call may run after the gradient was sent back and before the step."""
        is_after = routine is not self.path.backward_in or call.start > self.path.backward.start
        is_before = routine is not self.step.routine or call.start < self.step.node.start
        return is_after and is_before

    def _hooks(self, models: list[Value]) -> Iterator[tuple[Routine, facts.Node]]:
        """Hooks that the callers, or the models themselves, hang on parameters; options of theirs that clip."""
        for routine in dict.fromkeys((self.path.routine, *self._above())):
            for hook in hooks_in(self.values, routine):
                yield routine, hook
            for call in routine.calls:
                if has_clip_option(call):
                    yield routine, call
        for model in models:
            for cls in ancestry(self.values, model.cls) if isinstance(model, Instance) else ():
                for method in cls.methods.values():
                    yield from ((method, hook) for hook in hooks_in(self.values, method))

    def _above(self) -> list[Routine]:
        """The callers of the loop, and what they call directly."""
        found: dict[Routine, None] = {}
        edge = [self.path.routine]
        for _ in range(HIGHEST):
            edge = [caller for routine in edge for caller, _ in self.paths.above(routine) if caller not in found]
            found.update(dict.fromkeys(edge))
        for routine in (self.path.routine, *found):
            for call in calls_in(routine, EVERYWHERE):
                found.update((target, None) for target in self.values.targets(call, routine))
        return list(found)


def _kind(value: Value) -> object:
    return value.cls if isinstance(value, Instance) else getattr(value, "call", None)


def _place(routine: Routine, node: facts.Node) -> Place:
    return routine.module.source.place(node.start, node.end)
