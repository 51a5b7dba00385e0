"""Operations that are known and of which the theory has no law: they are followed, and what they give is not guessed."""

from __future__ import annotations

import pytest

import initlint
from initlint.network import Network
from initlint.network.prediction import predict

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn


class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        return x * factor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.loss, self.sum = nn.Linear(8, 8), nn.MSELoss(), nn.quantized.FloatFunctional()

    def forward(self, x):
        h = self.map(x)
"""


def network(*lines: str) -> Network:
    text = "\n".join([HEAD.rstrip(), *(f"        {line}" for line in lines)])
    (found,) = initlint.check_text(text, "model.py").networks
    return found


@pytest.mark.parametrize(
    "result",
    [
        "torch.log(h.abs() + 1)",
        "h.clamp(min=0.1)",
        "torch.clamp(h, -1, 1)",
        "torch.norm(h, dim=-1)",
        "torch.linalg.norm(h)",
        "h.var(dim=0, keepdim=True)",
        "torch.where(mask, h, x)",
        "h.masked_fill(x > 0, 0.5)",
        "F.cross_entropy(h, x)",
        "self.loss(h, x)",
        "F.grid_sample(h, x)",
        "1 / h",
        "h ** 0.3",
        "h // 2",
        "torch.fft.rfft(h)",
        "h.topk(3)[0]",
    ],
)
def test_what_has_no_law_is_followed_and_not_guessed(result: str) -> None:
    found = network("mask = x > 0", f"return {result}")
    assert found.is_complete
    assert predict(found)[-1].after.variance is None


def test_a_clamp_at_zero_is_a_rectifier() -> None:
    for result in ("h.clamp(min=0)", "h.clamp_min(0)"):
        assert network(f"return {result}").live()[-1].activation == "relu"
        assert predict(network(f"return {result}"))[-1].after.variance is not None


def test_what_hides_entries_from_a_softmax_hands_on_the_others() -> None:
    for hidden in ("h.masked_fill(x > 0, -1e9)", "torch.where(x > 0, h, float('-inf'))"):
        before, after = predict(network(f"return {hidden}"))[-2:]
        assert before.after.variance == after.after.variance is not None


def test_a_quotient_is_one_whoever_says_it() -> None:
    """As an operator, a function or a method."""
    operations = [
        network(f"return {text}").live()[-1] for text in ("h / 2", "torch.div(h, 2)", "h.div(2)", "h.div_(2)")
    ]
    assert {(layer.op, layer.options["factor"]) for layer in operations} == {("scale", 0.5)}


def test_masks_and_places_are_no_signals() -> None:
    assert [layer.op for layer in network("return h * torch.isnan(h)").live()] == ["input", "linear", "multiply"]
    assert network("values, places = h.topk(2)", "return values").outputs
    assert not network("values, places = h.topk(2)", "return places").outputs


def test_a_function_with_a_gradient_of_its_own_is_followed() -> None:
    assert network("return Scale.apply(h, 3)").live()[-1].options["factor"] == 3
    assert network("return self.sum.add_relu(h, x)").live()[-1].activation == "relu"


def test_packed_sequences_go_through_a_recurrent_layer() -> None:
    found = network(
        "packed = nn.utils.rnn.pack_padded_sequence(h, [1, 2])",
        "back, lengths = nn.utils.rnn.pad_packed_sequence(packed)",
        "return back",
    )
    assert [layer.op for layer in found.live()] == ["input", "linear", "reshape", "reshape"]


def test_rows_are_looked_up_by_a_function_as_by_a_layer() -> None:
    found = network("return F.embedding(x, self.map.weight)")
    assert [(layer.op, layer.weight is not None) for layer in found.live()][-1] == ("embedding", True)


def test_a_quotient_that_is_rounded_is_followed_and_bits_are_no_signal() -> None:
    assert network("return torch.div(h, 3, rounding_mode='floor')").is_complete
    assert not network("return h.long() & 3").outputs
    assert not network("return h & 3").outputs
