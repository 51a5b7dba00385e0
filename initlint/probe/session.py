"""One probe from the request to the recording."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from msgspec.structs import replace as changed
from torch import Tensor, nn

from initlint.finding import Place
from initlint.probe import assembly, keras_models
from initlint.probe.inputs.batch import Inputs, redraw
from initlint.probe.inputs.find import find_inputs
from initlint.probe.loading import Builder, load, prepare, unwrapped
from initlint.probe.loss import Loss
from initlint.probe.merging import merge
from initlint.probe.origins import Origins
from initlint.probe.passes.jacobian import jacobian
from initlint.probe.passes.results import Replicas
from initlint.probe.passes.steps import observe
from initlint.probe.passes.symmetry import replicas
from initlint.probe.passes.time import time_gradients
from initlint.probe.passes.unwritten import find_unwritten
from initlint.probe.preserving import preserved
from initlint.probe.recorder import Recorder
from initlint.probe.recording import Cost, Recording
from initlint.probe.request import Request
from initlint.probe.settings import Settings, Tell, settings_of
from initlint.probe.step import step
from initlint.reading.source import displayed


def run(request: Request, tell: Tell) -> Recording:
    """Load the target of a request, build it once for each seed, measure, and merge. Raises `ProbeError`."""
    tell("importing")
    builder = prepare(load(request.target, request.directory), request.arguments, request.directory)
    seeds = request.seeds if "seeds" in request.passes else 1
    return record_seeds(builder, settings_of(request, tell), seeds, target=request.target)


def record_seeds(builder: Builder, settings: Settings, seeds: int, *, target: str) -> Recording:
    """Build a model once for each seed, measure, and merge; what is built already is measured once.

    The extra passes run on the first build, and given inputs go to all.
    """
    settings = replace(settings, is_rebuildable=builder.is_rebuildable)
    feeder = Feeder(settings)
    recordings = []
    for seed in range(seeds if builder.is_rebuildable else 1):
        found = settings if seed == 0 else replace(settings, passes=frozenset(), steps=0)
        recordings.append(record(builder.build, found, seed=seed, target=target, feeder=feeder))
    merged = merge(recordings)
    return changed(merged, place=_definition(builder.target), notes=(*merged.notes, *builder.notes))


def record(
    build: Callable[[], nn.Module],
    settings: Settings,
    *,
    seed: int = 0,
    target: str = "",
    feeder: Feeder | None = None,
) -> Recording:
    """Build a model and measure it. The model and the process are afterwards as before."""
    settings.tell("building")
    began = perf_counter()
    torch.manual_seed(seed)
    origins = Origins()
    with origins.watching():
        model = unwrapped(build())
    building = perf_counter() - began
    try:
        recording = _record(Build(model, origins, seed, build), settings, feeder or Feeder(settings))
    finally:
        origins.forget(model)
    return changed(recording, target=target, cost=changed(recording.cost, building=building))


@dataclass(frozen=True)
class Build:
    """One draw of a model's weights."""

    model: nn.Module
    origins: Origins
    seed: int
    again: Callable[[], nn.Module]
    """Builds it once more."""


