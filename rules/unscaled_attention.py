"""INL208."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Place
from initlint.fix import Edit, Fix, Name, copied, replaced
from initlint.fix.outcome import Gauge
from initlint.frameworks.remedies import LAST_WIDTH, sums_last_axis
from initlint.network import Layer, Network
from initlint.network.layout import Layers
from initlint.network.prediction import predict
from initlint.network.products import Scores, is_learned, scores, spread, summed
from initlint.program import Program
from initlint.program.functions import nodes_at, statement_at
from initlint.program.loops.expressions import terminal_name
from initlint.program.nodes import nodes
from initlint.reading import facts
from initlint.rule import Rule

from .wording import Numbers, witnessed

LARGEST_STD = 3.0
"""Standard deviation of a softmax's argument from which attention starts saturated: scaled products of unit signals have 1,
and products of vectors of length d have sqrt(d)."""
PASSED = frozenset({"add", "dropout", "reshape"})
"""What may stand between the product and the softmax without scaling it: masks and biases."""


class UnscaledAttention(Rule):
    """A softmax over products of queries and keys that nothing scales by 1/sqrt(d).

    Why: the product of two vectors with d entries of variance 1 has variance d. Its softmax puts all the weight on one
    key, and the slope there is nearly zero: queries and keys do not learn.
    Predicted: standard deviation of the products of one query with all keys, sqrt(d E[q^2] E[k^2]), where queries and keys come
    from linear maps and d is known.
    Measured: the same of all products that go into the softmax, multiplied by numbers or not; reported from 3 on.
    Silent on: products that are divided, multiplied by a temperature or otherwise changed on the way, normalised queries
    and keys, scaled_dot_product_attention, and small products, as those of 64 terms at the framework's default init.
    Fix: divide by math.sqrt(d), or call torch.nn.functional.scaled_dot_product_attention.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1.
    """

    code = "INL208"
    name = "unscaled-attention"
    bad = """
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=256):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)

    def forward(self, x):
        weights = (self.query(x) @ self.key(x).transpose(-2, -1)).softmax(-1)  # bad
        return weights @ self.value(x)
"""
    good = """
import math

from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=256):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) / math.sqrt(x.shape[-1])
        return scores.softmax(-1) @ self.value(x)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Reports the first product that is predicted to be too large, with the number of others."""
        found = [(layer, std) for layer, std in _predicted(network) if std >= LARGEST_STD]
        if found:
            yield self._finding(network, found)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Reports the first product that is too large, with the number of others."""
        found = [(layer, std) for layer, std in _products(network) if std >= LARGEST_STD]
        if found:
            yield self._finding(network, found)

    def gauge(self, network: Network) -> Gauge | None:
        """The largest of the products."""
        found = [std for _, std in _products(network)]
        return Gauge("logits_std", "std of the logits", max(found)) if found else None

    def _finding(self, network: Network, found: list[tuple[Layer, float]]) -> Finding:
        layer, std = found[0]
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        witness = "predicted" if network.measured is None else "measured"
        message = (
            f"{layer.kind}{others} in {network.name}: queries times keys have std {std:.3g} ({witness}), about 1 is expected: "
            f"the softmax puts nearly all weight on one key and passes hardly any gradient"
        )
        numbers: Numbers = {
            "network": network.name,
            "logits_std": std,
            "expected": {"logits_std": 1.0},
            "places": len(found),
        }
        predicted, measured = witnessed(network, numbers)
        return self.finding(
            layer.place,
            message,
            help="divide them by math.sqrt(d)",
            predicted=predicted,
            measured=measured,
            fix=partial(_fix, list(dict.fromkeys(each.place for each, _ in found))),
        )


def _fix(places: list[Place], program: Program) -> Fix | None:
    """The queries divided at every product; `None` where one of them has no name to read its width from."""
    multiplied = _multiplied(program, places[0]) if len(places) == 1 else None
    if multiplied is not None:
        edit = Edit(multiplied.left.end, multiplied.right.start, (" / ",))
        return Fix("Divide the products where they are multiplied", (edit,), safe=False)
    queries = [_query(program, place) for place in places]
    if any(query is None or place.path != places[0].path for query, place in zip(queries, places, strict=True)):
        return None
    edits = [_divided(*query) for query in queries if query is not None]
    return Fix("Divide the queries by the root of their width", tuple(edits), safe=False)


