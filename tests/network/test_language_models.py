"""What language models are made of, predicted from source against the same modules run."""

from __future__ import annotations

import pytest

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

torch = pytest.importorskip("torch")
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"
BUILDS = 8


def predicted(source: str, shape: tuple[int, ...]) -> float | None:
    """Variance of the output."""
    (network,) = initlint.check_text(HEADER + source, "net.py").networks
    return as_float(predict(network, [shape])[-1].after.variance)


def measured(source: str, shape: tuple[int, ...], vocabulary: int) -> float:
    """Variance of the output for random tokens, averaged over builds."""
    space: dict[str, object] = {}
    exec(HEADER + source, space)
    total = 0.0
    for seed in range(BUILDS):
        torch.manual_seed(seed)
        model = space["Net"]()  # type: ignore[operator]
        total += float(model(torch.randint(vocabulary, shape)).detach().var())
    return total / BUILDS


PADDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 64, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.5)
        nn.init.zeros_(self.embedding.weight[self.embedding.padding_idx])

    def forward(self, tokens):
        return self.embedding(tokens)
"""
ATTENDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.value = nn.Linear(64, 64)

    def forward(self, tokens):
        x = self.embedding(tokens)
        return F.scaled_dot_product_attention(0.1 * x, 0.1 * x, self.value(x))
"""


def test_a_row_of_an_embedding_that_is_zeroed_counts_by_its_share() -> None:
    """As the padding row that an init function puts back."""
    found = predicted(PADDED, (64, 32))
    assert found == pytest.approx(0.9 * 0.25)
    assert found == pytest.approx(measured(PADDED, (64, 32), 10), rel=0.05)


def test_tokens_are_the_places_that_attention_goes_over() -> None:
    """A table of token numbers has one place for each."""
    for places in (8, 32):
        found = predicted(ATTENDED, (16, places))
        assert found == pytest.approx(measured(ATTENDED, (16, places), 1000), rel=0.08)
