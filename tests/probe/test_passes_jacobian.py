"""Singular values of the input-output Jacobian, against the Jacobian that torch.func computes in full."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from initlint.probe.passes.jacobian import jacobian
from initlint.probe.passes.results import Conditioning


def exact(model: nn.Module, x: Tensor) -> Tensor:
    """Singular values of the full Jacobian at one sample, x: (features,)."""
    full = torch.func.jacrev(lambda row: model(row.unsqueeze(0)).flatten())(x)
    return torch.linalg.svdvals(full.reshape(-1, x.numel()).detach().double())


def mlp(*widths: int) -> nn.Sequential:
    """A tanh network of these widths."""
    torch.manual_seed(0)
    return nn.Sequential(*(layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.Tanh())))


@pytest.mark.parametrize("outputs", [1, 10, 16])
def test_up_to_sixteen_outputs_the_values_are_exact(outputs: int) -> None:
    """All singular values of the first sample's Jacobian, in descending order."""
    model, x = mlp(20, 30, outputs), torch.randn(8, 20)
    result = jacobian(model, (x,), {})
    expected = exact(model, x[0])
    assert result.is_exact
    assert result.singular == pytest.approx(expected.tolist(), rel=1e-4)
    assert result.mean_square == pytest.approx(float(expected.square().mean()), rel=1e-4)
    assert (result.outputs, result.inputs) == (outputs, 20)


def test_fewer_inputs_than_outputs_give_as_many_values_as_inputs() -> None:
    """A tall Jacobian seen whole is exact as well."""
    model, x = mlp(3, 30, 12), torch.randn(4, 3)
    result = jacobian(model, (x,), {})
    assert result.singular == pytest.approx(exact(model, x[0]).tolist(), rel=1e-4)
    assert result.condition == pytest.approx(result.singular[0] / result.singular[2])


@pytest.mark.parametrize("seed", range(5))
def test_of_many_outputs_every_value_lies_between_the_bounds(seed: int) -> None:
    """The i-th value is at most the i-th largest and at least the i-th smallest, for every draw."""
    model, x = mlp(80, 80, 60), torch.randn(4, 80)
    result = jacobian(model, (x,), {}, seed=seed, probes=8)
    expected = exact(model, x[0]).tolist()
    assert not result.is_exact
    assert len(result.singular) == 8
    for found, largest, smallest in zip(result.singular, expected, expected[-8:], strict=False):
        assert smallest * (1 - 1e-5) <= found <= largest * (1 + 1e-5)
    assert result.condition is not None
    assert result.condition <= expected[0] / expected[-1]


def test_the_mean_square_is_unbiased() -> None:
    """Over many draws the estimate from 4 products comes within 3 standard errors of the Frobenius norm of J."""
    model, x = mlp(30, 40, 50), torch.randn(2, 30)
    draws = [jacobian(model, (x,), {}, seed=seed, probes=4).mean_square for seed in range(100)]
    estimates = torch.tensor(draws, dtype=torch.float64)
    expected = float(exact(model, x[0]).square().sum()) / 50
    assert abs(float(estimates.mean()) - expected) < 3 * float(estimates.std()) / 10


def test_more_outputs_than_inputs_bound_no_condition_number() -> None:
    """A sketch of a tall Jacobian says nothing of its smallest value, and does not pretend to."""
    assert jacobian(mlp(10, 20, 40), (torch.randn(2, 10),), {}).condition is None


def test_an_orthogonal_linear_map_is_perfectly_conditioned() -> None:
    """Seen through any subspace, all values are 1."""
    linear = nn.Linear(64, 64)
    nn.init.orthogonal_(linear.weight)
    result = jacobian(linear, (torch.randn(2, 64),), {})
    assert result.singular == pytest.approx([1.0] * 8, rel=1e-5)
    assert result.condition == pytest.approx(1.0, rel=1e-5)


class Tokens(nn.Module):
    """Token and position embeddings, positions first, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Embedding(5, 4)
        self.words = nn.Embedding(50, 4)
        self.head = nn.Linear(20, 3)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, 5) integers to (batch, 3)."""
        places = self.positions(torch.arange(5))
        embedded = self.words(ids.view(-1, 5))
        embedded += places
        return self.head(embedded.flatten(1).mul(2))


def test_integer_inputs_are_replaced_by_what_their_embedding_gives() -> None:
    """Words, not positions, although those are looked up first; in-place use of the embedding is no hindrance."""
    model = Tokens()
    result = jacobian(model, (torch.randint(50, (4, 5)),), {})
    assert result.singular == pytest.approx(torch.linalg.svdvals(2 * model.head.weight.detach()).tolist(), rel=1e-4)
    assert "`words`" in result.note
    assert not model.words._forward_hooks


def test_integer_inputs_without_an_embedding_have_no_jacobian() -> None:
    """Said in the note, with no values."""

    class OneHot(nn.Linear):
        def forward(self, ids: Tensor) -> Tensor:
            return super().forward(nn.functional.one_hot(ids, 7).float())

    result = jacobian(OneHot(7, 2), (torch.randint(7, (4,)),), {})
    assert result.singular == ()
    assert "not continuous" in result.note


