"""What the recorder sees of the ways in which models are written. Each test probes one small model for real."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from recorded import CPU, kinds, parameter, record, row, rows, signal
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

from initlint.network.measurement import Statistics
from initlint.probe.session import record as record_model
from initlint.probe.settings import Settings


def mean_square(tensor: Tensor) -> float:
    """E[x²] over all entries, in float64."""
    return float(tensor.detach().double().square().mean())


# ------------------------------------------------------------------------------------------------ modules and outputs


class Reused(nn.Module):
    """One layer, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        return self.layer(self.layer(x).relu())


def test_a_module_that_runs_twice_has_a_row_for_each_call() -> None:
    recording = record(Reused, signal(8, 4))
    first, relu, second = rows(recording)
    assert [(each.name, each.call) for each in (first, second)] == [("layer", 0), ("layer", 1)]
    assert first.weight == second.weight == "layer.weight"
    assert (second.inputs, relu.inputs) == ((relu.id,), (first.id,))


class TwoHeads(nn.Module):
    """Features as a dict within a tuple; outputs as a tuple within a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Features()
        self.mean = nn.Linear(6, 2)
        self.spread = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> dict[str, Any]:
        """(batch, 4) to two of (batch, 2)."""
        (features,) = self.body(x)
        return {"mean": self.mean(features["last"]), "others": (self.spread(features["last"]), 3)}


class Features(nn.Module):
    """A module that gives a tuple with a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Linear(4, 6)

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor]]:
        """(batch, 4) to (batch, 6)."""
        return ({"last": torch.tanh(self.map(x))},)


def test_tuples_and_dicts_hand_the_signal_on_and_all_tensors_in_them_are_outputs() -> None:
    recording = record(TwoHeads, signal(8, 4))
    tanh, mean, spread = row(recording, "body"), row(recording, "mean"), row(recording, "spread")
    assert mean.inputs == spread.inputs == (tanh.id,)
    assert recording.outputs == (mean.id, spread.id)
    assert mean.gradient is not None and mean.gradient.mean_square == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("is_in_place", [True, False])
def test_what_is_overwritten_in_place_is_measured_before(is_in_place: bool) -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(16, 32), nn.ReLU(inplace=is_in_place), nn.Linear(32, 4))

    x = signal(64, 16)
    first, relu, last = rows(record(build, x, batch=64))
    torch.manual_seed(0)
    model = build()
    before = functional.linear(x, model[0].weight, model[0].bias)
    assert first.output.second == pytest.approx(mean_square(before), rel=1e-5)
    assert first.output.zero_fraction == 0 and relu.output.zero_fraction == pytest.approx(0.5, abs=0.1)
    assert (relu.inputs, last.inputs) == ((first.id,), (relu.id,))
    assert first.gradient is not None and relu.gradient is not None
    assert first.gradient.mean_square < 0.7 * relu.gradient.mean_square, "the gradient is that of the value before"


def test_operators_that_write_in_place_link_to_what_was_there_before() -> None:
    class Accumulating(Reused):
        def forward(self, x: Tensor) -> Tensor:
            y = self.layer(x)
            y += x
            return y.mul_(0.5)

    layer, addition, scaling = rows(record(Accumulating, signal(8, 4)))
    assert (addition.op, addition.inputs) == ("add", (layer.id, 0))
    assert (scaling.inputs, scaling.options) == ((addition.id,), {"factor": 0.5})
    assert scaling.output.second == pytest.approx(addition.output.second / 4, rel=1e-6)
    assert layer.gradient is not None and layer.gradient.mean_square == pytest.approx(0.25, rel=1e-5)


def test_tied_weights_are_one_parameter_with_all_its_names() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 6)
            self.head = nn.Linear(6, 10, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, ids: Tensor) -> Tensor:
            return self.head(self.embedding(ids))

    recording = record(Tied, torch.arange(40).view(8, 5) % 10)
    assert [each.weight for each in rows(recording)] == ["embedding.weight"] * 2
    assert [(each.name, each.aliases) for each in recording.parameters] == [("embedding.weight", ("head.weight",))]


