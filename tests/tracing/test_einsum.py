"""Einstein sums and rearrangements: what they make of a signal is read from their letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.gathering import Gathered
from initlint.network import Layer, Network
from initlint.network.layout import width
from initlint.tracing import trace_script


def traced(forward: str, parameters: str = "") -> Network:
    """The network of a model with that body of `forward`, of `x`, and these lines in its constructor."""
    text = f"""
import torch
import einops.layers.torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(32, 32)
        {parameters}

    def forward(self, x, y):
        {forward}

model = Net()
"""
    gathered = Gathered.from_text(text, str(Path("script.py")))
    (module,) = gathered.program.modules
    return max(trace_script(gathered.program, module), key=lambda each: len(each.layers))


def last(network: Network) -> Layer:
    """The layer that gives the output."""
    return network.layers[network.outputs[0]]


@pytest.mark.parametrize(
    ("shape", "equation", "fans"),
    [
        ("6, 4", '"bi,ij->bj"', (6, 4)),
        ("4, 6", '"...i,ji->...j"', (6, 4)),
        ("8, 6, 4", '"bei,eij->bej"', (6, 4)),
        ("8, 6, 2, 5", '"bei,eihd->behd"', (6, 10)),
        ("2, 5, 6", '"bhd,hdo->bo"', (10, 6)),
        ("6, 4", '"bi,ij"', (6, 4)),
        ("6, 4", '"b n i , i j -> b n j"', (6, 4)),
        ("6,", '"bni,i->bn"', (6, 1)),
    ],
)
def test_an_einsum_with_a_parameter_has_the_fans_of_its_letters(
    shape: str, equation: str, fans: tuple[int, int]
) -> None:
    """Letters that are gone are summed over; those that are new are the outputs, and those in all three are neither."""
    network = traced(f"return torch.einsum({equation}, x, self.w)", f"self.w = nn.Parameter(torch.randn({shape}))")
    found = last(network)
    assert found.op == "linear"
    assert (found.fan_in, found.fan_out) == fans


def test_an_einsum_may_have_the_parameter_first_and_its_operands_in_a_list() -> None:
    """The order of the operands is that of the equation."""
    network = traced("return torch.einsum('oi,bi->bo', [self.w, x])", "self.w = nn.Parameter(torch.randn(4, 6))")
    assert (last(network).fan_in, last(network).fan_out) == (6, 4)


def test_an_einsum_that_sums_nothing_multiplies() -> None:
    """A gain for each unit."""
    network = traced("return torch.einsum('bnd,d->bnd', x, self.w)", "self.w = nn.Parameter(torch.ones(6))")
    assert last(network).op == "multiply"


@pytest.mark.parametrize("equation", ["bni,ij->bj", "bi,kij->bj", "bi,j->bij", "bi,ij,jk->bk"])
def test_of_an_einsum_that_is_no_linear_map_of_each_place_no_more_is_said(equation: str) -> None:
    """Sums over places or over an axis of the weight alone, outer products, and three operands."""
    operands = "x, self.w, self.w" if equation.count(",") == 2 else "x, self.w"
    network = traced(f"return torch.einsum('{equation}', {operands})", "self.w = nn.Parameter(torch.ones(6, 4))")
    assert last(network).op == "function"


def test_an_einsum_of_two_signals_is_their_product() -> None:
    """As `@` is."""
    network = traced("return torch.einsum('bqd,bkd->bqk', self.query(x), self.query(y))")
    assert last(network).op == "matmul"
    assert len(last(network).inputs) == 2


def test_an_einsum_with_words_has_its_equation_last() -> None:
    """As einops writes it."""
    network = traced(
        "return einops.einsum(x, self.w, 'batch in, in out -> batch out')", "self.w = nn.Parameter(torch.randn(6, 4))"
    )
    assert (last(network).fan_in, last(network).fan_out) == (6, 4)


@pytest.mark.parametrize(
    ("pattern", "sizes", "widths"),
    [
        ("b n (h d) -> b h n d", "h=4", [8, None]),
        ("b n (h d) -> (b h) n d", "d=8", [8, None]),
        ("b n (h d) -> b n h d", "h=4", [8, 4]),
        ("b n (k h d) -> k b h n d", "k=2, h=4", [4, None]),
        ("b n d -> b d n", "", [None, 32]),
        ("b n d -> b n () d", "", [32, 1]),
        ("... (h d) -> ... h d", "h=4", [8, 4]),
        ("b n (h d) -> b n h d", "h=heads", [None, None]),
        ("b n (h d) -> b n h d", "h=5", [None, 5]),
    ],
)
def test_a_rearrangement_says_how_wide_its_axes_are(pattern: str, sizes: str, widths: list[int | None]) -> None:
    """From the words whose sizes are given, and from the axis that is split."""
    network = traced(f"return einops.rearrange(self.query(x), '{pattern}', {sizes})")
    layers = {layer.id: layer for layer in network.layers}
    assert last(network).op == "reshape"
    assert [width(layers, last(network), axis) for axis in (-1, -2)] == widths


@pytest.mark.parametrize(
    ("layer", "op"),
    [
        ("einops.layers.torch.Rearrange('b c (h p) -> b h (p c)', p=4)", "reshape"),
        ("einops.layers.torch.Reduce('b c h -> b c', 'mean')", "pool"),
    ],
)
def test_a_layer_with_a_pattern_is_known(layer: str, op: str) -> None:
    """So that the signal goes on behind it."""
    network = traced("return self.moved(x)", f"self.moved = {layer}")
    assert last(network).op == op


@pytest.mark.parametrize(
    ("reduction", "op"),
    [
        ("'b n d -> b d', 'mean'", "pool"),
        ("'b n d -> b d', 'sum'", "unknown"),
        ("'b (n p) d -> b n d', 'max', p=2", "unknown"),
    ],
)
def test_a_reduction_over_whole_axes_by_mean_or_largest_is_a_pool(reduction: str, op: str) -> None:
    """A part of an axis and a sum are not followed."""
    assert last(traced(f"return einops.reduce(x, {reduction})")).op == op


def test_what_is_packed_and_unpacked_stays_a_signal() -> None:
    """A class token joined to the others."""
    network = traced(
        "z, shapes = einops.pack([x, y], 'b * d'); a, b = einops.unpack(self.query(z), shapes, 'b * d'); return b"
    )
    assert [each.op for each in network.live()] == ["input", "input", "concat", "linear", "reshape", "reshape"]


def test_a_rearranged_parameter_is_not_disturbed() -> None:
    """It may have any shape, but keeps what was drawn for it."""
    network = traced("return x + einops.rearrange(self.w, 'n d -> 1 n d')", "self.w = nn.Parameter(torch.zeros(6, 32))")
    (parameter,) = last(network).parameters
    assert parameter.constant == 0


def test_the_operands_of_an_einsum_may_come_as_a_list_or_tuple() -> None:
    for operands in ("(x, y)", "[x, y]"):
        assert last(traced(f"return torch.einsum('bqd,bkd->bqk', {operands})")).op == "matmul"
    assert last(traced("return torch.einsum('bqd,bkd->bqk', x, open(y))")).op == "unknown"
