"""What one recorded step of a small model shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from initlint.probe.inputs.batch import Inputs, Recipe
from initlint.probe.recording import ParameterRow, Recording, Row
from initlint.probe.session import record as record_model
from initlint.probe.settings import Settings

CPU = torch.device("cpu")


def record(build: Callable[[], nn.Module], *args: Any, seed: int = 0, batch: int = 8, **settings: Any) -> Recording:
    """Build a model, and record it on the arguments of its forward pass; other settings by name."""
    inputs = Inputs(args, {}, None, "given", batch, Recipe(args, {}), CPU, torch.float32)
    return record_model(build, Settings(CPU, inputs=inputs, **settings), seed=seed)


def signal(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    """A standard normal input."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def rows(recording: Recording) -> list[Row]:
    """Those of operations: without the inputs."""
    return [row for row in recording.rows if row.op != "input"]


def row(recording: Recording, name: str, kind: str = "") -> Row:
    """The only row of that module, and of that kind if it is given."""
    found = [each for each in rows(recording) if each.name == name and kind in ("", each.kind)]
    assert len(found) == 1, [(each.name, each.kind) for each in recording.rows]
    return found[0]


def kinds(recording: Recording) -> list[str]:
    """The operations in signal order."""
    return [each.kind for each in rows(recording)]


def parameter(recording: Recording, name: str) -> ParameterRow:
    """The parameter of that name."""
    return next(each for each in recording.parameters if each.name == name)


def mean_square(tensor: Tensor) -> float:
    """E[x²] over all entries, in float64."""
    return float(tensor.detach().double().square().mean())


class Reused(nn.Module):
    """One layer, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        return self.layer(self.layer(x).relu())
