"""One probe from the request to the recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from initlint.finding import Place
from initlint.probe import assembly
from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, redraw
from initlint.probe.inputs.find import find_inputs
from initlint.probe.loading import unwrapped
from initlint.probe.loss import NAMED, Loss, choose_loss
from initlint.probe.merging import merge
from initlint.probe.origins import Origins
from initlint.probe.outputs import cotangents
from initlint.probe.preserving import preserved
from initlint.probe.recorder import MARK, Recorder
from initlint.probe.recording import Cost, InitialLoss, Recording
from initlint.probe.request import Request
from initlint.probe.weights import Weights

if TYPE_CHECKING:
    from initlint.probe.loading import Builder

Tell = Callable[[str], None]
"""Told the stage that begins: ``"building"``, ``"forward"``, ..."""


@dataclass(frozen=True)
class Settings:
    """How one model is run."""

    device: torch.device
    dtype: torch.dtype = torch.float32
    autocast: torch.dtype | None = None
    batch: int | None = None
    specs: tuple[str, ...] = ()
    input_file: str | None = None
    inputs: Inputs | None = None
    """Given as tensors; else found."""
    loss: str | Callable[..., Any] | None = None
    passes: frozenset[str] = frozenset()
    steps: int = 0
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    is_eval: bool = False
    is_rebuildable: bool = True
    """Whether building again gives a new draw of the weights."""
    keeps_mode: bool = False
    """Leave each module in the mode it is in."""
    tell: Tell = field(default=lambda stage: None)

    def autocasting(self) -> AbstractContextManager[Any]:
        """The context the forward pass runs in."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.autocast)


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


def run(request: Request, tell: Tell) -> Recording:
    """Load the target of a request, build it once for each seed, measure, and merge. Raises `ProbeError`."""
    from initlint.probe.loading import load, prepare

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
    return _with(merged, place=_definition(builder.target), notes=(*merged.notes, *builder.notes))


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
        recording = _record_model(model, origins, settings, seed, target, build, feeder or Feeder(settings))
    finally:
        origins.forget(model)
    return _with(recording, cost=Cost(building=building, step=recording.cost.step, passes=recording.cost.passes))


def _record_model(
    model: nn.Module,
    origins: Origins,
    settings: Settings,
    seed: int,
    target: str,
    build: Callable[[], nn.Module],
    feeder: Feeder,
) -> Recording:
    model = _moved(model, settings)
    settings.tell("inputs")
    with preserved(model):
        _set_mode(model, settings)
        inputs = feeder.batch(model, seed)
    with preserved(model, (inputs.args, inputs.kwargs)):
        _set_mode(model, settings)
        torch.manual_seed(seed)
        return _measure(model, origins, inputs, settings, seed, target, build)


def _measure(
    model: nn.Module,
    origins: Origins,
    inputs: Inputs,
    settings: Settings,
    seed: int,
    target: str,
    build: Callable[[], nn.Module],
) -> Recording:
    began = perf_counter()
    run = step(model, inputs, settings, seed)
    weights = run.recorder_weights
    resolved = run.recorder.collector.resolve()
    rows = assembly.rows(run.recorder, resolved, origins)
    stepped = perf_counter()
    parameters = assembly.parameter_rows(
        model, weights, origins, inputs.batch, settings.optimizer, settings.learning_rate
    )
    extra = _passes(model, inputs, settings, run.loss, seed, build)
    return Recording(
        target=target,
        model=type(model).__name__,
        device=str(settings.device),
        dtype=str(settings.dtype).removeprefix("torch."),
        torch=str(torch.__version__),
        seeds=(seed,),
        batch=inputs.batch,
        inputs=inputs.source,
        shapes={name: tuple(tensor.shape) for name, tensor in _named_inputs(inputs)},
        rows=rows,
        outputs=run.outputs,
        parameters=parameters,
        loss=run.initial,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        notes=_notes(run.recorder),
        cost=Cost(step=stepped - began, passes=perf_counter() - stepped),
        **extra,
    )


@dataclass(frozen=True)
class Run:
    """One forward and backward pass under the recorder."""

    recorder: Recorder
    recorder_weights: Weights
    outputs: tuple[int, ...]
    loss: Loss
    initial: InitialLoss


def step(model: nn.Module, inputs: Inputs, settings: Settings, seed: int) -> Run:
    """One recorded forward pass, the initial loss, and one backward pass of a random cotangent."""
    weights = Weights(model)
    recorder = Recorder(model, inputs.batch, weights)
    settings.tell("forward")
    args, kwargs = _watched(inputs, recorder, model)
    with recorder.watching(), settings.autocasting():
        output = model(*args, **kwargs)
    settings.tell("backward")
    loss = choose_loss(output, given=settings.loss, inputs=inputs, target=inputs.target, seed=seed)
    pairs = [(tensor, weight) for tensor, weight in cotangents(output, seed) if tensor.requires_grad]
    initial = _initial_loss(loss, output)
    outputs = tuple(dict.fromkeys(mark for tensor, _ in pairs if (mark := tensor.__dict__.get(MARK)) is not None))
    if not pairs:
        raise ProbeError(
            "backward",
            "no floating tensor of the output depends on a parameter that requires a gradient",
            "Probe the module that is trained, or make its parameters require gradients.",
        )
    torch.autograd.backward([tensor for tensor, _ in pairs], [weight for _, weight in pairs])
    return Run(recorder, weights, outputs, loss, initial)