def test_batch_norm_in_training_uses_the_statistics_of_the_batch() -> None:
    """The block of the first sample's output and its own input, at the batch's statistics; said in the note."""
    model, x = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5)), torch.randn(16, 6)
    result = jacobian(model, (x,), {})
    full = torch.autograd.functional.jacobian(lambda row: model(torch.cat([row.unsqueeze(0), x[1:]]))[0], x[0])
    assert result.singular == pytest.approx(torch.linalg.svdvals(full).tolist(), rel=1e-3)
    assert "statistics of 16 samples" in result.note


def test_dropout_is_drawn_once_for_all_products() -> None:
    """The same mask in every row of J: with identity weights half of the values are 0 and half are 2."""
    result = jacobian(nn.Dropout(0.5), (torch.randn(2, 12),), {})
    assert set(result.singular) <= {0.0, 2.0}
    assert "dropout" in result.note
    assert result == jacobian(nn.Dropout(0.5), (torch.randn(2, 12),), {})


def test_several_inputs_and_outputs_count_together() -> None:
    """Positional and keyword inputs are the columns, all floating leaves of the output the rows."""

    class Pair(nn.Module):
        def forward(self, left: Tensor, *, right: Tensor) -> dict[str, object]:
            return {"sum": left + right, "parts": [3 * left, torch.arange(2)]}

    result = jacobian(Pair(), (torch.randn(4, 2),), {"right": torch.randn(4, 2)})
    expected = torch.linalg.svdvals(torch.tensor([[1.0, 1.0], [3.0, 0.0]]))
    assert (result.outputs, result.inputs) == (4, 4)
    assert result.singular == pytest.approx(sorted([*expected.tolist()] * 2, reverse=True), rel=1e-5)


def test_complex_entries_count_as_two_real_ones() -> None:
    """Multiplication by 3i stretches real and imaginary part by 3."""

    class Turn(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return z * 3j

    result = jacobian(Turn(), (torch.randn(2, 4, dtype=torch.complex64),), {})
    assert result.inputs == 8
    assert result.singular == pytest.approx([3.0] * 8)


def test_a_recurrent_module_in_eval_mode_and_packed_sequences_work() -> None:
    """What has no batch axis in front is not cut, and runs."""
    lstm = nn.LSTM(4, 3, batch_first=True).eval()
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(3, 5, 4), torch.tensor([5, 4, 2]), batch_first=True)
    assert len(jacobian(lstm, (packed,), {}).singular) > 0


@pytest.mark.parametrize("is_reentrant", [True, False])
def test_checkpointed_blocks_work(is_reentrant: bool) -> None:
    """Both kinds of checkpoint give the values of the plain model."""

    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mlp(6, 6, 4)

        def forward(self, x: Tensor) -> Tensor:
            return checkpoint(self.body, x, use_reentrant=is_reentrant)

    model, x = Checkpointed(), torch.randn(4, 6)
    assert jacobian(model, (x,), {}).singular == pytest.approx(exact(model.body, x[0]).tolist(), rel=1e-4)


def test_an_output_that_does_not_depend_on_the_input_has_no_gradient() -> None:
    """Detached inputs: no values, and the note says why."""

    class Cut(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.detach())

    result = jacobian(Cut(3, 3), (torch.randn(4, 3),), {})
    assert result.singular == ()
    assert "no gradient" in result.note


def test_a_gradient_that_is_not_finite_gives_no_values() -> None:
    """A root at zero: said in the note instead of NaN."""

    class Root(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x * 0).sqrt()

    result = jacobian(Root(), (torch.randn(4, 3),), {})
    assert result.singular == ()
    assert result.mean_square is None
    assert "not finite" in result.note


def test_the_model_is_left_as_it_was() -> None:
    """Frozen flags, gradients, statistics and random state are untouched."""
    model, x = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.1)), torch.randn(16, 6)
    state, values = torch.get_rng_state(), {name: value.clone() for name, value in model.state_dict().items()}
    jacobian(model, (x,), {})
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, values[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert not x.requires_grad


def test_what_is_lost_in_rounding_is_zero() -> None:
    """A head whose rows are equal has rank one, and a condition number of its one direction."""
    model = mlp(20, 30, 10)
    nn.init.constant_(model[2].weight, 0.1)
    nn.init.constant_(model[2].bias, 0.0)
    result = jacobian(model, (torch.randn(4, 20),), {})
    assert result.singular[1:] == (0.0,) * 9
    assert (result.rank, result.condition) == (1, 1.0)


def test_a_softmax_takes_one_direction_and_is_no_fault() -> None:
    """Rank C - 1; the condition number is of the others."""
    model, x = nn.Sequential(nn.Linear(20, 10), nn.Softmax(1)), torch.randn(4, 20)
    result = jacobian(model, (x,), {})
    assert result.rank == 9
    assert result.condition == pytest.approx(float(exact(model, x[0])[0] / exact(model, x[0])[8]), rel=1e-3)


def test_a_part_of_the_outputs_without_full_rank_bounds_nothing() -> None:
    """Zeros among the values of a sketch say that J lacks rank, not how far its other values spread."""
    result = Conditioning(singular=(1.0, 0.0), is_exact=False, mean_square=0.5, outputs=20, inputs=30)
    assert (result.rank, result.condition) == (1, None)
