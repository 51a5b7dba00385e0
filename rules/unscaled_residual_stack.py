"""INL209."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from initlint.diagnosis.course import follow
from initlint.finding import Finding
from initlint.network import Layer, Network
from initlint.rule import Rule
from initlint.signal.size import as_float

LEAST_BLOCKS = 8
"""Sums in a row from which their growth is judged."""
GROWTH = 1.5
"""Factor of the second moment a block from which the branches count as unscaled: a branch as large as the trunk gives 2."""


class UnscaledResidualStack(Rule):
    """A deep residual stack without normalisation whose branches are not scaled down.

    Why: the sum of a signal and a branch of the same size has twice the variance; after L blocks it is 2^L. The first steps
    are huge, and half precision overflows.
    Predicted: the second moment behind the last sum over that behind the first, branch by branch.
    Measured: the second moment behind the last sum over that behind the first, and the factor a block.
    Silent on: normalised networks, branches that start at zero or small, less than 8 blocks, a factor below 1.5; from source
    also on branches of which something is not known.
    Fix: zero the last layer of each branch, scale branches by 1/sqrt(L), or normalise.
    Source: Zhang, Dauphin and Ma 2019, arXiv:1901.09321 (Fixup); De and Smith 2020, arXiv:2002.10444.
    """

    code = "INL209"
    name = "unscaled-residual-stack"
    default = False
    bad = """
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        nn.init.kaiming_normal_(self.fc.weight, nonlinearity="linear")

    def forward(self, x):
        return x + self.fc(x.relu()) * 1.5  # bad


def build(depth=12, width=64):
    return nn.Sequential(*[Block(width) for _ in range(depth)], nn.Linear(width, 10))
"""
    good = """
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        nn.init.zeros_(self.fc.weight)

    def forward(self, x):
        return x + self.fc(x.relu())


def build(depth=12, width=64):
    return nn.Sequential(*[Block(width) for _ in range(depth)], nn.Linear(width, 10))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Follows the sums of which one is an input of the next, with the predicted signal."""
        if any(layer.op == "add" for layer in network.live()):
            course = follow(network)
            if not course.assumed:
                yield from self._judge(network, {each: as_float(m.second) for each, m in course.behind.items()})

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """The same with the measured one."""
        rows = {layer.id: layer.measured for layer in network.layers}
        yield from self._judge(network, {each: row.output.second if row else None for each, row in rows.items()})

    def _judge(self, network: Network, sizes: Mapping[int, float | None]) -> Iterator[Finding]:
        if any(layer.op == "norm" for layer in network.live()):
            return
        chain = max(_chains(network), key=len, default=[])
        seconds = [size for layer in chain if (size := sizes.get(layer.id)) is not None]
        if len(seconds) < LEAST_BLOCKS or not seconds[0] or not math.isfinite(seconds[-1]):
            return
        growth = (seconds[-1] / seconds[0]) ** (1 / (len(seconds) - 1))
        if growth >= GROWTH:
            yield self._finding(network, chain, seconds, growth)

    def _finding(self, network: Network, chain: list[Layer], seconds: list[float], growth: float) -> Finding:
        is_read = network.measured is None
        message = (
            f"{network.name}: the second moment is multiplied by {growth:.2g} at each of {len(chain)} residual sums, by "
            f"{seconds[-1] / seconds[0]:.2g} over the stack ({'predicted' if is_read else 'measured'}); about 1 a block is "
            "expected: the first steps are huge"
        )
        numbers = {"network": network.name, "blocks": len(chain), "factor_per_block": growth}
        remedy = (
            f"start the last layer of each branch at zero, or scale each branch by {len(chain) ** -0.5:.2g} (1/sqrt(L))"
        )
        return self.finding(
            chain[0].place,
            message,
            help=remedy,
            predicted=numbers if is_read else None,
            measured=None if is_read else numbers,
        )


def _chains(network: Network) -> Iterator[list[Layer]]:
    """Sums of several signals in a row, each an input of the next, with nothing or an activation between."""
    known = {layer.id: layer for layer in network.layers}
    chains: dict[int, list[Layer]] = {}
    for layer in network.live():
        sources = [known[source] for source in layer.inputs if source in known]
        if layer.op == "add" and len(sources) > 1:
            before = max((chains.get(source.id, []) for source in sources), key=len)
            chains[layer.id] = [*before, layer]
        elif layer.op in ("activation", "dropout") and len(sources) == 1 and sources[0].id in chains:
            chains[layer.id] = chains[sources[0].id]
    yield from chains.values()
