"""INL207."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.frameworks.remedies import draw_normal
from initlint.network import Layer, Network, Parameter
from initlint.rule import Rule

LARGEST_STD = 3.0
"""Standard deviation s of the logits from which the initial loss is far above ln(vocabulary): by about s^2 / 2."""


class TiedEmbeddingScale(Rule):
    """An embedding that is tied to the output projection and drawn far too large for it.

    Why: nn.Embedding draws N(0, 1), which suits a table of vectors. As the weight of the output projection it gives logits
    with std sqrt(d): the model starts sure of itself and wrong, at a loss far above ln(vocabulary).
    Measured: the standard deviation of the logits, and that of the tied weight; reported from 3 on.
    Silent on: untied embeddings, logits that are scaled afterwards, embeddings drawn at N(0, 0.02) or 1/sqrt(d).
    Fix: nn.init.normal_(embedding.weight, std=d**-0.5), and where the embeddings then are too small, scale them by
    sqrt(d) on the way in.
    Source: Press and Wolf 2017, arXiv:1608.05859; Vaswani et al. 2017, arXiv:1706.03762, section 3.4.
    """

    code = "INL207"
    name = "tied-embedding-scale"
    bad = """
from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, vocabulary=200, dim=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)  # bad
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids):
        return self.head(self.norm(self.embedding(ids)))
"""
    good = """
from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, vocabulary=200, dim=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.head.weight = self.embedding.weight

    def forward(self, ids):
        return self.head(self.norm(self.embedding(ids)))
"""

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Looks for outputs whose weight is that of an embedding."""
        return (self._finding(network, *case) for case in oversized(network))

    def _finding(self, network: Network, embedding: Layer, weight: Parameter, std: float) -> Finding:
        row = weight.measured
        spread = f"std {row.values.std:.3g}" if row is not None else "this scale"
        message = (
            f"{weight.name}: tied to the output, with {spread} it gives logits with std {std:.3g} (measured), about 1 is "
            f"expected: the initial loss is far above ln(vocabulary)"
        )
        numbers = {"network": network.name, "logits_std": std, "expected": {"logits_std": 1.0}}
        if row is not None:
            numbers["weight_std"] = row.values.std
        return self.finding(
            _place(embedding, weight),
            message,
            help=f"draw it by the width: {draw_normal(weight.name, _wanted(weight))}",
            measured=numbers,
        )


def oversized(network: Network) -> Iterator[tuple[Layer, Parameter, float]]:
    """Embeddings whose weight gives outputs of the network, and the standard deviation of these, if it is too large."""
    tables = {
        id(layer.weight): layer for layer in network.layers if layer.op == "embedding" and layer.weight is not None
    }
    for layer in network.layers:
        is_output = layer.id in network.outputs and layer.op == "linear"
        std = layer.measured.output.std if layer.measured is not None else 0.0
        if is_output and layer.weight is not None and id(layer.weight) in tables and std >= LARGEST_STD:
            yield tables[id(layer.weight)], layer.weight, std


def _place(embedding: Layer, weight: Parameter) -> Place:
    last = weight.last
    return last.place if last is not None and last.is_explicit else embedding.place


def _wanted(weight: Parameter) -> float:
    width = weight.measured.values.shape[-1] if weight.measured is not None else 1
    return 1 / math.sqrt(max(width, 1))
