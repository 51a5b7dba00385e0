"""What the recorder sees of modules and of how they hand signals on. Each test probes one small model for real."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from recorded import Reused, kinds, mean_square, record, row, rows, signal
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


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