def _multiplied(program: Program, place: Place) -> facts.Binary | None:
    """The multiplication of a product by a root, if nothing but the operator stands between the two."""
    product = next(nodes_at(program, place), None)
    for node in nodes(statement_at(program, place)):
        is_factor = isinstance(node, facts.Binary) and node.operator == "*" and node.left is product
        if is_factor and isinstance(node, facts.Binary) and terminal_name(node.right) == ROOT:
            module = program.module_shown(place.path)
            text = module.source.text() if module is not None else ""
            return node if text[node.left.end : node.right.start].strip() == "*" else None
    return None


ROOT = "sqrt"


def _divided(query: facts.Name, is_argument: bool) -> Edit:
    opening, closing = ("", "") if is_argument else ("(", ")")
    width = copied(query), f"{LAST_WIDTH}){closing}"
    return replaced(query, opening, copied(query), " / ", Name("math.sqrt"), "(", *width)


def _query(program: Program, place: Place) -> tuple[facts.Name, bool] | None:
    """The first factor of a product, if its last axis is the one that is summed over; and whether it is an argument."""
    node = next(nodes_at(program, place), None)
    first: facts.Expression | None = None
    if isinstance(node, facts.Binary):
        first = node.left
    elif isinstance(node, facts.Call):
        given = [each.value for each in node.arguments if each.keyword is None and not each.star]
        equation = given[0].value if given and isinstance(given[0], facts.Literal) else None
        if equation is None and isinstance(node.function, facts.Attribute) and len(given) == 1:
            first = node.function.value
        elif len(given) == 2 + (equation is not None) and sums_last_axis(equation):
            first = given[-2]
    is_argument = isinstance(node, facts.Call) and any(each.value is first for each in node.arguments)
    return (first, is_argument) if isinstance(first, facts.Name) else None


def _predicted(network: Network) -> Iterator[tuple[Layer, float]]:
    """Products of queries and keys that linear maps give, with the standard deviation of what the softmax takes."""
    layers = {layer.id: layer for layer in network.layers}
    found = [each for each in scores(network) if all(is_learned(layers, source) for source in each.product.inputs)]
    behind = {each.layer.id: each.after for each in predict(network)} if found else {}
    for each in found:
        std = None if _is_scaled(layers, each) else spread(layers, behind, each)
        if std is not None:
            yield each.product, std


def _is_scaled(layers: Layers, found: Scores) -> bool:
    """Whether the products are divided by sqrt(d), or by more: what is too large then is the weights."""
    terms = summed(layers, found.product)
    return terms is not None and found.factor**2 * terms < MOST_OF_SCALE


MOST_OF_SCALE = 1.1
"""Factor of the products, squared and times d, up to which they are scaled: 1 by the formula, and a little for rounding."""


def _products(network: Network) -> Iterator[tuple[Layer, float]]:
    """Products of signals, and of parts of one, with the standard deviation in which a softmax takes them: as they are, or
    multiplied by numbers."""
    known = {layer.id: layer for layer in network.layers}
    for softmax in network.live():
        before = _before(softmax, known) if softmax.op == "softmax" else None
        scale = 1.0
        while before is not None and (before.op in PASSED or _factor(before) is not None):
            factor = _factor(before)
            scale *= 1.0 if factor is None else abs(factor)
            before = _before(before, known)
        if before is not None and before.op == "matmul" and not before.parameters and before.measured is not None:
            yield before, scale * before.measured.output.std


def _factor(layer: Layer) -> float | None:
    """The number that it multiplies a signal by, if that is all that it does."""
    found = layer.options.get("factor") if layer.op in ("multiply", "scale") and not layer.parameters else None
    return found if isinstance(found, float) else None


def _before(layer: Layer, known: dict[int, Layer]) -> Layer | None:
    """What it takes, if that is one signal."""
    return known.get(layer.inputs[0]) if len(layer.inputs) == 1 else None
