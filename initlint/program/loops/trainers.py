"""Loops that a framework's trainer runs: who is trained, and whether the trainer is told to bound the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import keras, tapes
from initlint.frameworks import trainers as framework
from initlint.frameworks.training import OFF
from initlint.program.loops.classes import ancestry, foreign_bases
from initlint.program.loops.clipping import clips_in, hooks_in
from initlint.program.loops.expressions import argument, dotted, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value
from initlint.program.loops.recurrence import recurrence_of
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.nodes import nodes
from initlint.program.training import TrainedModel, TrainerClip, TrainingLoop
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.links import Links
    from initlint.program.loops.values import Values
    from initlint.program.module import Module


def trainer_loops(values: Values, links: Links) -> Iterator[TrainingLoop]:
    """One loop for each trainer that trains modules of the program and takes the steps itself."""
    for kind in framework.TRAINERS:
        for module in links.calling(kind.runs):
            for routine, call in links.scopes(module).calls.get(kind.runs, ()):
                if isinstance(call.function, facts.Attribute):
                    for trainer in values.of(call.function.value, routine):
                        if isinstance(trainer, (Foreign, Instance)) and is_trainer(values, trainer, kind):
                            yield from _Run(values, kind, trainer, call, routine).loops()


def is_trainer(values: Values, value: Value, kind: framework.Trainer) -> bool:
    """Whether something is a framework's trainer, or of a class derived from it, or that class itself."""
    names = foreign_bases(values, value.cls) if isinstance(value, Instance) else [getattr(value, "name", "")]
    return any(kind.name.match(name) for name in names)


@dataclass(frozen=True)
class _Run:
    """One call that lets a trainer train."""

    values: Values
    kind: framework.Trainer
    trainer: Foreign | Instance
    call: facts.Call
    routine: Routine

    def loops(self) -> Iterator[TrainingLoop]:
        for settings in self._settings():
            models = [model for model in self._models() if not is_manual(self.values, model.cls)]
            if models and settings.call is not None and settings.routine is not None:
                yield self._loop(settings, settings.call, settings.routine, models)

    def _loop(
        self, settings: Foreign | Instance, told: facts.Call, routine: Routine, models: list[Instance]
    ) -> TrainingLoop:
        given, module = argument(told, self.kind.option, None), routine.module
        place = module.source.place(told.start, told.end)
        if given is None and isinstance(settings, Instance) and settings is not self.trainer:
            given, module = _default(self.values, settings.cls, self.kind.option) or (None, module)
        is_off = self._is_off(given) and not self._may_clip(told, models) and not self._is_set_in(routine)
        clips = () if is_off else (place,)
        shown = given if given is not None and is_off else told
        is_parsed = terminal_name(told) == framework.PARSED
        return TrainingLoop(
            self.routine.name,
            None,
            module.source.place(shown.start, shown.end),
            "",
            "",
            (),
            tuple(trained_model(self.values, model) for model in models),
            lambda: clips,
            None,
            routine=routine,
            node=shown if is_parsed else told,
            trainer=TrainerClip(
                _name(self.trainer),
                _name(settings) if is_parsed else terminal_name(told),
                self.kind.option,
                _rounds(told),
            ),
        )

    def _settings(self) -> Iterator[Foreign | Instance]:
        """What holds the trainer's options, where the source says how it is made."""
        made = self.trainer
        if self.kind.settings is None:
            yield made
        elif made.call is not None and made.routine is not None:
            given = argument(made.call, framework.SETTINGS, framework.SETTINGS_POSITION)
            for value in self.values.of(given, made.routine):
                if isinstance(value, (Foreign, Instance)) and self._holds_options(value):
                    yield value

    def _holds_options(self, value: Foreign | Instance) -> bool:
        """Whether it is of the framework's class of settings, or of one derived from it that leaves the option alone."""
        assert self.kind.settings is not None
        if isinstance(value, Foreign):
            return self.kind.settings.match(value.name) is not None
        is_set_later = any(self.kind.option in one.attributes for one in ancestry(self.values, value.cls))
        return not is_set_later and any(map(self.kind.settings.match, foreign_bases(self.values, value.cls)))

    def _models(self) -> list[Instance]:
        if self.kind.is_run_with_model:
            found = self.values.of(argument(self.call, framework.MODEL, 0), self.routine)
        else:
            made = self.trainer
            assert made.call is not None and made.routine is not None
            found = self.values.of(argument(made.call, framework.MODEL, 0), made.routine)
            found = [*found, *self._made(argument(made.call, framework.MODEL_MAKER, None), made.routine)]
        return [value for value in found if isinstance(value, Instance)]

    def _made(self, maker: facts.Expression | None, routine: Routine) -> Iterator[Value]:
        """What a function gives that a trainer makes its model with."""
        if isinstance(maker, facts.Lambda):
            yield from self.values.of(maker.body, routine)
            return
        for value in self.values.of(maker, routine):
            for given in value.returns if isinstance(value, Routine) else ():
                assert isinstance(value, Routine)
                yield from self.values.of(given, value)

    def _is_off(self, given: facts.Expression | None) -> bool:
        if given is None:
            return not self.kind.is_clipping
        return isinstance(given, facts.Literal) and given.value in OFF

    def _may_clip(self, told: facts.Call, models: list[Instance]) -> bool:
        """Whether something else bounds the gradient, or may, for all that is known."""
        made = self.trainer.call
        arguments = [*told.arguments, *(made.arguments if made is not None and made is not told else ())]
        is_open = argument(told, self.kind.option, None) is None and any(one.star for one in told.arguments)
        classes = [model.cls for model in models]
        classes += [self.trainer.cls] if isinstance(self.trainer, Instance) else []
        return is_open or any(map(self._may_bound, arguments)) or any(_bounds(self.values, cls) for cls in classes)

    def _is_set_in(self, routine: Routine) -> bool:
        """Whether the function that makes the options, or that trains, sets this one."""
        around = (one for each in (routine, self.routine) for one in each.assigned)
        targets = (target for one in around for target in one.targets)
        return any(isinstance(one, facts.Attribute) and one.name == self.kind.option for one in targets)

    def _may_bound(self, one: facts.Argument) -> bool:
        harmless = self.kind.others.get(one.keyword or "")
        if harmless is not None:
            return not isinstance(one.value, facts.Literal) or one.value.value not in harmless
        return one.keyword in framework.EXTENSIONS and _mentions_clipping(one.value)