def _initial_loss(loss: Loss, output: Any) -> InitialLoss:
    value = None
    if loss.kind != "cotangent":
        with torch.no_grad():
            value = float(loss.value(output))
    return InitialLoss(
        kind=loss.kind, description=loss.describe(), value=value, expected=loss.expected, classes=loss.classes
    )


def _watched(inputs: Inputs, recorder: Recorder, model: nn.Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs as fresh tensors that the recorder knows; they take a gradient only if no parameter does."""
    is_frozen = not any(parameter.requires_grad for parameter in model.parameters())

    def fresh(value: Any, name: str) -> Any:
        if isinstance(value, Tensor):
            made = value.detach()
            if made.is_floating_point() or made.is_complex():
                made.requires_grad_(is_frozen)
                recorder.mark_input(made, name)
            return made
        if isinstance(value, Mapping) and type(value) is dict:
            return {key: fresh(item, f"{name}.{key}") for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(fresh(item, f"{name}.{position}") for position, item in enumerate(value))
        return value

    args = tuple(
        fresh(value, f"input {position}" if position else "input") for position, value in enumerate(inputs.args)
    )
    return args, {name: fresh(value, name) for name, value in inputs.kwargs.items()}


def _passes(
    model: nn.Module,
    inputs: Inputs,
    settings: Settings,
    loss: Loss,
    seed: int,
    build: Callable[[], nn.Module],
) -> dict[str, Any]:
    """What the extra passes that are switched on measured."""
    from initlint.probe.passes.jacobian import jacobian
    from initlint.probe.passes.symmetry import replicas
    from initlint.probe.passes.time import time_gradients
    from initlint.probe.passes.unwritten import find_unwritten

    found: dict[str, Any] = {"replicas": replicas(model)}
    if found["replicas"] and settings.is_rebuildable:
        torch.manual_seed(seed + 1)
        found["replicas"] = replicas(model, unwrapped(build()))
    if "jacobian" in settings.passes:
        settings.tell("jacobian")
        found["conditioning"] = jacobian(model, inputs.args, inputs.kwargs, seed=seed)
    if "time" in settings.passes:
        settings.tell("time")
        found["times"] = time_gradients(model, inputs.args, inputs.kwargs, seed=seed)
    if "unwritten" in settings.passes and settings.is_rebuildable:
        settings.tell("unwritten")
        found["unwritten"] = find_unwritten(lambda: unwrapped(build()))
    if settings.steps:
        from initlint.probe.passes.steps import observe

        settings.tell("steps")
        found["steps"] = tuple(observe(model, inputs, loss, settings.steps, settings.optimizer, settings.learning_rate))
    return found


# ------------------------------------------------------------------------------------------------------------- around


def settings_of(request: Request, tell: Tell) -> Settings:
    """How to run what a request asks for."""
    return Settings(
        device=device_of(request.device),
        dtype=getattr(torch, request.dtype),
        autocast=getattr(torch, request.autocast) if request.autocast else None,
        batch=request.batch,
        specs=request.inputs,
        input_file=request.input_file and os.path.join(request.directory, request.input_file),
        loss=_loss_of(request),
        passes=frozenset(request.passes),
        steps=request.steps,
        optimizer=request.optimizer,
        learning_rate=request.learning_rate,
        is_eval=request.is_eval,
        tell=tell,
    )


def _loss_of(request: Request) -> str | Callable[..., Any] | None:
    """The loss by its own name, or the user's function that ``module:function`` names."""
    if request.loss is None or request.loss in NAMED:
        return request.loss
    from initlint.probe.loading import load

    found = load(request.loss, request.directory)
    if not callable(found):
        raise ProbeError("loss", f"{request.loss} is a {type(found).__name__}, not a function", "Name a function.")
    return found() if isinstance(found, type) else found


def device_of(name: str) -> torch.device:
    """The device of that name; ``"auto"`` is the first accelerator, else the CPU. Raises `ProbeError` if it is not there."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (device.index or 0) >= counts.get(device.type, 1):
        raise ProbeError("building", f"device {name!r} is not available", "Give --device cpu, or auto.")
    return device


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
    import inspect
    from pathlib import Path

    from initlint.reading.source import displayed

    found: Any = target if inspect.isclass(target) or inspect.isfunction(target) else type(target)
    try:
        path, line = inspect.getsourcefile(found), inspect.getsourcelines(found)[1]
    except (OSError, TypeError):
        return None
    return None if path is None else Place(displayed(Path(path)), line, 1, line, 1)


def _with(recording: Recording, **changes: Any) -> Recording:
    from msgspec.structs import replace as replaced

    return replaced(recording, **changes)
