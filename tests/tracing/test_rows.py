"""Sizes that are worked out with tensors of one axis."""

from __future__ import annotations

import math

import pytest

import initlint

torch = pytest.importorskip("torch")
NET = """
import math
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{body}
        self.maps = nn.ModuleList([nn.Linear(1, int(n)) for n in numbers])

    def forward(self, x):
        return [each(x) for each in self.maps]
"""


def read(body: str) -> list[object]:
    """The widths that are read from what ends in ``numbers = ...``."""
    indented = "\n".join(f"        {line}" for line in body.splitlines())
    (network,) = initlint.check_text(NET.format(body=indented), "net.py").networks
    return [layer.fan_out for layer in network.live() if layer.op == "linear"]


def run(body: str) -> list[int]:
    """The same with PyTorch."""
    space: dict[str, object] = {"torch": torch, "math": math}
    exec(body, space)
    return [int(number) for number in space["numbers"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        "numbers = (torch.arange(4) * 8 + 16).tolist()",
        "numbers = torch.arange(2, 11, 3).tolist()",
        "numbers = torch.linspace(8, 32, 4).round().int().tolist()",
        "numbers = (torch.round(torch.divide(24 * torch.pow(2.5, torch.arange(4)), 8)) * 8).int().tolist()",
        "numbers = (2 ** torch.arange(5)).tolist()",
        "numbers = torch.diff(torch.tensor([0, 3, 4, 9])).int().tolist()",
        "numbers = [torch.tensor([3, 5, 4]).max().item(), torch.arange(5).sum().item()]",
        "numbers = [4] * len(torch.unique(torch.tensor([8, 16, 8, 24])))",
        "numbers = [4] * len(set([8, 16, 8, 24]))",
        "numbers = torch.cumsum(torch.tensor([1, 2, 3]), 0).tolist()",
        "numbers = torch.ceil(torch.log(torch.tensor([2.0, 9.0])) / math.log(2)).tolist()",
    ],
)
def test_widths_computed_by_arithmetic_of_rows_are_those_of_pytorch(body: str) -> None:
    assert read(body) == run(body)


@pytest.mark.parametrize(
    "body",
    [
        "numbers = torch.log(torch.tensor([0, 1])).tolist()",
        "numbers = (torch.tensor([1, 2]) + torch.tensor([1, 2, 3])).tolist()",
        "numbers = torch.arange(10**9).tolist()",
        "numbers = (torch.tensor([10**9]) ** 10**9).tolist()",
    ],
)
def test_what_no_row_gives_is_not_known_and_ends(body: str) -> None:
    assert all(not isinstance(width, int) for width in read(body))
