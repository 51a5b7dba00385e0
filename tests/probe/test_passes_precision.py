"""The size of an optimiser's first step, against the optimiser itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from initlint.probe.passes.precision import update_ratio

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e-9])
def test_the_closed_form_is_what_the_optimiser_does(name: str, size: float) -> None:
    """RMS of the change over RMS of the weight, for large gradients and for ones below Adam's epsilon."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(64, 32, dtype=torch.float64))
    weight.grad = size * torch.randn(64, 32, dtype=torch.float64)
    before, predicted = weight.detach().clone(), update_ratio(weight, weight.grad, name, 0.01)
    options = {"weight_decay": 0.0} if name == "adamw" else {}
    OPTIMIZERS[name]([weight], lr=0.01, **options).step()
    expected = float((weight.detach() - before).norm() / before.norm())
    assert predicted == pytest.approx(expected, rel=1e-6)


def test_gradients_whose_squares_underflow_still_have_a_ratio() -> None:
    """1e-30 squared is zero in single precision; the ratio is not."""
    weight = torch.ones(4)
    assert update_ratio(weight, torch.full((4,), 1e-30), "sgd", 1.0) == pytest.approx(1e-30)


def test_what_has_no_ratio_gives_none() -> None:
    """A weight of zeros, a gradient that is not finite, an optimiser without closed form."""
    ones = torch.ones(4)
    assert update_ratio(torch.zeros(4), ones, "sgd", 0.1) is None
    assert update_ratio(ones, ones * float("inf"), "sgd", 0.1) is None
    assert update_ratio(ones, ones, "lbfgs", 0.1) is None


def test_a_zero_gradient_moves_nothing() -> None:
    """Under both optimisers."""
    assert update_ratio(torch.ones(4), torch.zeros(4), "sgd", 0.1) == 0.0
    assert update_ratio(torch.ones(4), torch.zeros(4), "adam", 0.1) == 0.0
