"""Signals that are written into tensors and into other signals, and tensors that no gradient comes back from."""

from __future__ import annotations

import pytest

import initlint
from initlint.network import Network
from initlint.network.prediction import predict

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.router = nn.Linear(8, 8), nn.Linear(8, 4)
        self.experts = nn.Parameter(torch.randn(4, 8, 8))
        self.register_buffer("seen", torch.zeros(8))

    def forward(self, x):
        h = self.map(x)
"""


def network(*lines: str) -> Network:
    text = "\n".join([HEAD.rstrip(), *(f"        {line}" for line in lines)])
    (found,) = initlint.check_text(text, "model.py").networks
    return found


@pytest.mark.parametrize(
    "lines",
    [
        ("out[:, :8] = h",),
        ("out.index_add_(0, torch.arange(4), h)",),
        ("out.view(-1, 8).scatter_add_(0, torch.arange(4), h)",),
        ("out += h",),
        ("out.copy_(h)",),
        ("out = out.scatter(0, torch.arange(4), h)",),
        ("for place in torch.arange(4):", "    out[place] = h"),
    ],
)
def test_a_tensor_that_a_signal_is_written_into_is_a_signal(lines: tuple[str, ...]) -> None:
    found = network("out = torch.zeros(4, 8)", *lines, "return out")
    assert found.is_complete
    assert "map" in [layer.name for layer in found.live()]


def test_what_is_left_of_zeros_is_not_known() -> None:
    found = network("out = torch.zeros(4, 8)", "out[:, :2] = h", "return out")
    assert predict(found)[-1].after.variance is None


def test_a_method_in_place_changes_what_its_name_stands_for() -> None:
    assert network("h.mul_(3)", "return h").live()[-1].options["factor"] == 3
    assert network("h.relu_()", "return h").live()[-1].activation == "relu"
    assert network("h.mul(3)", "return h").live()[-1].op == "linear"


def test_entries_of_a_signal_are_written_over_by_those_of_another() -> None:
    found = network("h[:, 0] = self.router(x)[:, 0]", "return h")
    assert {layer.name for layer in found.live() if layer.name} == {"map", "router"}
    assert network("h[:, 0] = 0", "return h").live()[-1].op == "linear"


def test_a_mixture_of_experts_is_followed_to_its_sum() -> None:
    found = network(
        "out = torch.zeros_like(h)",
        "weights, chosen = torch.topk(self.router(x).softmax(-1), 2)",
        "mask = F.one_hot(chosen, 4).permute(2, 1, 0)",
        "for expert in (mask.sum(dim=(-1, -2)) > 0).nonzero():",
        "    slot, token = torch.where(mask[expert[0]])",
        "    one = F.linear(h[token], self.experts[expert[0]]) * weights[token, slot, None]",
        "    out.index_add_(0, token, one)",
        "return out",
    )
    assert found.is_complete
    assert {"map", "router", "experts"} <= {layer.name or layer.kind for layer in found.live()} | {
        parameter.name for layer in found.live() for parameter in layer.parameters
    }


def test_a_weight_stays_one() -> None:
    found = network("self.experts.mul_(h.mean())", "return h @ self.experts[0]")
    assert found.live()[-1].parameters


@pytest.mark.parametrize(
    "text",
    [
        "h.argmax(-1)",
        "h > 0",
        "(h > 0) & (h < 1)",
        "(h == 0).any(-1)",
        "h.nonzero()[0]",
        "F.one_hot(h.argmax(-1), 4).long()",
        "~torch.isnan(h)",
    ],
)
def test_masks_places_and_counts_are_no_signals(text: str) -> None:
    assert not network(f"return {text}").outputs
    assert network(f"found = {text}", "return h * found.float()").is_complete


def test_a_mask_that_holds_for_none_is_not_known_to_hold() -> None:
    """Though it is no number that it is compared with."""
    found = network("return h.relu() if (torch.arange(8) == 3).any() else h.tanh()")
    assert {layer.activation for layer in found.live()} >= {"relu", "tanh"}


def test_places_can_be_unpacked() -> None:
    assert network("row, column = torch.where(h > 0)", "return h[row] + h[column]").is_complete


def test_what_is_detached_is_followed_as_far_as_it_goes() -> None:
    found = network("return h + (self.router(x) - h).detach()")
    assert found.is_complete
    assert predict(found)[-1].after.variance is None


def test_a_part_of_a_signal_is_copied_over() -> None:
    found = network("h[:, :4].copy_(self.router(x))", "return h")
    assert {layer.name for layer in found.live() if layer.name} == {"map", "router"}


@pytest.mark.parametrize(
    ("line", "is_silent"),
    [
        ("return torch.arange(8).cos(), h.argmax(-1)", True),
        ("return {'places': h.topk(2)[0] > 0}", True),
        ("return h, h.argmax(-1)", False),
        ("return torch.arange(8), open(x.name)", False),
        ("return None", False),
    ],
)
def test_a_model_may_be_known_to_give_no_signal(line: str, is_silent: bool) -> None:
    assert network(line).gives_no_signal is is_silent
