"""Loops that Lightning runs: a trainer that fits a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.classes import ancestry, foreign_bases
from initlint.program.loops.clipping import clips_in, hooks_in
from initlint.program.loops.expressions import argument, dotted, inside
from initlint.program.loops.recurrence import recurrence_of
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.loops.values import Foreign, Instance, Value
from initlint.program.training import TrainedModel, TrainingLoop
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.links import Links
    from initlint.program.loops.values import Values

TRAINER = "Trainer"


def lightning_loops(values: Values, links: Links) -> Iterator[TrainingLoop]:
    """One loop for each trainer that fits modules of the program under automatic optimisation."""
    for module in links.calling("fit") if links.calling(TRAINER) else ():
        for routine, call in links.scopes(module).calls.get("fit", ()):
            if isinstance(call.function, facts.Attribute):
                for trainer in values.of(call.function.value, routine):
                    if isinstance(trainer, Foreign) and _is_trainer(trainer):
                        yield from _loop(values, trainer, call, routine)


def _is_trainer(made: Foreign) -> bool:
    return made.call is not None and is_trainer_class(made)


def is_trainer_class(value: Value) -> bool:
    """Whether it is Lightning's trainer."""
    if not isinstance(value, Foreign):
        return False
    return value.name.startswith(framework.LIGHTNING_ROOTS) and value.name.endswith(f".{TRAINER}")


def _loop(values: Values, trainer: Foreign, fit: facts.Call, routine: Routine) -> Iterator[TrainingLoop]:
    assert trainer.call is not None and trainer.routine is not None
    given = argument(fit, "model", 0)
    fitted = [value for value in values.of(given, routine) if isinstance(value, Instance)]
    models = [value for value in fitted if not _is_manual(values, value.cls)]
    if not models:
        return
    source = trainer.routine.module.source
    place = source.place(trainer.call.start, trainer.call.end)
    clips = (place,) if _may_clip(values, trainer, models) else ()
    trained = tuple(trained_model(values, value) for value in models)
    yield TrainingLoop(
        routine.name,
        None,
        place,
        "",
        "",
        (),
        trained,
        lambda: clips,
        None,
        routine=trainer.routine,
        node=trainer.call,
        trainer=TRAINER,
    )


def trained_model(values: Values, value: Value) -> TrainedModel:
    """What is known of a model that is trained."""
    if isinstance(value, Instance):
        source, node, name = value.cls.module.source, value.cls.node, value.cls.name
        return TrainedModel(name, source.place(node.start, node.end), recurrence_of(values, value))
    assert isinstance(value, Foreign) and value.call is not None and value.routine is not None
    place = value.routine.module.source.place(value.call.start, value.call.end)
    return TrainedModel(value.name.rpartition(".")[2], place, recurrence_of(values, value))


def _may_clip(values: Values, trainer: Foreign, models: list[Instance]) -> bool:
    """Whether the trainer is told to clip, may be told by what is not known, or a module does it itself."""
    assert trainer.call is not None
    for one in trainer.call.arguments:
        is_off = isinstance(one.value, facts.Literal) and one.value.value in (None, 0)
        if one.star or (one.keyword == framework.LIGHTNING_CLIPPING and not is_off):
            return True
        if one.keyword in ("callbacks", "plugins", "strategy") and _mentions_clipping(one.value):
            return True
    return any(_module_may_clip(values, model.cls) for model in models)


def _mentions_clipping(node: facts.Expression) -> bool:
    return any("clip" in dotted(one).lower() for one in inside(node) if isinstance(one, (facts.Name, facts.Attribute)))


def _module_may_clip(values: Values, cls: ClassScope) -> bool:
    for one in ancestry(values, cls):
        for name, method in one.methods.items():
            if any(clips_in(values, method)) or any(hooks_in(values, method)):
                return True
            if name == "configure_gradient_clipping":
                return True
    bases = foreign_bases(values, cls)
    return any(
        "Lightning" not in base.rpartition(".")[2] and not base.startswith("torch.") for base in bases if "." in base
    )


def _is_manual(values: Values, cls: ClassScope) -> bool:
    """Whether a module turns automatic optimisation off."""
    return any("automatic_optimization" in one.attributes for one in ancestry(values, cls))
