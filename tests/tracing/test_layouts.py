"""How wide an axis of a signal is, read from the functions that moved it."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.gathering import Gathered
from initlint.network import Network
from initlint.network.layout import rank, width
from initlint.tracing import trace_script


def traced(forward: str) -> Network:
    """The network of a model with that body of `forward`, of an `x` with three axes whose sizes are not known."""
    text = f"""
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads, self.width = 4, 16
        self.query = nn.Linear(32, 64)
        self.qkv = nn.Linear(32, 192)
        self.left = nn.Parameter(torch.randn(48, 32))
        self.experts = nn.Parameter(torch.randn(5, 64, 24))
        self.norm = nn.LayerNorm(64)

    def forward(self, x):
        batch, length, channels = x.shape
        q = self.query(x)
        {forward}

model = Net()
"""
    gathered = Gathered.from_text(text, str(Path("script.py")))
    (module,) = gathered.program.modules
    return max(trace_script(gathered.program, module), key=lambda each: len(each.layers))


def widths(forward: str, *axes: int) -> list[int | None]:
    """Of those axes of what `forward` returns."""
    network = traced(forward)
    layers = {layer.id: layer for layer in network.layers}
    return [width(layers, layers[network.outputs[0]], axis) for axis in axes]


@pytest.mark.parametrize(
    ("forward", "known"),
    [
        ("return q", [64, None]),
        ("return torch.relu(q) + q", [64, None]),
        ("return q.transpose(1, 2)", [None, None]),
        ("return q.transpose(-1, -2)", [None, 64]),
        ("return q.mT", [None, 64]),
        ("return q.T", [None, None]),
        ("return q.view(batch, length, self.heads, self.width)", [16, 4]),
        ("return q.view(batch, length, self.heads, -1)", [16, 4]),
        ("return q.view(batch, -1, self.heads, channels // self.heads)", [16, 4]),
        ("return q.view(*x.shape[:-1], self.heads, self.width)", [16, 4]),
        ("return q.view(x.size()[:-1] + (self.heads, self.width))", [16, 4]),
        ("return q.view((*x.shape[:-1], -1, self.width))", [16, None]),
        ("return q.view(batch, length, self.heads, self.width).transpose(1, 2)", [16, None]),
        ("return q.view(batch, length, self.heads, self.width).transpose(1, 3)", [None, 4]),
        ("return q.reshape(batch, length, self.heads, 16).permute(0, 2, 3, 1)", [None, 16]),
        ("return self.qkv(x).view(batch, length, 3, 4, -1).permute(2, 0, 3, 1, 4)[0]", [16, None]),
        ("a, b, c = self.qkv(x).view(batch, length, 3, 4, -1).permute(2, 0, 3, 1, 4); return a", [16, None]),
        ("a, b, c = self.qkv(x).view(batch, length, 3, 4, -1).permute(2, 0, 3, 1, 4).unbind(0); return a", [16, None]),
        ("a, b, c = self.qkv(x).view(batch, length, 3, 4, 16).unbind(2); return a", [16, 4]),
        ("a, b, c = self.qkv(x).view(batch, length, 3, 4, 16).unbind(dim=2); return a", [16, 4]),
        ("return self.qkv(x).chunk(3, dim=-1)[1]", [64, None]),
        ("a, b, c = self.qkv(x).split(64, dim=2); return c", [None, None]),
        ("a, b, c = self.qkv(x).split(64, dim=-1); return c", [64, None]),
        ("return q.unsqueeze(-1)", [1, 64]),
        ("return q.view(batch, length, 4, 16).unsqueeze(1)", [16, 4]),
        ("return q[:, 0]", [None, None]),
        ("return q.view(batch, length, 4, 16)[:, 0]", [16, 4]),
        ("return self.norm(x)", [64, None]),
        ("return q.unflatten(-1, (self.heads, -1))", [16, 4]),
        ("return self.left @ x", [None, 48]),
        ("return torch.einsum('bei,eio->ebo', q, self.experts)", [24, None]),
        ("return torch.einsum('bni,hio->bhno', q, self.experts)", [24, None]),
        ("return torch.cat([q, q], -1)", [None, None]),
        ("return q.view(batch, 5, self.width)", [16, 5]),
        ("return q.view(batch, 7, -1, 5)", [5, None]),
    ],
)
def test_width_of_the_last_two_axes(forward: str, known: list[int | None]) -> None:
    """Known where each step says what it does to the axes; else not known, never guessed."""
    assert widths(forward, -1, -2) == known


def test_axes_are_counted_once_a_view_says_how_many_there_are() -> None:
    """An input may have any number of axes."""
    network = traced("return q.view(batch, length, 4, 16).transpose(1, 2).unsqueeze(0)")
    layers = {layer.id: layer for layer in network.layers}
    assert rank(layers, layers[network.outputs[0]]) == 5
    assert rank(layers, layers[network.layers[1].id]) is None


@pytest.mark.parametrize(
    ("view", "shape"),
    [
        ("self.w.mT", (5, 24, 64)),
        ("self.w.T", (24, 64, 5)),
        ("self.w.transpose(0, 2)", (24, 64, 5)),
        ("self.w.transpose(-1, -2)", (5, 24, 64)),
        ("self.w.transpose(dim0=0, dim1=1)", (64, 5, 24)),
        ("self.w.permute(1, 2, 0)", (64, 24, 5)),
        ("self.w.permute((1, 2, 0))", (64, 24, 5)),
        ("self.w[0].t()", (24, 64)),
        ("self.w.transpose(0, self.heads)", None),
    ],
)
def test_a_view_of_a_parameter_has_its_axes_moved(view: str, shape: tuple[int, ...] | None) -> None:
    """So that an initialiser that is given the view takes the fans that it has."""
    made = f"self.w = nn.Parameter(torch.randn(5, 64, 24)); a, b, c = {view}.shape if {view}.ndim == 3 else (1, *{view}.shape)"
    text = f"""
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = int(input())
        {made}
        self.map = nn.ModuleList([nn.Linear(a, b), nn.Linear(b, c)])

    def forward(self, x):
        return self.map[1](self.map[0](x))

