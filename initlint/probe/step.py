"""One forward and backward pass of a model, watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs
from initlint.probe.loss import Loss, choose_loss
from initlint.probe.marks import marks_of
from initlint.probe.outputs import contraction, cotangents
from initlint.probe.recorder import Recorder
from initlint.probe.recording import InitialLoss
from initlint.probe.settings import Settings
from initlint.probe.weights import Weights


@dataclass(frozen=True)
class Run:
    """One forward and backward pass under the recorder."""

    recorder: Recorder
    weights: Weights
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
    outputs = marks_of(tensor for tensor, _ in pairs)
    if not pairs:
        raise ProbeError(
            "backward",
            "no floating tensor of the output depends on a parameter that requires a gradient",
            "Probe the module that is trained, or make its parameters require gradients.",
        )
    contraction(pairs).backward()  # type: ignore[no-untyped-call]
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