def _default(values: Values, cls: ClassScope, option: str) -> tuple[facts.Expression, Module] | None:
    """What a class of settings declares an option to be, as a value or by ``field(default=value)``, and where."""
    for one in ancestry(values, cls):
        for bound in reversed(one.body.bounds.get(option, ())):
            made = bound.value if isinstance(bound.value, facts.Call) else None
            given = argument(made, "default", None) if made is not None and terminal_name(made) == FIELD else None
            return given or bound.value, one.module
    return None


FIELD = "field"
"""What declares a field of a dataclass."""


def _name(trainer: Foreign | Instance) -> str:
    return trainer.cls.name if isinstance(trainer, Instance) else trainer.name.rpartition(".")[2]


def _rounds(told: facts.Call) -> int | None:
    """The most steps that a trainer is told to make."""
    given = (argument(told, option, None) for option in framework.MOST_STEPS)
    counts = (one.value for one in given if isinstance(one, facts.Literal))
    return min((int(count) for count in counts if isinstance(count, int) and count > 0), default=None)


def trained_model(values: Values, value: Value) -> TrainedModel:
    """What is known of a model that is trained."""
    if isinstance(value, Instance):
        source, node, name = value.cls.module.source, value.cls.node, value.cls.name
        return TrainedModel(name, source.place(node.start, node.end), recurrence_of(values, value))
    assert isinstance(value, Foreign) and value.call is not None and value.routine is not None
    place = value.routine.module.source.place(value.call.start, value.call.end)
    return TrainedModel(value.name.rpartition(".")[2], place, recurrence_of(values, value))


def _mentions_clipping(node: facts.Expression) -> bool:
    return any("clip" in dotted(one).lower() for one in nodes(node) if isinstance(one, (facts.Name, facts.Attribute)))


def _bounds(values: Values, cls: ClassScope) -> bool:
    """Whether a model or a trainer of the program bounds gradients itself, or has a base that may."""
    for one in ancestry(values, cls):
        for name, method in one.methods.items():
            if name == framework.CLIPPING_HOOK or any(clips_in(values, method)) or any(hooks_in(values, method)):
                return True
    return not all(map(framework.PLAIN_BASES.search, foreign_bases(values, cls)))


def is_manual(values: Values, cls: ClassScope) -> bool:
    """Whether a module turns automatic optimisation off, or may."""
    for one in ancestry(values, cls):
        if framework.AUTOMATIC in one.methods:
            return True
        set_to = (*one.attributes.get(framework.AUTOMATIC, ()), *one.body.bounds.get(framework.AUTOMATIC, ()))
        if not all(isinstance(bound.value, facts.Literal) and bound.value.value is True for bound in set_to):
            return True
    return False


def find_value_trainers(values: Values) -> Iterator[tuple[Place, str, str]]:
    """Trainers and optimisers that are told to bound each value: where, which of them, and by which option."""
    option, by_value = framework.VALUE_ALGORITHM
    for module in values.links.calling(framework.TRAINER):
        for routine, call in values.links.scopes(module).calls.get(framework.TRAINER, ()):
            given = argument(call, option, None)
            is_value = isinstance(given, facts.Literal) and given.value == by_value
            made = values.callees(call, routine) if is_value else ()
            if any(is_trainer(values, value, kind) for value in made for kind in framework.TRAINERS):
                yield module.source.place(call.start, call.end), "trainer", f'{option}="{by_value}"'
    for name in sorted(keras.OPTIMIZERS):
        for routine, call in values.links.calls_of(name):
            given = argument(call, tapes.OPTION_BY_VALUE, None)
            callees = values.callees(call, routine) if given is not None else []
            if any(isinstance(one, Foreign) and keras.is_optimizer(one.name) for one in callees):
                place = routine.module.source.place(call.start, call.end)
                yield place, "optimizer", tapes.OPTION_BY_VALUE
