"""Which lines of the source a probe names: where a layer is built, where a function is called, what writes a weight."""

from __future__ import annotations

import copy
import inspect
import re
from pathlib import Path

import pytest
import torch
from recorded import parameter, record, row, rows, signal
from torch import Tensor, nn
from torch.nn import functional

from initlint.finding import Place

SOURCE = Path(__file__).read_text().splitlines()


def marked(mark: str) -> int:
    """The line of this file with that comment."""
    (found,) = (number for number, line in enumerate(SOURCE, 1) if re.search(rf"# {mark}$", line))
    return found


def line(place: Place | None) -> int:
    """The line of a place in this file."""
    assert place is not None and Path(place.path).name == Path(__file__).name
    return place.line


def text(place: Place | None) -> str:
    """What is written at a place: the whole expression."""
    assert place is not None and place.line == place.end_line
    return SOURCE[place.line - 1][place.column - 1 : place.end_column - 1]


def linear(size: int) -> nn.Linear:
    """A layer, made by a function."""
    return nn.Linear(size, size)  # made in a function


class Block(nn.Module):
    """A module of the user's own."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.map = linear(size)
        self.scale = nn.Parameter(torch.ones(size))  # a raw parameter

    def forward(self, x: Tensor) -> Tensor:
        """(batch, size) to (batch, size)."""
        y = functional.gelu(self.map(x))  # called in forward
        return self.scale * y


class Stack(nn.Module):
    """Layers from a Sequential, a loop, a function and a subclass."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Linear(4, 4),  # in a Sequential
            nn.Tanh(),
        )
        self.loop = nn.ModuleList()
        for _ in range(2):
            self.loop.append(nn.Linear(4, 4))  # in a loop
        self.block = Block(4)  # a block
        self.copies = nn.ModuleList(copy.deepcopy(self.block) for _ in range(2))  # initlint: ignore[INL109]

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        x = self.first(x)
        for layer in (*self.loop, self.block, *self.copies):
            x = layer(x)
        return x


def test_a_layer_is_placed_where_it_is_constructed() -> None:
    recording = record(Stack, signal(8, 4))
    assert line(row(recording, "first.0").built) == marked("in a Sequential")
    assert [line(row(recording, f"loop.{each}").built) for each in (0, 1)] == [marked("in a loop")] * 2
    assert line(row(recording, "block.map").built) == marked("made in a function")


def test_the_place_of_a_layer_is_the_whole_call() -> None:
    place = row(record(Stack, signal(8, 4)), "first.0").built
    if hasattr(marked.__code__, "co_positions"):
        assert text(place) == "nn.Linear(4, 4)"
    else:  # before Python 3.11 only lines are known
        assert place is not None and place.column == 1


def test_deep_copies_are_placed_where_the_original_was_made() -> None:
    recording = record(Stack, signal(8, 4))
    for number in (0, 1):
        assert line(row(recording, f"copies.{number}.map").built) == marked("made in a function")
        assert line(parameter(recording, f"copies.{number}.map.weight").built) == marked("made in a function")


def test_layers_that_a_library_makes_are_placed_where_the_user_asks_for_them() -> None:
    def build() -> nn.Module:
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)  # asks for a layer
        return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    recording = record(build, signal(8, 5, 8))
    for number in (0, 1):
        assert line(row(recording, f"layers.{number}.linear1").built) == marked("asks for a layer")
        assert line(parameter(recording, f"layers.{number}.self_attn.in_proj_weight").built) == marked(
            "asks for a layer"
        )


def test_a_functional_call_is_placed_in_forward_and_a_layer_where_it_is_called() -> None:
    recording = record(Stack, signal(8, 4))
    assert line(row(recording, "block", "gelu").called) == marked("called in forward")
    assert line(row(recording, "block.map").called) == marked("called in forward")


def test_a_raw_parameter_is_placed_where_it_is_registered() -> None:
    assert line(parameter(record(Stack, signal(8, 4)), "block.scale").built) == marked("a raw parameter")


# ---------------------------------------------------------------------------------------------------------- init calls


def initialise(module: nn.Module) -> None:
    """For `Module.apply`."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)  # in an init function
        nn.init.zeros_(module.bias)


class Initialised(nn.Module):
    """Weights written in many ways."""

    def __init__(self) -> None:
        super().__init__()
        self.untouched = nn.Linear(4, 4)
        self.named = nn.Linear(4, 4)
        nn.init.kaiming_normal_(self.named.weight, nonlinearity="relu")  # by name
        self.applied = nn.Sequential(nn.Linear(4, 4))
        self.applied.apply(initialise)
        self.twice = nn.Linear(4, 4)
        nn.init.xavier_uniform_(self.twice.weight, gain=2.0)
        with torch.no_grad():
            self.twice.weight.mul_(0.5)  # afterwards
        self.data = nn.Linear(4, 4)
        self.data.weight.data.normal_(0.0, 0.3)  # through data
        self.drawn = nn.Parameter(torch.randn(4, 4))  # drawn
        self.empty = nn.Parameter(torch.empty(4, 4))
        nn.init.orthogonal_(self.empty)  # fills what is empty

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        x = self.data(self.twice(self.applied(self.named(self.untouched(x)))))
        return x @ self.drawn @ self.empty


@pytest.mark.parametrize(
    "name, calls",
    [
        ("untouched.weight", [("default", None, {})]),
        ("named.weight", [("default", None, {}), ("kaiming_normal_", "by name", {"nonlinearity": "relu"})]),
        ("applied.0.weight", [("default", None, {}), ("trunc_normal_", "in an init function", {"std": 0.02})]),
        ("applied.0.bias", [("default", None, {}), ("zeros_", None, {})]),
        ("twice.weight", [("default", None, {}), ("xavier_uniform_", None, {"gain": 2.0}), ("mul_", "afterwards", {})]),
        ("data.weight", [("default", None, {}), ("normal_", "through data", {"mean": 0.0, "std": 0.3})]),
        ("drawn", [("randn", "drawn", {})]),
        ("empty", [("orthogonal_", "fills what is empty", {})]),
    ],
)
def test_what_wrote_a_parameter_is_known_by_name_place_and_arguments(
    name: str, calls: list[tuple[str, str | None, dict[str, object]]]
) -> None:
    writes = parameter(record(Initialised, signal(8, 4)), name).writes
    assert [each.initializer for each in writes] == [initializer for initializer, _, _ in calls]
    for write, (_, mark, arguments) in zip(writes, calls, strict=True):
        assert mark is None or line(write.place) == marked(mark)
        assert arguments.items() <= write.arguments.items()


def test_an_init_function_is_known_by_its_name() -> None:
    write = parameter(record(Initialised, signal(8, 4)), "applied.0.weight").writes[-1]
    assert write.function == "initialise"


def test_what_a_model_calls_through_another_function_is_placed_in_the_innermost_of_the_users() -> None:
    def activate(x: Tensor) -> Tensor:
        return torch.tanh(x)  # in a function of forward

    class Calling(Block):
        def forward(self, x: Tensor) -> Tensor:
            return activate(self.map(x))

    recording = record(lambda: Calling(4), signal(8, 4))
    assert line(row(recording, "", "tanh").called) == marked("in a function of forward")


def test_all_rows_are_placed_in_the_source_of_the_model() -> None:
    recording = record(Stack, signal(8, 4))
    first = inspect.getsourcelines(linear)[1]
    assert all(each.called is not None and each.called.line > first for each in rows(recording))
