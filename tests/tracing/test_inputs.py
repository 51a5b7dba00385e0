"""What a `forward` is given where it requires nothing."""

from __future__ import annotations

import initlint
from initlint.network import Network

TWO = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.image, self.head = nn.Embedding(100, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, input_ids=None, mask=None, pixel_values=None):
        words = self.words(input_ids)
        {body}
        return self.head(words + image)
"""


def network(body: str) -> Network:
    (found,) = initlint.check_text(TWO.format(body=body), "model.py").networks
    return found


def inputs(body: str) -> list[str]:
    return [layer.kind for layer in network(body).live() if layer.op == "input"]


def test_what_a_forward_surely_fails_without_is_given() -> None:
    """It raises, or asks an attribute of what is not there; nothing of the run that failed is left."""
    needed = "image = self.image(pixel_values.float())"
    assert inputs(needed) == ["input_ids", "pixel_values"]
    assert sum(layer.op == "linear" for layer in network(needed).layers) == 2
    raised = 'image = self.image(pixel_values)\n        if pixel_values is None: raise ValueError("no image")'
    assert inputs(raised) == ["input_ids", "pixel_values"]


def test_what_a_forward_can_do_without_is_left_out() -> None:
    """It asks first, or it may fail alone where a condition holds that is not known."""
    asked = "image = 0 if pixel_values is None else self.image(pixel_values)"
    assert inputs(asked) == ["input_ids"]
    assert inputs("image = pixel_values.float() if words.mean() > 0 else 0") == ["input_ids"]
    assert inputs("image = 0\n        try: image = pixel_values.float()\n        except AttributeError: pass") == [
        "input_ids"
    ]


REMEMBERED = """
from torch import nn


class Memory:
    last = None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.memory = Memory()
        self.map = nn.Linear(4, 4)

    def forward(self, x, other=None):
        if self.memory.last is not None:
            x = x.reshape(-1, self.memory.last.size(0))
        self.memory.last = self.map(x)
        if other is None:
            raise ValueError("two inputs are needed")
        return self.memory.last + other
"""


def test_what_a_forward_that_failed_has_kept_is_forgotten() -> None:
    """It is tried again with one more input: a signal of the first time is none of the second."""
    report = initlint.check_text(REMEMBERED, "net.py")
    (network,) = report.networks
    assert not report.errors
    assert [layer.kind for layer in network.live()] == ["x", "other", "Linear", "+"]
