"""What of a recurrent module's last output reaches each time step."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from initlint.probe.passes.results import TimeGradient
from initlint.probe.passes.time import time_gradients


def measured(model: nn.Module, *args: Any, **kwargs: Any) -> TimeGradient:
    """Of the one recurrent module in `model`."""
    (found,) = time_gradients(model, args, kwargs)
    return found


def linear_rnn(factor: float, **options: Any) -> nn.RNN:
    """h_t = x_t + factor h_{t-1}, as good as linear for small inputs: the gradient changes by factor² a step."""
    rnn = nn.RNN(6, 6, nonlinearity="relu", **options)
    for name, parameter in rnn.named_parameters():
        nn.init.zeros_(parameter)
        if name.startswith("weight"):
            nn.init.eye_(parameter)
            parameter.data *= factor if "_hh" in name else 1.0
    return rnn


def positive(*shape: int) -> Tensor:
    """Inputs that keep every ReLU open."""
    return torch.rand(*shape) + 0.1


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_the_rate_is_the_square_of_the_recurrent_factor(factor: float) -> None:
    """Known exactly for a linear recurrence; decades add up over the steps."""
    found = measured(linear_rnn(factor), positive(20, 4, 6))
    assert found.rate == pytest.approx(factor**2, rel=1e-4)
    assert found.decades == pytest.approx(19 * math.log10(factor**2), abs=1e-3)
    assert (found.steps, found.reach) == (20, 20)
    assert found.mean_squares[0] == pytest.approx(found.mean_squares[-1] * factor**38, rel=1e-3)


def test_batch_first_and_unbatched_inputs_are_read_along_their_time_axis() -> None:
    """The same numbers as with time first."""
    x = positive(12, 3, 6)
    expected = measured(linear_rnn(0.7), x)
    assert measured(linear_rnn(0.7, batch_first=True), x.transpose(0, 1)) == expected
    assert measured(linear_rnn(0.7), x[:, 0]).rate == pytest.approx(0.49, rel=1e-4)
    assert measured(linear_rnn(0.7, batch_first=True), x[:, 0]).steps == 12


def test_packed_sequences_are_aligned_at_their_last_steps() -> None:
    """Sequences of different lengths, in any order, each from its own end."""
    packed = pack_padded_sequence(positive(9, 3, 6), torch.tensor([4, 9, 6]), enforce_sorted=False)
    found = measured(linear_rnn(0.5), packed)
    assert found.steps == 9
    assert found.rate == pytest.approx(0.25, rel=1e-3)
    ratios = [early / late for early, late in zip(found.mean_squares[-4:], found.mean_squares[-3:], strict=False)]
    assert ratios == pytest.approx([0.25] * 3, rel=1e-4)


def test_a_sequence_of_length_one_in_a_pack_is_no_error() -> None:
    """It has a last step and no other."""
    found = measured(nn.GRU(2, 3), pack_sequence([torch.randn(5, 2), torch.randn(1, 2)]))
    assert found.reach == 5


def test_of_a_bidirectional_module_the_forward_direction_counts() -> None:
    """The backward direction sees the last step first and would hide the loss."""
    rnn = linear_rnn(0.5, bidirectional=True)
    assert measured(rnn, positive(15, 4, 6)).rate == pytest.approx(0.25, rel=1e-4)


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # that oneDNN has no kernel for it
def test_layers_projections_and_given_states_are_no_hindrance() -> None:
    """Multi-layer LSTM with projection, dropout and an initial state, in eval mode too."""
    torch.manual_seed(0)
    lstm = nn.LSTM(4, 8, 2, proj_size=3, dropout=0.5)
    state = (torch.zeros(2, 5, 3), torch.zeros(2, 5, 8))
    found = measured(lstm, torch.randn(7, 5, 4), state)
    assert (found.steps, found.reach) == (7, 7)
    assert measured(lstm.eval(), torch.randn(7, 5, 4), hx=state).reach == 7


def test_the_module_is_found_inside_a_model_and_named() -> None:
    """Each recurrent module that ran, in the order of running; others are silent."""

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second = nn.GRU(8, 4, batch_first=True)
            self.first = nn.LSTM(6, 8, batch_first=True)
            self.unused = nn.RNN(2, 2)
            self.embed = nn.Embedding(30, 6)

        def forward(self, ids: Tensor) -> Tensor:
            hidden, _ = self.first(self.embed(ids))
            return self.second(hidden)[0][:, -1]

    found = time_gradients(Tagger(), (torch.randint(30, (4, 11)),), {})
    assert [(each.name, each.steps) for each in found] == [("first", 11), ("second", 11)]


def test_beyond_underflow_the_rate_is_extrapolated() -> None:
    """A gradient that single precision cannot hold at step 1 of 400 has its decades all the same."""
    found = measured(linear_rnn(0.1), positive(400, 2, 6))
    assert found.reach < 60
    assert found.mean_squares[0] == 0.0
    assert found.decades == pytest.approx(-2 * 399, rel=0.01)


def test_explosion_beyond_single_precision_is_extrapolated_too() -> None:
    """What is not finite is ``None``, never a number."""
    found = measured(linear_rnn(10.0), positive(60, 2, 6) * 1e-38)
    assert found.rate is not None
    assert found.rate == pytest.approx(100, rel=0.01)
    assert found.decades == pytest.approx(118, rel=0.01)
    assert found.mean_squares[0] is None


def test_a_module_without_memory_reaches_one_step() -> None:
    """Recurrent weights of zero: rate 0."""
    found = measured(linear_rnn(0.0), positive(5, 2, 6))
    assert (found.reach, found.rate, found.decades) == (1, 0.0, -math.inf)


def test_one_step_is_no_sequence() -> None:
    """A module called in a loop, one step at a time, says nothing here."""
    assert time_gradients(nn.LSTM(3, 4), (torch.randn(1, 2, 3),), {}) == ()


def test_the_known_trouble_of_a_default_tanh_network_shows() -> None:
    """PyTorch's default recurrent weights, U(-1/sqrt(n), 1/sqrt(n)), shrink the gradient to a third each step back."""
    torch.manual_seed(0)
    found = measured(nn.RNN(16, 128), torch.randn(100, 8, 16))
    assert found.rate is not None
    assert 0.2 < found.rate < 0.34
    orthogonal = nn.RNN(16, 128)
    nn.init.orthogonal_(orthogonal.weight_hh_l0)
    better = measured(orthogonal, 0.01 * torch.randn(100, 8, 16))
    assert better.rate is not None
    assert better.rate > found.rate


def test_the_model_is_left_as_it_was() -> None:
    """Hooks, gradients and flags."""
    model = nn.GRU(3, 4)
    time_gradients(model, (torch.randn(5, 2, 3),), {})
    assert not model._forward_pre_hooks
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
