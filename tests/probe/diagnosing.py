"""Small models, and what the diagnosis of one measured step says of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from recorded import record, signal
from torch import Tensor, nn

from initlint.diagnosis.health import Health, diagnose
from initlint.diagnosis.symptoms import Diagnosis, Symptom
from initlint.finding import Severity
from initlint.probe.linking import link

Init = Callable[[Tensor], object]
WIDTH = 64


def he(tensor: Tensor) -> object:
    """He et al. 2015."""
    return nn.init.kaiming_normal_(tensor, nonlinearity="relu")


def stack(
    depth: int, activation: type[nn.Module] = nn.ReLU, init: Init | None = None, norm: type[nn.Module] | None = None
) -> nn.Module:
    """Linear maps of one width, each with its norm and activation, and a head."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(WIDTH, WIDTH), *([norm(WIDTH)] if norm is not None else []), activation()]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, 4))
    for layer in model if init is not None else ():
        if isinstance(layer, nn.Linear):
            init(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def health(build: Callable[[], nn.Module], *shape: int, **settings: object) -> Health:
    """Of a model on a batch of this shape: 32 vectors unless it is given."""
    given = shape or (32, WIDTH)
    return diagnose(link(record(build, signal(*given), batch=given[0], **settings)))


def find(found: Health, symptom: Symptom) -> Diagnosis:
    """The diagnosis of that symptom."""
    return next(each for each in found.diagnoses if each.symptom is symptom)


def symptoms(found: Health) -> set[Symptom]:
    """What was diagnosed, information aside."""
    return {each.symptom for each in found.diagnoses if each.severity is not Severity.INFO}


class LowRank(nn.Module):
    """A frozen layer with a trained product of two factors beside it; LoRA starts with the second at zero."""

    def __init__(self, first: float = 1.0) -> None:
        super().__init__()
        self.base = nn.Linear(WIDTH, WIDTH).requires_grad_(False)
        self.a = nn.Parameter(torch.randn(WIDTH, 4) * first)
        self.b = nn.Parameter(torch.zeros(4, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to the same."""
        return self.base(x) + x @ self.a @ self.b


class Unused(nn.Module):
    """One of two branches runs."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.other = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to (batch, 4)."""
        return self.used(x)
