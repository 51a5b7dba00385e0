"""What the recorder sees of functions, operators, and code of which it sees no inside."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from recorded import Reused, kinds, parameter, record, row, rows, signal
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from initlint.network.measurement import Statistics


class Checkpointed(nn.Module):
    """Two blocks whose insides are computed again in the backward pass."""

    def __init__(self, use_reentrant: bool | None) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4)) for _ in range(2))
        self.use_reentrant = use_reentrant

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        x = self.first(x)
        for block in self.blocks:
            is_plain = self.use_reentrant is None
            x = x + (block(x) if is_plain else checkpoint(block, x, use_reentrant=self.use_reentrant))
        return x


def test_a_checkpointed_block_is_recorded_once_as_if_it_were_not() -> None:
    plain, checkpointed = (record(lambda: Checkpointed(way), signal(8, 4)) for way in (None, False))  # noqa: B023
    assert [(each.name, each.kind, each.inputs) for each in rows(checkpointed)] == [
        (each.name, each.kind, each.inputs) for each in rows(plain)
    ]
    assert [each.output for each in checkpointed.rows] == [each.output for each in plain.rows]
    assert [each.gradient for each in checkpointed.rows] == [each.gradient for each in plain.rows]


def test_inside_a_reentrant_checkpoint_signals_are_seen_and_gradients_only_at_its_end() -> None:
    plain, checkpointed = (record(lambda: Checkpointed(way), signal(8, 4)) for way in (None, True))  # noqa: B023
    assert [each.output for each in checkpointed.rows] == [each.output for each in plain.rows]
    assert [each.inputs for each in checkpointed.rows] == [each.inputs for each in plain.rows]
    hidden = [each for each in rows(checkpointed) if not each.is_observable]
    assert {each.name for each in hidden} == {"blocks.0.0", "blocks.0.1", "blocks.1.0", "blocks.1.1"}
    assert all(each.gradient is None for each in hidden)
    assert row(checkpointed, "blocks.1.2").gradient == row(plain, "blocks.1.2").gradient
    assert all(each.gradient is not None for each in checkpointed.parameters)
    assert any("without a gradient" in note for note in checkpointed.notes)


class Doubling(torch.autograd.Function):
    """Twice its input, ten times its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Element by element."""
        return 2 * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Not the true one: so that the test sees that it is asked."""
        return 10 * gradient


def test_a_custom_autograd_function_is_a_row_of_unknown_operation() -> None:
    class Custom(Reused):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(Doubling.apply(self.layer(x)))

    layer, custom, tanh = rows(record(Custom, signal(8, 4)))
    assert (custom.op, custom.kind, custom.inputs, tanh.inputs) == ("unknown", "Doubling", (layer.id,), (custom.id,))
    assert custom.output.second == pytest.approx(4 * layer.output.second, rel=1e-6)
    assert layer.gradient is not None and custom.gradient is not None
    assert layer.gradient.mean_square == pytest.approx(100 * custom.gradient.mean_square, rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_scripted_submodule_is_a_row_of_unknown_operation() -> None:
    def build() -> nn.Module:
        scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 6), nn.Tanh()))
        return nn.Sequential(nn.Linear(4, 4), scripted, nn.Linear(6, 2))

    first, scripted, last = rows(record(build, signal(8, 4)))
    assert (scripted.name, scripted.op, scripted.output.shape) == ("1", "unknown", (8, 6))
    assert (scripted.inputs, last.inputs) == ((first.id,), (scripted.id,))
    assert scripted.gradient is not None