def test_lazy_modules_are_seen_as_what_they_become() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.LazyConv2d(5, 3), nn.Flatten(), nn.LazyLinear(4))

    recording = record(build, signal(8, 3, 6, 6))
    assert [(each.kind, each.fan_in, each.weight) for each in rows(recording)] == [
        ("Conv2d", 27, "0.weight"),
        ("Linear", 80, "2.weight"),
    ]
    assert all(each.gradient is not None for each in recording.parameters)


def test_modules_in_a_plain_list_are_seen_and_their_parameters_marked_unregistered() -> None:
    class Hidden(Reused):
        def __init__(self) -> None:
            super().__init__()
            self.others = [nn.Linear(4, 4), nn.Linear(4, 4)]

        def forward(self, x: Tensor) -> Tensor:
            for other in self.others:
                x = other(x)
            return self.layer(x)

    recording = record(Hidden, signal(8, 4))
    assert [each.name for each in rows(recording)] == ["(Linear)", "(Linear)", "layer"]
    weights = [each for each in recording.parameters if not each.is_registered and each.role != "bias"]
    assert len(weights) == 2 and not any(each.is_computed for each in weights)
    assert {each.weight for each in rows(recording)} == {"layer.weight", *(each.name for each in weights)}


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_compiled_model_is_probed_as_what_was_compiled() -> None:
    recording = record(lambda: torch.compile(Reused()), signal(8, 4))
    assert recording.model == "Reused"
    assert [each.name for each in rows(recording)] == ["layer", "", "layer"]


# --------------------------------------------------------------------------------------------------------- recurrence


class Recurrent(nn.Module):
    """A classifier over sequences; `reads` says what of the recurrent module it takes."""

    def __init__(self, kind: str, reads: str) -> None:
        super().__init__()
        self.cells = getattr(nn, kind)(3, 5, batch_first=True)
        self.head = nn.Linear(5, 2)
        self.reads = reads

    def forward(self, x: Tensor) -> Tensor:
        """(batch, steps, 3) to (batch, 2)."""
        output, state = self.cells(x)
        if self.reads == "output":
            return self.head(output[:, -1])
        return self.head((state[0] if isinstance(state, tuple) else state)[-1])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("reads", ["output", "state"])
def test_a_recurrent_module_is_one_row_whether_its_output_or_its_last_state_is_used(kind: str, reads: str) -> None:
    cells, head = rows(record(lambda: Recurrent(kind, reads), signal(8, 7, 3)))
    assert (cells.op, cells.kind, cells.output.shape) == ("recurrent", kind, (8, 7, 5))
    assert cells.weight == "cells.weight_hh_l0" and "cells.bias_ih_l0" in cells.parameters
    assert head.inputs == (cells.id,)
    assert cells.gradient is not None and cells.gradient.mean_square > 0


def test_packed_sequences_hand_the_signal_on() -> None:
    class Packed(Recurrent):
        def forward(self, x: Tensor) -> Tensor:
            packed, _ = self.cells(pack_padded_sequence(x, [7, 6, 5, 4, 3, 2, 1, 1], batch_first=True))
            padded, _ = pad_packed_sequence(packed, batch_first=True)
            return self.head(padded)

    recording = record(lambda: Packed("GRU", ""), signal(8, 7, 3))
    cells, head = row(recording, "cells"), row(recording, "head")
    assert cells.inputs == (0,) and cells.output.shape == (29, 5)
    assert head.inputs == (cells.id,) and cells.gradient is not None


def test_a_cell_in_a_loop_is_a_row_for_each_step() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LSTMCell(3, 5)

        def forward(self, x: Tensor) -> Tensor:
            h = c = x.new_zeros(x.shape[0], 5)
            for step in range(x.shape[1]):
                h, c = self.cell(x[:, step], (h, c))
            return h

    steps = rows(record(Loop, signal(8, 3, 3)))
    assert [(each.name, each.kind, each.call) for each in steps] == [("cell", "LSTMCell", call) for call in range(3)]
    assert steps[1].inputs == (0, steps[0].id)


def test_a_call_that_repeats_is_recorded_only_so_often_and_the_recording_says_so() -> None:
    class Long(Reused):
        def forward(self, x: Tensor) -> Tensor:
            for _ in range(200):
                x = torch.tanh(self.layer(x))
            return x

    recording = record(Long, signal(8, 4))
    assert kinds(recording).count("tanh") == kinds(recording).count("Linear") == 128
    assert any("128 times" in note for note in recording.notes)


