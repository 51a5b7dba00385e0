"""How a model is run: what the request says, in PyTorch's terms."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs
from initlint.probe.loading import load
from initlint.probe.loss import NAMED
from initlint.probe.request import Request

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