class Feeder:
    """Gives each build of one model its batch: what fits is looked for once, and drawn anew for each seed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Inputs | None = settings.inputs

    def batch(self, model: nn.Module, seed: int) -> Inputs:
        """The batch for the build of that seed. Raises `ProbeError` if nothing fits."""
        settings = self._settings
        if settings.inputs is not None:
            return settings.inputs
        if self._found is not None:
            return redraw(self._found, seed)
        self._found = find_inputs(
            model,
            specs=settings.specs,
            file=settings.input_file,
            batch=settings.batch,
            device=settings.device,
            dtype=settings.dtype,
            seed=seed,
        )
        return self._found


def _record(built: Build, settings: Settings, feeder: Feeder) -> Recording:
    model = _moved(built.model, settings)
    settings.tell("inputs")
    with preserved(model):
        _set_mode(model, settings)
        inputs = feeder.batch(model, built.seed)
    with preserved(model, (inputs.args, inputs.kwargs)):
        _set_mode(model, settings)
        torch.manual_seed(built.seed)
        keras_models.build(model, inputs.args, inputs.kwargs)
        return _measure(replace(built, model=model), inputs, settings)


def _measure(built: Build, inputs: Inputs, settings: Settings) -> Recording:
    began = perf_counter()
    model = built.model
    run = step(model, inputs, settings, built.seed)
    rows = assembly.rows(run.recorder, run.recorder.collector.resolve(), built.origins)
    stepped = perf_counter()
    optimizer = settings.optimizer, settings.learning_rate
    parameters = assembly.parameter_rows(model, run.weights, built.origins, inputs.batch, *optimizer)
    extra, notes = _passes(built, inputs, settings, run.loss)
    return Recording(
        framework=keras_models.framework_of(model),
        target="",
        model=type(model).__name__,
        device=str(settings.device),
        dtype=str(settings.dtype).removeprefix("torch."),
        torch=str(torch.__version__),
        seeds=(built.seed,),
        batch=inputs.batch,
        inputs=inputs.source,
        shapes={name: tuple(tensor.shape) for name, tensor in _named_inputs(inputs)},
        rows=rows,
        outputs=run.outputs,
        parameters=parameters,
        loss=run.initial,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        notes=(*_notes(run.recorder), *notes),
        cost=Cost(step=stepped - began, passes=perf_counter() - stepped),
        **extra,
    )


def _passes(built: Build, inputs: Inputs, settings: Settings, loss: Loss) -> tuple[dict[str, Any], list[str]]:
    """What the extra passes that are switched on measured, and notes on those that the model does not stand."""
    model, seed = built.model, built.seed
    measures: dict[str, tuple[str, Callable[[], object]]] = {
        "jacobian": ("conditioning", lambda: jacobian(model, inputs.args, inputs.kwargs, seed=seed)),
        "time": ("times", lambda: time_gradients(model, inputs.args, inputs.kwargs, seed=seed)),
        "unwritten": ("unwritten", lambda: find_unwritten(lambda: unwrapped(built.again()))),
    }
    found: dict[str, Any] = {"replicas": _replicas(built, settings)}
    notes = []
    for name, (key, measure) in measures.items():
        if name in settings.passes and (name != "unwritten" or settings.is_rebuildable):
            settings.tell(name)
            try:
                found[key] = measure()
            except Exception as error:  # the step went well: what it showed is not lost for an extra
                notes.append(f"the {name} pass failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    if settings.steps:
        settings.tell("steps")
        found["steps"] = tuple(observe(model, inputs, loss, settings.steps, settings.optimizer, settings.learning_rate))
    return found, notes


def _replicas(built: Build, settings: Settings) -> tuple[Replicas, ...]:
    """Copies of one draw: what another seed leaves as it is was not drawn."""
    found = replicas(built.model)
    if not found or not settings.is_rebuildable:
        return found
    torch.manual_seed(built.seed + 1)
    return replicas(built.model, unwrapped(built.again()))


def _moved(model: nn.Module, settings: Settings) -> nn.Module:
    if settings.keeps_mode:
        return model
    with torch.no_grad():
        is_plain = settings.dtype == torch.float32
        return model.to(settings.device) if is_plain else model.to(settings.device, settings.dtype)


def _set_mode(model: nn.Module, settings: Settings) -> None:
    if not settings.keeps_mode:
        model.train(not settings.is_eval)


def _named_inputs(inputs: Inputs) -> Iterator[tuple[str, Tensor]]:
    for position, value in enumerate(inputs.args):
        if isinstance(value, Tensor):
            yield f"input {position}" if position else "input", value
    for name, value in inputs.kwargs.items():
        if isinstance(value, Tensor):
            yield name, value


def _notes(recorder: Recorder) -> tuple[str, ...]:
    found = []
    if recorder.is_cut:
        found.append("calls repeated more than 128 times at one place are shown for the first 128 only")
    if any(not event.is_observable for event in recorder.events if event.operation.op != "input"):
        found.append("some operations run without a gradient: in no_grad, detached or in a reentrant checkpoint")
    return tuple(found)


def _definition(target: object) -> Place | None:
    """Where the class or function is defined."""
    found: Any = target if inspect.isclass(target) or inspect.isfunction(target) else type(target)
    try:
        path, line = inspect.getsourcefile(found), inspect.getsourcelines(found)[1]
    except (OSError, TypeError):
        return None
    return None if path is None else Place(displayed(Path(path)), line, 1, line, 1)