# ------------------------------------------------------------------------------------------ checkpoints, custom, scripted


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


# ----------------------------------------------------------------------------------------------------- types and modes


def test_complex_signals_are_measured_by_their_real_and_imaginary_parts() -> None:
    class Spectral(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.filter = nn.Parameter(torch.randn(5, dtype=torch.complex64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.irfft(torch.fft.rfft(x) * self.filter, n=8)

    x = signal(8, 8)
    recording = record(Spectral, x)
    spectrum, product, back = rows(recording)
    expected = torch.view_as_real(torch.fft.rfft(x))
    assert (spectrum.output.dtype, spectrum.output.shape) == ("complex64", (8, 5))
    assert spectrum.output.second == pytest.approx(mean_square(expected), rel=1e-5)
    assert product.gradient is not None and back.inputs == (product.id,)
    assert parameter(recording, "filter").gradient is not None


def test_integers_are_no_signal_but_what_is_looked_up_with_them_is() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(12, 6)
            self.places = nn.Embedding(5, 6)

        def forward(self, ids: Tensor) -> Tensor:
            places = torch.arange(ids.shape[1]).expand_as(ids)
            return self.words(ids + 1) + self.places(places)

    words, places, addition = rows(record(Tokens, torch.arange(40).view(8, 5) % 10))
    assert (words.op, words.kind, places.op) == ("embedding", "Embedding", "embedding")
    assert (addition.op, addition.inputs) == ("add", (words.id, places.id))


def test_modules_in_eval_mode_run_as_they_are_set() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Dropout(0.25))
        model[1].eval()
        model[2].eval()
        return model

    first, norm, idle, active = rows(record(build, 10 * signal(8, 4), keeps_mode=True))
    assert norm.output.second == pytest.approx(first.output.second, rel=1e-3), "running statistics are 0 and 1"
    assert idle.options["p"] == 0 and active.options["p"] == 0.25
    assert idle.output == norm.output and active.output.zero_fraction > 0


def test_frozen_parameters_get_no_gradient_and_hide_none_behind_them() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 4))
        model[0].requires_grad_(False)
        model[3].requires_grad_(False)
        return model

    recording = record(build, signal(8, 4))
    assert [each.is_observable for each in rows(recording)] == [False, False, True, True]
    assert [each.gradient is not None for each in rows(recording)] == [False, False, True, True]
    assert [each.name for each in recording.parameters if not each.is_trained] == [
        "0.weight",
        "0.bias",
        "3.weight",
        "3.bias",
    ]
    assert [each.name for each in recording.parameters if each.gradient is not None] == ["2.weight", "2.bias"]


def test_a_model_that_is_frozen_as_a_whole_is_measured_down_to_its_input() -> None:
    recording = record(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()).requires_grad_(False), signal(8, 4))
    assert all(each.gradient is not None for each in recording.rows)


def test_autocast_is_recorded_in_the_precision_that_runs() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(16, 16), nn.ReLU())

    first, relu = rows(record(build, signal(8, 16), autocast=torch.bfloat16))
    exact = rows(record(build, signal(8, 16)))
    assert (first.output.dtype, relu.output.dtype) == ("bfloat16", "bfloat16")
    assert relu.output.second == pytest.approx(exact[1].output.second, rel=0.02), "bfloat16 has 8 bits"
    assert first.weight == "0.weight" and first.bias == "0.bias", "not the copies that autocast makes"
    assert first.gradient is not None


def test_float64_is_measured_without_a_loss_of_digits() -> None:
    x = signal(8, 4, dtype=torch.float64)
    torch.manual_seed(0)
    model = Reused().double()
    (first, *_) = rows(record(lambda: Reused().double(), x, dtype=torch.float64))
    assert first.output.dtype == "float64"
    assert first.output.second == pytest.approx(mean_square(model.layer(x)), rel=1e-13)


# ---------------------------------------------------------------------------------------------- functions and operators


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


# -------------------------------------------------------------------------------------------------------- measurements


def test_units_that_are_zero_for_the_whole_batch_are_dead() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        with torch.no_grad():
            model[0].bias[:2] = -1000
        return model

    assert rows(record(build, signal(64, 4), batch=64))[1].output.dead_fraction == 0.25