model = Net()
"""
    gathered = Gathered.from_text(text, "script.py")
    (module,) = gathered.program.modules
    (network,) = trace_script(gathered.program, module)
    first, second = (each for each in network.layers if each.op == "linear")
    found = (first.fan_in, first.fan_out, second.fan_out)
    if shape is None:
        assert not any(isinstance(size, int) for size in found)
    else:
        assert found == (1,) * (3 - len(shape)) + shape


SIZES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.pool, self.words = nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Embedding(100, 24)
        self.token = nn.Parameter(torch.zeros(1, 1))
        self.maps = nn.ModuleDict({str(width): nn.Linear(width, width) for width in (16, 24)})

    def forward(self, x):
        SIZE
        return self.maps[str(size)](x)

model = Net()
"""


@pytest.mark.parametrize(
    "taken",
    [
        "x = self.pool(self.image(x).relu()); size = x.shape[1]",
        "x = self.image(x); batch, size, height, side = x.shape",
        "x = self.image(x); size = x.size(dim=-3)",
        "x = self.image(x); size = x.size()[1]",
        "x = self.words(x); size = x.shape[-1]",
        "x = self.words(x); batch, length, size = x.size()",
        "x = self.words(x); size = 23 + self.token.expand(x.shape[0], -1, 5).shape[1]",
    ],
)
def test_a_program_knows_the_sizes_that_its_layers_make(taken: str) -> None:
    """Channels of an image, features of a word."""
    gathered = Gathered.from_text(SIZES.replace("SIZE", taken), str(Path("script.py")))
    (module,) = gathered.program.modules
    found = max(trace_script(gathered.program, module), key=lambda each: len(each.layers))
    assert [layer.fan_in for layer in found.live() if layer.op == "linear"] == [16 if "image" in taken else 24]


def test_a_size_that_the_input_makes_is_not_known() -> None:
    for taken in ("size = self.image(x).shape[-1]", "size = self.words(x).shape[1]", "size = x.size(0)"):
        gathered = Gathered.from_text(SIZES.replace("SIZE", taken), str(Path("script.py")))
        (module,) = gathered.program.modules
        assert all(
            layer.op != "linear" for network in trace_script(gathered.program, module) for layer in network.live()
        )
