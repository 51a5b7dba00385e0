"""A model at hand, probed in this process: from what the caller gave to a recording."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Recipe, make_inputs
from initlint.probe.loading import prepare
from initlint.probe.process_state import process_preserved
from initlint.probe.recording import Recording
from initlint.probe.request import Request
from initlint.probe.session import record_seeds
from initlint.probe.settings import Settings, settings_of

GIVEN = "given"
"""Source of inputs that are tensors."""


def record_here(
    model: object,
    inputs: object,
    request: Request,
    *,
    labels: Tensor | None = None,
    loss: Callable[..., Any] | None = None,
    is_eval: bool | None = None,
) -> Recording:
    """Measure a model, class or factory as `request` says.

    A built model stays where it is, in its modes, and of its type, unless the request names another device or type: then a
    copy is measured. The process is afterwards as before. Raises `ProbeError`, and whatever the model raises.
    """
    settings = replace(settings_of(request, lambda stage: None), is_eval=bool(is_eval))
    if loss is not None:
        settings = replace(settings, loss=loss)
    with process_preserved():
        if isinstance(model, nn.Module):
            model, settings = _at_home(model, request, settings, is_eval)
        settings = _with_inputs(settings, inputs, labels)
        return record_seeds(prepare(model, request.arguments), settings, request.seeds, target=request.target)


def _at_home(
    model: nn.Module, request: Request, settings: Settings, is_eval: bool | None
) -> tuple[nn.Module, Settings]:
    """A built model with the settings that leave it where it is, or a copy of it where it is to be."""
    first = next((tensor for tensor in model.parameters() if tensor.is_floating_point()), torch.empty(0))
    device = first.device if request.device == "auto" else settings.device
    is_other = device != first.device or (request.dtype != "float32" and settings.dtype != first.dtype)
    if is_other:
        model = copy.deepcopy(model).to(device, settings.dtype)
    dtype = settings.dtype if is_other else first.dtype
    return model, replace(settings, device=device, dtype=dtype, keeps_mode=is_eval is None)


def _with_inputs(settings: Settings, inputs: object, labels: Tensor | None) -> Settings:
    """The settings with inputs as the caller gave them: tensors, or texts as for ``--input``."""
    if inputs is None:
        return settings
    texts = [inputs] if isinstance(inputs, str) else inputs
    if isinstance(texts, (list, tuple)) and all(isinstance(text, str) for text in texts):
        return replace(settings, specs=tuple(texts))
    args, kwargs = _arguments(inputs)
    recipe = Recipe(args, kwargs, labels)
    return replace(settings, inputs=make_inputs(recipe, GIVEN, device=settings.device, dtype=settings.dtype))


def _arguments(inputs: object) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    if isinstance(inputs, Mapping):
        return (), inputs
    if isinstance(inputs, (tuple, list)):
        return tuple(inputs), {}
    raise ProbeError(
        "inputs",
        f"the inputs are a {type(inputs).__name__}",
        "Give a tensor, a tuple of arguments, a dictionary of named ones, or texts like '8,3,224,224'.",
    )
