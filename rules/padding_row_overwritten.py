"""INL111."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.frameworks.draws import zero_row
from initlint.network import Layer, Network, Parameter
from initlint.rule import Rule
from initlint.signal.size import as_float, combine


class PaddingRowOverwritten(Rule):
    """An init that overwrites the zero row which an embedding keeps for padding.

    Why: nn.Embedding(padding_idx=...) zeroes that row when it is built and never lets a gradient reach it. An init of the
    whole weight fills it with noise, which then stays as it is: every padded position adds the same random vector to
    sums, means and recurrent states.
    Predicted: the norm of the row, which should be 0.
    Silent on: a row that is zeroed again afterwards, an init of all zeros, weights that are loaded or copied, writes that
    may not run, and a padding index that is not known.
    Fix: with torch.no_grad(): embedding.weight[padding_idx].zero_() behind the init.
    Source: the documentation of torch.nn.Embedding (padding_idx).
    """

    code = "INL111"
    name = "padding-row-overwritten"
    default = False
    bad = """
from torch import nn


class Bag(nn.Module):
    def __init__(self, vocabulary=200, dim=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.head = nn.Linear(dim, 2)
        nn.init.normal_(self.embedding.weight, std=0.1)  # bad

    def forward(self, ids):
        return self.head(self.embedding(ids).mean(1))
"""
    good = """
import torch
from torch import nn


class Bag(nn.Module):
    def __init__(self, vocabulary=200, dim=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.head = nn.Linear(dim, 2)
        nn.init.normal_(self.embedding.weight, std=0.1)
        with torch.no_grad():
            self.embedding.weight[0].zero_()

    def forward(self, ids):
        return self.head(self.embedding(ids).mean(1))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each line that overwrites padding rows."""
        cases: dict[Place, list[tuple[Layer, Parameter, int]]] = {}
        for layer, weight, row in overwritten(network):
            found = cases.setdefault(weight.writes[-1].place, [])
            if all(weight is not other for _, other, _ in found):
                found.append((layer, weight, row))
        for place, found in cases.items():
            yield self._finding(network, place, found)

    def _finding(self, network: Network, place: Place, found: list[tuple[Layer, Parameter, int]]) -> Finding:
        _, weight, row = found[0]
        norm = _norm_of_row(weight)
        size = "random values" if norm is None else f"a vector of norm {norm:.3g} (predicted)"
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = (
            f"{weight.name}{others}: {weight.writes[-1].initializer} fills the row of padding_idx={row} with {size}, "
            f"expected 0; no gradient reaches this row, padding keeps it for ever"
        )
        numbers = {
            "network": network.name,
            "padding_idx": row,
            "row_norm": norm,
            "layers": [layer.name for layer, *_ in found],
            "expected": {"row_norm": 0.0},
        }
        return self.finding(place, message, help=f"behind it: {zero_row(weight.name, row)}", predicted=numbers)


def overwritten(network: Network) -> Iterator[tuple[Layer, Parameter, int]]:
    """Embeddings with a padding row whose weight was drawn as a whole in the end, and the row's index."""
    for layer in network.layers:
        row, weight = layer.options.get("padding_idx"), layer.weight
        if layer.op == "embedding" and weight is not None and isinstance(row, int) and _is_filled(weight):
            yield layer, weight, row


def _is_filled(weight: Parameter) -> bool:
    """Whether its last write certainly puts something else than zeros into the whole of it."""
    write = weight.writes[-1] if weight.writes else None
    if write is None or not write.is_explicit or not write.is_certain or write.is_partial:
        return False
    second = as_float(write.distribution.second) if write.distribution is not None else None
    return second is not None and second > 0


def _norm_of_row(weight: Parameter) -> float | None:
    law = weight.distribution
    width = weight.shape[-1] if weight.shape else None
    square = as_float(combine(lambda second, side: second * side, law.second if law is not None else None, width))
    return None if square is None else math.sqrt(square)
