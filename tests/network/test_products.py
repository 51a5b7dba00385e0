"""How large the products of queries and keys are, predicted from the source against those of the running model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from initlint import check_text
from initlint.gathering import Gathered
from initlint.network.prediction import predict
from initlint.network.products import scores, spread
from initlint.tracing import trace_script

HEADER = """
import math
import torch
from torch import nn

class Attention(nn.Module):
    def __init__(self, dim=96, heads=3):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        {init}

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        logits = {logits}
        self.logits = logits
        return logits.softmax(-1) @ v

model = Attention()
"""
INITS = ["nn.init.xavier_uniform_(self.qkv.weight)", "nn.init.normal_(self.qkv.weight, std=0.2)"]
LOGITS = [
    "q @ k.transpose(-2, -1)",
    "torch.einsum('bhid,bhjd->bhij', q, k)",
    "torch.matmul(q, k.mT) / math.sqrt(32)",
    "(q / 5) @ k.transpose(2, 3) + torch.zeros(1, 1, n, n)",
    "(q @ k.transpose(2, 3)).masked_fill(torch.zeros(n, n, dtype=torch.bool), -1e9)",
]


def predicted(source: str) -> list[float | None]:
    """Of each softmax of the script's network."""
    gathered = Gathered.from_text(source, "script.py")
    (module,) = gathered.program.modules
    network = max(trace_script(gathered.program, module), key=lambda each: len(each.layers))
    layers = {layer.id: layer for layer in network.layers}
    behind = {each.layer.id: each.after for each in predict(network)}
    return [spread(layers, behind, found) for found in scores(network)]


def measured(source: str) -> float:
    """Standard deviation of the scores of one query over the keys, over some draws of the weights."""
    torch.manual_seed(0)
    total = 0.0
    for _ in range(8):
        names: dict[str, nn.Module] = {}
        exec(source, names)
        model = names["model"]
        model(torch.randn(4, 40, 96))
        total += float(model.logits.detach().var(-1).mean())
    return (total / 8) ** 0.5


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("logits", LOGITS)
def test_scores_of_a_query_spread_as_predicted(init: str, logits: str) -> None:
    """Whether the product is written with letters or a transpose, with a constant or a mask behind it."""
    source = HEADER.format(init=init, logits=logits)
    (found,) = predicted(source)
    assert found is not None
    assert found == pytest.approx(measured(source), rel=0.05)


@pytest.mark.parametrize(
    "logits",
    [
        "q @ k.transpose(-2, -1) * self.scale",
        "q @ k.transpose(-2, -1) + v @ q.transpose(-2, -1)",
        "q",
        "q.mT @ k",
        "q.T @ k",
    ],
)
def test_scores_that_are_not_one_product_times_a_constant_are_not_predicted(logits: str) -> None:
    """A factor that is not known, a sum of two products, no product, and sums over as many places as there may be."""
    assert predicted(HEADER.format(init="", logits=logits)) in ([], [None])


def test_a_width_that_is_not_known_stays_a_symbol_in_every_prediction() -> None:
    """Behind a transposed convolution variances are symbols, which are neither more nor less than zero."""
    source = """
from torch import nn

class Net(nn.Module):
    def __init__(self, inputs, outputs, kernel=2):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, kernel, stride=2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.up(self.up(x).relu()))

class Attention(nn.Module):
    def __init__(self, width, heads=2):
        super().__init__()
        self.query, self.value = nn.Linear(width, 64), nn.Linear(width, width)
        nn.init.normal_(self.query.weight)

    def forward(self, x):
        q = self.query(x.relu())
        return (q @ q.transpose(-2, -1)).softmax(-1) @ self.value(x)
"""
    report = check_text(source, select=["INL208"])
    assert not report.errors
    assert len([predict(network) for network in report.networks]) == 2