def test_the_correlation_between_samples_is_that_of_the_batch() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 512), nn.Tanh())

    alike = rows(record(build, signal(1, 4).expand(8, 4)))[1].output.correlation
    x = signal(8, 4)
    torch.manual_seed(0)
    directions = functional.normalize(build()(x).detach().double().flatten(1))
    cosines = (directions @ directions.T)[~torch.eye(8, dtype=torch.bool)]
    found = rows(record(build, x))[1].output.correlation
    assert alike == pytest.approx(1, abs=1e-5)
    assert found == pytest.approx(float(cosines.mean()), abs=0.05), "weighted by size, so not quite the plain mean"


def test_what_is_not_finite_is_seen_where_it_arises_and_kept_out_of_the_other_numbers() -> None:
    class Overflowing(Reused):
        def forward(self, x: Tensor) -> Tensor:
            return torch.log(self.layer(x).relu())

    layer, relu, log = rows(record(Overflowing, signal(64, 4), batch=64))
    assert layer.output.nonfinite_fraction == relu.output.nonfinite_fraction == 0
    assert log.output.nonfinite_fraction == pytest.approx(relu.output.zero_fraction, abs=1e-9)
    assert torch.isfinite(torch.tensor([log.output.mean, log.output.second, log.output.abs_max])).all()


def test_sizes_beyond_the_range_of_float32_squares_are_measured() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(64, 64, bias=False), nn.Linear(64, 64, bias=False))
        nn.init.normal_(model[0].weight, std=1e-22)
        nn.init.normal_(model[1].weight, std=1e10)
        return model

    first, second = rows(record(build, signal(64, 64), batch=64))
    assert first.output.second == pytest.approx(64e-44, rel=0.2)
    assert second.output.second == pytest.approx(64 * 64e-24, rel=0.2)


def test_inputs_and_cotangent_are_independent_of_weights_drawn_with_the_same_seed() -> None:
    class Drawn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(64, 64) / 8)

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight.T

    recording = record_model(Drawn, Settings(CPU, specs=("64,64",)), seed=0)
    entry, product = recording.rows
    assert product.output.second == pytest.approx(entry.output.second, rel=0.2), "twice as much with equal numbers"
    gradient = parameter(recording, "weight").gradient
    assert gradient is not None and gradient.mean_square == pytest.approx(64, rel=0.2)


def test_a_relu6_is_no_saturating_hard_tanh() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 32), nn.ReLU6())

    relu6 = rows(record(build, signal(64, 4), batch=64))[1]
    assert (relu6.activation, relu6.kind) == ("relu6", "ReLU6")
    assert relu6.output.saturated_fraction == 0 and relu6.output.zero_fraction > 0.3
    assert relu6.output.dead_fraction is not None


def test_statistics_of_parameters_are_exact_and_see_what_is_zero_or_not_finite() -> None:
    values = 1 + 1e-4 * torch.randn(300, 300, generator=torch.Generator().manual_seed(0))

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Parameter(values.clone())
            self.sparse = nn.Parameter(torch.where(values > 1, values, 0.0))
            self.broken = nn.Parameter(torch.tensor([1.0, torch.nan, torch.inf, -3.0]))
            self.gain = nn.Parameter(torch.tensor(2.0))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.narrow @ self.sparse * self.gain

    recording = record(Holder, signal(8, 300))
    narrow, sparse, broken = (parameter(recording, name).values for name in ("narrow", "sparse", "broken"))
    assert narrow.std == pytest.approx(float(values.double().std(correction=0)), rel=1e-6)
    assert narrow.abs_max == float(values.abs().amax()) and narrow.zero_fraction == 0
    assert sparse.zero_fraction == pytest.approx(float((values <= 1).double().mean()), rel=1e-9)
    assert (broken.nonfinite_fraction, broken.mean, broken.second, broken.abs_max) == (0.5, -1, 5, 3)
    assert parameter(recording, "gain").constant == 2 and parameter(recording, "narrow").constant is None


def test_a_parameter_in_a_plain_list_is_seen_where_it_is_multiplied() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.more = [nn.Parameter(torch.randn(4, 4))]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.first(x) @ self.more[0].t()

    recording = record(Net, signal(8, 4))
    found = next(each for each in recording.parameters if not each.is_registered)
    assert (found.values.shape, found.gradient is not None) == ((4, 4), True)
    assert rows(recording)[-1].weight == found.name
