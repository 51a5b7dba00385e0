"""Inputs worked out from a model that declares nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs
from initlint.probe.inputs.find import find_inputs
from initlint.probe.inputs.resize import estimates


class Net(nn.Module):
    """A model of the modules given, with the forward of the subclass."""

    def __init__(self, **modules: nn.Module) -> None:
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)


def found(model: nn.Module) -> Inputs:
    """The inputs, on which the model really runs with the whole batch."""
    inputs = find_inputs(model)
    model(*inputs.args, **inputs.kwargs)
    return inputs


def shapes(inputs: Inputs) -> list[tuple[int, ...]]:
    return [tuple(value.shape) for value in (*inputs.args, *inputs.kwargs.values())]


# ---------------------------------------------------------------------------------------------------------- one input


class LeNet(Net):
    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(self.first(x).relu(), 2)
        x = functional.max_pool2d(self.second(x).relu(), 2)
        return self.head(x.view(-1, 400))


class Unpacks(Net):
    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        return self.head(x.reshape(batch, channels * height * width))


class LastStep(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Tokens(Net):
    def forward(self, ids: Tensor) -> Tensor:
        return self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))


class Channels(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x.transpose(1, 2))


class OneHot(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.one_hot(x, 10).float())


class PatchPositions(nn.Module):
    """A vision transformer's stem for 96 x 96 pixels, which only its table of positions says."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.zeros(1, 37, 8))

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patches(x).flatten(2).transpose(1, 2)
        return torch.cat([self.token.expand(len(x), -1, -1), patches], 1) + self.positions


class Matrices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(30, 5))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class OnlySays(Net):
    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[-1] == 40
        return self.convolution(x)


class Frames(Net):
    def forward(self, x: Tensor) -> Tensor:
        batch, steps, *image = x.shape
        maps = self.convolution(x.reshape(batch * steps, *image))
        return self.rnn(maps.mean((2, 3)).view(batch, steps, -1))[0]


class Optional(Net):
    def forward(self, x: Tensor | None = None, scale: float = 2.0) -> Tensor:
        assert x is not None
        return self.head(x) * scale


ONE_INPUT: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "features of a linear layer": (lambda: nn.Sequential(nn.Linear(37, 2)), (32, 37)),
    "digits, flattened": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), (32, 784)),
    "digits as images": (lambda: Unpacks(head=nn.Linear(784, 2)), (32, 1, 28, 28)),
    "digits through convolutions": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(576, 2)),
        (32, 1, 28, 28),
    ),
    "a view that mixes samples at any other size": (
        lambda: LeNet(first=nn.Conv2d(3, 6, 5), second=nn.Conv2d(6, 16, 5), head=nn.Linear(400, 2)),
        (32, 3, 32, 32),
    ),
    "an ImageNet stem": (lambda: nn.Sequential(nn.Conv2d(3, 2, 7, 2), nn.AdaptiveAvgPool2d(1)), (8, 3, 224, 224)),
    "a signal of fixed length": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 5), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(392, 2)),
        (32, 2, 200),
    ),
    "raw audio": (
        lambda: nn.Sequential(*[nn.Conv1d(1 if layer == 0 else 2, 2, 10, 5) for layer in range(4)]),
        (32, 1, 4096),
    ),
    "a sequence, batch first": (
        lambda: LastStep(rnn=nn.LSTM(20, 4, batch_first=True), head=nn.Linear(4, 2)),
        (32, 16, 20),
    ),
    "a sequence, time first": (lambda: nn.GRU(20, 4), (16, 32, 20)),
    "channels last": (lambda: Channels(convolution=nn.Conv1d(13, 4, 3)), (32, 13, 13)),
    "tokens within a short table of positions": (
        lambda: Tokens(positions=nn.Embedding(8, 4), tokens=nn.Embedding(50, 4)),
        (32, 8),
    ),
    "indices without an embedding": (lambda: OneHot(head=nn.Linear(10, 2)), (32, 16)),
    "as many patches as positions": (PatchPositions, (32, 3, 96, 96)),
    "a bare matrix": (Matrices, (32, 30)),
    "a check without a word": (lambda: OnlySays(convolution=nn.Conv2d(1, 2, 3)), (32, 1, 40, 40)),
    "lazy layers": (lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2)), (32, 3, 64, 64)),
    "an argument that is optional but needed": (lambda: Optional(head=nn.Linear(5, 2)), (32, 5)),
}


@pytest.mark.parametrize("name", ONE_INPUT)
def test_shapes_that_fit_are_found_for(name: str) -> None:
    build, expected = ONE_INPUT[name]
    assert shapes(found(build())) == [expected]