def test_functions_methods_and_operators_are_rows_with_what_they_do() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(6, 6)
            self.mixing = nn.Parameter(torch.randn(6, 4))

        def forward(self, x: Tensor) -> Tensor:
            gate, value = self.a(x).chunk(2, dim=-1)
            h = torch.cat([torch.sigmoid(gate), functional.leaky_relu(value, 0.2)], dim=-1) + x
            scores = (h @ h.transpose(-2, -1)).softmax(-1)
            return functional.dropout((scores @ h) @ self.mixing, 0.1) * 2

    recording = record(Functional, signal(8, 5, 6))
    assert [(each.op, each.kind) for each in rows(recording)] == [
        ("linear", "Linear"),
        ("activation", "sigmoid"),
        ("activation", "leaky_relu"),
        ("concat", "cat"),
        ("add", "add"),
        ("matmul", "matmul"),
        ("softmax", "softmax"),
        ("matmul", "matmul"),
        ("linear", "matmul"),
        ("dropout", "dropout"),
        ("multiply", "mul"),
    ]
    a, sigmoid, leaky, cat, add, _, softmax, mixed, mixing, dropout, scaled = rows(recording)
    assert sigmoid.inputs == leaky.inputs == (a.id,), "a chunk hands on the row of the whole"
    assert (cat.inputs, add.inputs, mixed.inputs) == ((sigmoid.id, leaky.id), (cat.id, 0), (softmax.id, add.id))
    assert (leaky.activation, leaky.options) == ("leaky_relu", {"negative_slope": 0.2})
    assert (mixing.weight, mixing.fan_in, mixing.fan_out) == ("mixing", 6, 4)
    assert dropout.options["p"] == 0.1 and scaled.options == {"factor": 2.0}


def test_the_inside_of_multi_head_attention_is_open() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.attention(x, x, x, need_weights=False)[0]

    recording = record(Attention, signal(8, 6, 16))
    projection, attention, out, addition = rows(recording)
    assert (projection.weight, projection.fan_in) == ("attention.in_proj_weight", 16)
    assert (attention.op, attention.kind, attention.is_module) == ("attention", "MultiheadAttention", True)
    assert (out.weight, addition.inputs) == ("attention.out_proj.weight", (0, out.id))
    assert projection.gradient is not None and attention.gradient is not None


def test_with_its_weights_asked_for_attention_shows_its_softmax() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.attention(x, x, x)[0]

    found = [each.op for each in rows(record(Attention, signal(6, 8, 16)))]
    assert found.count("softmax") == 1 and found.count("linear") == 2


@pytest.mark.parametrize("scale", [None, 1.0])
def test_the_logits_of_fused_attention_are_what_its_softmax_is_taken_of(scale: float | None) -> None:
    class Fused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Linear(16, 16)

        def forward(self, x: Tensor) -> Tensor:
            return functional.scaled_dot_product_attention(self.query(x), x, x, scale=scale)

    x = signal(8, 6, 16)
    torch.manual_seed(0)
    logits = Fused().query(x) @ x.transpose(-2, -1) * (0.25 if scale is None else scale)
    found = rows(record(Fused, x))[-1].logits
    assert found is not None and found.shape == (8, 6, 6)
    assert found.std == pytest.approx(float(logits.detach().double().std(correction=0)), rel=1e-5)


@pytest.mark.parametrize(
    "parametrized",
    [torch.nn.utils.parametrizations.weight_norm, torch.nn.utils.parametrizations.spectral_norm],
)
def test_a_weight_that_is_computed_is_shown_as_one(parametrized: Any) -> None:
    def build() -> nn.Module:
        return nn.Sequential(parametrized(nn.Linear(4, 6)), nn.ReLU())

    recording = record(build, signal(8, 4))
    layer = row(recording, "0", "Linear")
    weight = parameter(recording, layer.weight)
    assert weight.is_computed and weight.is_registered and weight.values.shape == (6, 4)
    assert (layer.fan_in, layer.bias) == (4, "0.bias")
    assert kinds(recording) == ["Linear", "ReLU"], "what makes a weight is no part of the signal"
    assert layer.inputs == (0,)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_a_weight_that_a_hook_computes_is_shown_as_one() -> None:
    recording = record(lambda: torch.nn.utils.weight_norm(nn.Linear(4, 6)), signal(8, 4))
    weight = parameter(recording, row(recording, "").weight)
    assert weight.is_computed and {each.name for each in recording.parameters} >= {"weight_g", "weight_v"}


def test_a_residual_sum_has_both_branches_as_inputs_and_the_sum_of_their_sizes() -> None:
    class Residual(Reused):
        def forward(self, x: Tensor) -> Tensor:
            return x + self.layer(x)

    entry, layer, addition = record(Residual, signal(512, 4), batch=512).rows
    assert addition.inputs == (entry.id, layer.id)
    assert isinstance(addition.output, Statistics)
    assert addition.output.second > max(entry.output.second, layer.output.second)
