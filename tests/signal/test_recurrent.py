"""What recurrent layers make of a sequence, against torch's layers run."""

from __future__ import annotations

import pytest

from initlint.signal.recurrent import Drive, respond

torch = pytest.importorskip("torch")
HIDDEN, STEPS, SAMPLES = 384, 12, 64
CELLS = {"lstm": "LSTM", "gru": "GRU"}


def run(cell: str, size: float, common: float, seeds: int = 3) -> tuple[Drive, float]:
    """Moments of the outputs of torch's default layer, and E[g²] at its input for independent gradients of 1."""
    totals = torch.zeros(4, dtype=torch.float64)
    for seed in range(seeds):
        torch.manual_seed(seed)
        layer = getattr(torch.nn, CELLS[cell])(HIDDEN, HIDDEN, batch_first=True)
        own = torch.randn(SAMPLES, STEPS, HIDDEN) * (size - common) ** 0.5
        x = (own + torch.randn(SAMPLES, 1, HIDDEN) * common**0.5).requires_grad_()
        y = layer(x)[0]
        y.backward(torch.randn_like(y))
        y = y.detach()
        sums = y.sum(1)
        apart = ((sums**2).mean() - STEPS * (y**2).mean()) / (STEPS * (STEPS - 1))
        total = y.sum(0)
        across = ((total**2).mean() - SAMPLES * (y**2).mean()) / (SAMPLES * (SAMPLES - 1))
        totals += torch.tensor([float((y**2).mean()), float(apart), float(across), float((x.grad**2).mean())])  # type: ignore[union-attr]
    second, apart, across, gradient = (totals / seeds).tolist()
    return Drive(second, apart, across), gradient


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(("size", "common"), [(1.0, 0.0), (4.0, 0.0), (2.0, 1.0)])
def test_a_layer_at_torchs_default_gives_and_returns_what_torchs_own_does(
    cell: str, size: float, common: float
) -> None:
    third, bias = 1 / 3, 1 / (3 * HIDDEN)
    found = respond(cell, Drive(third * size + bias, third * common + bias, bias), bias, third, STEPS)
    drawn, gradient = run(cell, size, common)
    assert found is not None
    assert found.output.second == pytest.approx(drawn.second, rel=0.04)
    assert found.output.apart == pytest.approx(drawn.apart, rel=0.1)
    assert found.output.across == pytest.approx(drawn.across, abs=0.02 * drawn.second)
    assert third * found.gradient == pytest.approx(gradient, rel=0.1)


@pytest.mark.parametrize("cell", list(CELLS))
def test_a_long_sequence_comes_to_the_limit(cell: str) -> None:
    limit, long = (respond(cell, Drive(1 / 3), 0.0, 1 / 3, steps) for steps in (None, 100))
    assert limit is not None
    assert long is not None
    assert limit.output.second == pytest.approx(long.output.second, rel=0.03)
    assert 0 < limit.step < 1


def test_weights_of_zero_between_steps_leave_the_gate_alone_to_remember() -> None:
    found = respond("lstm", Drive(1e-9), 0.0, 0.0, None)
    assert found is not None
    assert found.step == pytest.approx(0.25, rel=1e-3)