def test_a_video_of_images_is_found_by_the_shape_that_is_unpacked() -> None:
    model = Frames(convolution=nn.Conv2d(3, 8, 3, 2), rnn=nn.LSTM(8, 8, batch_first=True))
    assert len(shapes(found(model))[0]) == 5


@pytest.mark.parametrize("positions", range(2, 40, 7))
def test_ids_stay_within_the_vocabulary_and_the_positions(positions: int) -> None:
    ids = found(Tokens(positions=nn.Embedding(positions, 4), tokens=nn.Embedding(11, 4))).args[0]
    assert ids.max() <= 10 and ids.shape[1] <= positions


# ------------------------------------------------------------------------------------------------------ several inputs


class Joined(Net):
    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.cat([self.first(left), self.second(right)], 1)


class TwoTowers(Net):
    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        return self.image_stem(image).mean((2, 3)) * self.text_table(text).mean(1)


class Ratings(Net):
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return self.head(torch.cat([self.users(users), self.items(items)], dim=1))


class Translator(Net):
    def forward(self, src: Tensor, tgt: Tensor, src_mask: Tensor, tgt_mask: Tensor) -> Tensor:
        return self.core(self.source(src), self.target(tgt), src_mask, tgt_mask)


class Masked(Net):
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.table(ids) * mask.unsqueeze(-1)


class Graph(Net):
    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        start, end = edge_index
        hidden = self.first(x)
        return torch.zeros_like(hidden).index_add_(0, end, hidden[start])


class DenseGraph(Net):
    def forward(self, x: Tensor, adj: Tensor) -> Tensor:
        return adj @ self.first(x)


class Denoiser(Net):
    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.convolution(x) + self.steps(t[:, None].float())[:, :, None, None]


class Recurrent(Net):
    def forward(self, inputs: Tensor, hidden: Tensor) -> Tensor:
        return self.head(torch.cat((inputs, hidden), 1))


class Packed(Net):
    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.table(ids), lengths, batch_first=True)
        return self.rnn(packed)[1]


class Attention(Net):
    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return self.attention(query, key, value)[0]


class Switched(Net):
    def forward(self, x: Tensor, flag: bool, *, steps: int) -> Tensor:
        return self.head(x) * steps if flag else self.head(x)


SEVERAL: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "joined": (lambda: Joined(first=nn.Linear(10, 4), second=nn.Linear(20, 4)), [(32, 10), (32, 20)]),
    "image and text": (
        lambda: TwoTowers(text_table=nn.Embedding(9, 8), image_stem=nn.Conv2d(3, 8, 3)),
        [(32, 3, 64, 64), (32, 16)],
    ),
    "ratings": (
        lambda: Ratings(users=nn.Embedding(9, 4), items=nn.Embedding(5, 4), head=nn.Linear(8, 1)),
        [(32,), (32,)],
    ),
    "graph": (lambda: Graph(first=nn.Linear(7, 4)), [(32, 7), (2, 128)]),
    "dense graph": (lambda: DenseGraph(first=nn.Linear(7, 4)), [(32, 7), (32, 32)]),
    "noise level": (
        lambda: Denoiser(convolution=nn.Conv2d(3, 4, 3), steps=nn.Linear(1, 4)),
        [(32, 3, 64, 64), (32,)],
    ),
    "lengths": (
        lambda: Packed(table=nn.Embedding(9, 4), rnn=nn.GRU(4, 4, batch_first=True)),
        [(32, 16), (32,)],
    ),
    "cross-attention": (
        lambda: Attention(attention=nn.MultiheadAttention(8, 2, kdim=6, vdim=4)),
        [(16, 32, 8), (16, 32, 6), (16, 32, 4)],
    ),
    "mask": (lambda: Masked(table=nn.Embedding(9, 4)), [(32, 16), (32, 16)]),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_every_argument_gets_what_it_needs(name: str) -> None:
    build, expected = SEVERAL[name]
    assert shapes(found(build())) == expected


def test_masks_that_may_be_left_out_are() -> None:
    core = nn.Transformer(8, 2, 1, 1, 8, batch_first=True)
    inputs = found(Translator(source=nn.Embedding(30, 8), target=nn.Embedding(20, 8), core=core))
    assert inputs.args[2:] == (None, None)
    assert inputs.args[0].max() >= 20 > inputs.args[1].max()


def test_a_hidden_state_takes_what_the_input_leaves_of_the_width() -> None:
    inputs, hidden = found(Recurrent(head=nn.Linear(30, 4))).args
    assert inputs.shape[1] + hidden.shape[1] == 30


def test_the_nodes_of_a_graph_are_all_within_reach_of_its_edges() -> None:
    edges = found(Graph(first=nn.Linear(7, 4))).args[1]
    assert edges.max() > 20


