"""INL304."""

from __future__ import annotations

import re
from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.frameworks.remedies import RECTIFIER
from initlint.frameworks.torch import RESAMPLING
from initlint.network import Layer, Network, Number
from initlint.rule import Rule

MAPS = frozenset({"linear", "conv"})
PASSING = frozenset({"dropout", "reshape", "scale"})
"""Operations through which two linear maps are still one."""
PROJECTION = re.compile(
    r"proj|emb|down|up|reduc|bottleneck|to_|squeeze|expand|excit|low|rank|lora|adapt|point|depth|quer|key|value|qkv|"
    r"compress|factor|latent|basis|stem|patch|tail|mix|align|adjust|resiz|transform|shortcut|skip|lateral|fpn|out_conv",
    re.IGNORECASE,
)
"""Names of maps that are meant to be linear: they change the number of units, or the basis."""


class MissingNonlinearity(Rule):
    """Two linear maps in a row with nothing between.

    Why: the product of two matrices is a matrix. The two layers compute what one computes, at twice the cost, and the
    depth that the model seems to have is not there; the error is as a rule a forgotten activation.
    Predicted: the rank of the product: no less than that of one map in its place.
    Silent on: low-rank factorisations and bottlenecks (fewer units between than on either side), separable and other
    convolutions with a kernel or groups, projections and embeddings named as such, and maps whose output something
    else takes, too.
    Fix: an activation between them, or one layer.
    Source: Goodfellow, Bengio and Courville, Deep Learning, 2016, section 6.1.
    """

    code = "INL304"
    name = "missing-nonlinearity"
    severity = Severity.WARNING
    default = False
    bad = """
from torch import nn

net = nn.Sequential(
    nn.Linear(784, 256),  # bad
    nn.Dropout(0.5),
    nn.Linear(256, 128),
    nn.ReLU(),
    nn.Linear(128, 10),
)
"""
    good = """
from torch import nn


class LowRank(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(512, 16, bias=False)
        self.right = nn.Linear(16, 512)

    def forward(self, x):
        return self.right(self.left(x))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """One finding for each run of linear maps, at its first."""
        yield from (self._finding(network, run) for run in runs(network))

    def _finding(self, network: Network, run: list[Layer]) -> Finding:
        names = " and ".join((run[0].name or run[0].kind, run[-1].name or run[-1].kind))
        between = min((fan for layer in run[1:] if isinstance(fan := _units_in(layer), (int, float))), default=None)
        message = (
            f"{network.name}: {names} follow each other with nothing but linear maps between, expected an activation: "
            f"together they compute no more than one layer of {_units_in(run[0])} x {_units_out(run[-1])}"
        )
        numbers = {
            "network": network.name,
            "layers": [layer.name for layer in run],
            "units_between": between,
            "units_in": _units_in(run[0]),
            "units_out": _units_out(run[-1]),
        }
        return self.finding(
            run[0].place,
            message,
            help=f"put {RECTIFIER} between them, or make them one layer",
            predicted=numbers,
            related=[(layer.place, "computes nothing more") for layer in run[1:]],
        )


def runs(network: Network) -> Iterator[list[Layer]]:
    """Maximal chains of linear maps that are one map, without those that are meant to be."""
    consumers = network.consumers()
    seen: set[int] = set()
    for layer in network.live():
        if layer.id not in seen and _may_merge(layer):
            run = [layer]
            while (after := _next(network, run[-1], consumers)) is not None:
                run.append(after)
            seen.update(each.id for each in run)
            if len(run) > 1 and not _is_meant(run):
                yield run


def _next(network: Network, layer: Layer, consumers: dict[int, list[Layer]]) -> Layer | None:
    """The linear map that alone takes a linear map's output."""
    here = layer
    while here.id not in network.outputs and len(consumers[here.id]) == 1:
        here = consumers[here.id][0]
        if here.op in MAPS:
            return here if _may_merge(here) else None
        if here.op not in PASSING or here.kind in RESAMPLING or len(here.inputs) != 1:
            return None
    return None


def _may_merge(layer: Layer) -> bool:
    """Whether it is a dense map of units, at each place the same, with trained weights and widths that are known."""
    weight = layer.weight
    if layer.op not in MAPS or weight is None or weight.is_frozen or layer.options.get("groups", 1) != 1:
        return False
    is_pointwise = layer.op == "linear" or (layer.window is not None and layer.window.count == 1)
    return is_pointwise and _units_in(layer) is not None and _units_out(layer) is not None


def _is_meant(run: list[Layer]) -> bool:
    """Whether the maps are apart on purpose: a bottleneck, weights that are shared, or names that say so."""
    widths = [_units_in(run[0]), *map(_units_out, run)]
    sizes = [float(width) for width in widths if isinstance(width, (int, float))]
    if len(sizes) < len(widths) or min(sizes[1:-1]) < min(sizes[0], sizes[-1]):
        return True
    is_shared = len({id(layer.weight) for layer in run}) < len(run)
    return is_shared or any(PROJECTION.search(layer.name) is not None for layer in run)


def _units_in(layer: Layer) -> Number | None:
    return layer.fan_in


def _units_out(layer: Layer) -> Number | None:
    return layer.fan_out
