"""INL207."""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.frameworks.draws import draw_normal
from initlint.network import Layer, Network, Parameter
from initlint.network.prediction import predict
from initlint.rule import Rule
from initlint.signal.size import as_float

from .wording import Numbers, witnessed

LARGEST_STD = 3.0
"""Standard deviation s of the logits from which the initial loss is far above ln(vocabulary): by about s^2 / 2."""


class TiedEmbeddingScale(Rule):
    """An embedding that is tied to the output projection and drawn far too large for it.

    Why: nn.Embedding draws N(0, 1), which suits a table of vectors. As the weight of the output projection it gives logits
    with std sqrt(d): the model starts sure of itself and wrong, at a loss far above ln(vocabulary).
    Predicted: the standard deviation of the logits, reported from 3 on, and the cross-entropy of such logits.
    Measured: the standard deviation of the logits, and that of the tied weight.
    Silent on: untied embeddings, logits that are scaled afterwards, embeddings drawn at N(0, 0.02) or 1/sqrt(d), and
    networks in which the width or a layer before the output is not known.
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

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for outputs whose weight is that of an embedding."""
        return (self._finding(network, *case) for case in oversized(network))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same outputs by the logits that were measured."""
        return self.check_network(network)

    def _finding(self, network: Network, embedding: Layer, output: Layer, weight: Parameter, std: float) -> Finding:
        spread, loss = _spread(weight), _initial_loss(output, std)
        drawn = f"std {spread:.3g}" if spread is not None else "this scale"
        witness = "predicted" if network.measured is None else "measured"
        rise = "" if loss is None else f" ({loss[0]:.3g} against {loss[1]:.3g})"
        message = (
            f"{weight.name}: tied to the output, with {drawn} it gives logits with std {std:.3g} ({witness}), about 1 is "
            f"expected: the initial loss is far above ln(vocabulary){rise}"
        )
        numbers: Numbers = {"network": network.name, "logits_std": std, "expected": {"logits_std": 1.0}}
        if spread is not None:
            numbers["weight_std"] = spread
        if loss is not None:
            numbers["initial_loss"], numbers["log_vocabulary"] = loss
        predicted, measured = witnessed(network, numbers)
        call = draw_normal(weight.name, _wanted(output, weight))
        return self.finding(
            _place(embedding, weight),
            message,
            help=f"draw it by the width: {call}",
            predicted=predicted,
            measured=measured,
        )


def oversized(network: Network) -> Iterator[tuple[Layer, Layer, Parameter, float]]:
    """Embeddings whose weight gives outputs of the network, these, and their standard deviation, if it is too large."""
    tables = {
        id(layer.weight): layer for layer in network.layers if layer.op == "embedding" and layer.weight is not None
    }
    found = _measured(network) if network.measured is not None else _predicted(network)
    for layer, std in found if tables else ():
        if layer.weight is not None and id(layer.weight) in tables and std >= LARGEST_STD:
            yield tables[id(layer.weight)], layer, layer.weight, std


def _measured(network: Network) -> Iterator[tuple[Layer, float]]:
    for layer in network.layers:
        if layer.id in network.outputs and layer.op == "linear" and layer.measured is not None:
            yield layer, layer.measured.output.std or 0.0


def _predicted(network: Network) -> Iterator[tuple[Layer, float]]:
    """Linear maps that give the logits, which may be reshaped, scaled by a constant and go into a softmax behind them."""
    layers = {layer.id: layer for layer in network.layers}
    seconds = {each.layer.id: as_float(each.after.second) for each in predict(network)}
    for output in network.outputs:
        logits = layers[output]
        while logits.op == "softmax" and logits.inputs:
            logits = layers[logits.inputs[0]]
        second, layer = seconds.get(logits.id), logits
        while layer.op in ("reshape", "scale") and layer.inputs:
            layer = layers[layer.inputs[0]]
        if layer.op in ("linear", "matmul") and second is not None:
            yield layer, math.sqrt(second)


def _initial_loss(output: Layer, std: float) -> tuple[float, float] | None:
    """Cross-entropy of logits that are independent Gaussians, and ln(vocabulary); `None` where that is not known.

    Derrida's random energy model: beyond ``sqrt(2 ln(vocabulary))`` the largest logit alone makes the sum.
    """
    if not isinstance(output.fan_out, (int, float)) or output.fan_out < 2:
        return None
    uniform = math.log(output.fan_out)
    frozen = math.sqrt(2 * uniform)
    return (uniform + std**2 / 2 if std <= frozen else std * frozen), uniform


def _spread(weight: Parameter) -> float | None:
    """Standard deviation of its entries: the measured one, or that of the law."""
    if weight.measured is not None:
        return weight.measured.values.std
    law = weight.distribution
    return as_float(law.std) if law is not None else None


def _place(embedding: Layer, weight: Parameter) -> Place:
    last = weight.last
    return last.place if last is not None and last.is_explicit else embedding.place


def _wanted(output: Layer, weight: Parameter) -> float:
    """The std that gives logits of about 1 behind a norm."""
    if weight.measured is not None:
        return 1 / math.sqrt(max(weight.measured.values.shape[-1], 1))
    return 1 / math.sqrt(output.fan_in) if isinstance(output.fan_in, (int, float)) and output.fan_in else 1.0