def test_plain_values_are_passed_for_arguments_annotated_as_such() -> None:
    inputs = found(Switched(head=nn.Linear(3, 2)))
    assert inputs.args[1] is False and inputs.kwargs == {"steps": 4}


class Batched(Net):
    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        words = self.table(batch["input_ids"]).mean(1)
        return words + self.stem(batch["image"]).mean((2, 3)) + batch["bias"]


def test_a_dict_gets_the_entries_that_forward_looks_up() -> None:
    (batch,) = found(Batched(table=nn.Embedding(9, 8), stem=nn.Conv2d(3, 8, 3))).args
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "input_ids": (32, 16),
        "image": (32, 3, 64, 64),
        "bias": (32, 8),
    }


# --------------------------------------------------------------------------------------------------------- what is said


def test_the_report_says_the_layer_the_shape_and_the_number_of_trials() -> None:
    source = found(ONE_INPUT["digits through convolutions"][0]()).source
    assert source == "worked out from 0 (Conv2d): input (B, 1, 28, 28), after 2 trials"


class Inconsistent(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def test_when_nothing_fits_the_error_says_what_was_tried_where_it_ended_and_what_to_give() -> None:
    with pytest.raises(ProbeError, match=r"Inconsistent\.forward") as caught:
        find_inputs(Inconsistent(first=nn.Linear(8, 64), second=nn.Linear(32, 2)))
    assert caught.value.stage == "inputs"
    assert "x (B, 8): mat1 and mat2 shapes cannot be multiplied (2x64 and 32x2)" in caught.value.message
    assert "--input 8,3,224,224" in caught.value.remedy
    assert caught.value.path == __file__
    assert isinstance(caught.value.__cause__, RuntimeError)


class Faulty(Net):
    error: BaseException

    def forward(self, x: Tensor) -> Tensor:
        self.head(x)
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("my own"), KeyError("key"), ZeroDivisionError("0"), OSError("disk"), SystemExit(3)]
)
def test_what_the_model_raises_for_another_reason_comes_through(error: BaseException) -> None:
    model = Faulty(head=nn.Linear(3, 2))
    model.error = error
    with pytest.raises(type(error)) as caught:
        find_inputs(model)
    assert caught.value is error


def test_warnings_of_trials_are_left_to_the_real_run() -> None:
    class Warning(Net):
        def forward(self, x: Tensor) -> Tensor:
            import warnings

            warnings.warn("once", stacklevel=1)
            return self.head(x)

    find_inputs(Warning(head=nn.Linear(3, 2)))


# ----------------------------------------------------------------------------------------------------------- no traces


class Changing(Net):
    """Changes everything a forward can change."""

    def forward(self, x: Tensor) -> Tensor:
        self.calls = getattr(self, "calls", 0) + 1
        self.late = nn.Linear(2, 2)
        torch.rand(3), random.random()
        return self.head(self.norm(x))


def test_trials_leave_model_and_random_state_as_they_were() -> None:
    model = Changing(norm=nn.BatchNorm1d(5), head=nn.Linear(5, 2))
    model.norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    states = torch.get_rng_state(), random.getstate()
    find_inputs(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not hasattr(model, "calls") and not hasattr(model, "late")
    assert model.training and not model.norm.training
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[1]


def test_lazy_layers_are_still_lazy_after_the_trials() -> None:
    model = nn.Sequential(nn.LazyLinear(4))
    find_inputs(model)
    assert isinstance(model[0], nn.LazyLinear) and model[0].has_uninitialized_params()


# ------------------------------------------------------------------------------------------------------------ estimates


@pytest.mark.parametrize("wanted", [28, 32, 50, 224, 333])
def test_the_side_of_an_image_is_found_within_a_few_estimates_whatever_it_is(wanted: int) -> None:
    def width(side: int) -> int:  # of a map behind a 5 x 5 convolution and two poolings, flattened
        return 16 * ((side - 4) // 4) ** 2

    seen: list[tuple[int, int]] = [(224, width(224))]
    for _ in range(8):
        if seen[-1][1] == width(wanted):
            break
        side = next(side for side in estimates(seen, width(wanted), 2) if side not in dict(seen))
        seen.append((side, width(side)))
    assert seen[-1][1] == width(wanted)


def test_the_harness_can_fail() -> None:
    """`found` runs the model on what was found: a model that fails on the whole batch is not taken for a success."""

    class TwoSamples(Net):
        def forward(self, x: Tensor) -> Any:
            assert len(x) == 2
            return self.head(x)

    with pytest.raises(AssertionError):
        found(TwoSamples(head=nn.Linear(3, 2)))
