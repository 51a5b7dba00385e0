"""INL103."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.fix import Fix
from initlint.frameworks.draws import fill, filling_draw
from initlint.network import Network, Parameter
from initlint.program import Program
from initlint.program.filling import fillings, may_be_filled
from initlint.rule import Rule

from .redrawing import fix_of, redrawn


class UninitializedParameter(Rule):
    """A parameter is made from memory that nothing ever fills.

    Why: torch.empty, torch.Tensor(n, m) and torch.FloatTensor(n, m) hand out memory as it is: zeros on one machine,
    huge numbers or NaN on another, and never the same twice.
    Predicted: no write follows the constructor on any path that was traced, and nothing in the source could make one.
    Measured: entries that differ from one construction to the next under the same seed.
    Silent on: parameters filled in the constructor, in reset_parameters, _init_weights, a base class, an init function
    or a loop over parameters anywhere; frozen ones; classes that load their weights; torch.empty(0); unknown base
    classes.
    Fix: one init call behind the constructor.
    Source: the documentation of torch.empty: "returns a tensor filled with uninitialized data".
    """

    code = "INL103"
    name = "uninitialized-parameter"
    severity = Severity.ERROR
    bad = """
import torch
from torch import nn


class Scores(nn.Module):
    def __init__(self, tags=8):
        super().__init__()
        self.transitions = nn.Parameter(torch.empty(tags, tags))  # bad

    def forward(self, x):
        return x @ self.transitions
"""
    good = """
import torch
from torch import nn


class Scores(nn.Module):
    def __init__(self, tags=8):
        super().__init__()
        self.transitions = nn.Parameter(torch.empty(tags, tags))
        nn.init.xavier_uniform_(self.transitions)

    def forward(self, x):
        return x @ self.transitions
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks at every place that makes parameters, over all networks."""
        made: dict[Place, list[Parameter]] = defaultdict(list)
        for network in program.networks():
            for parameter in network.parameters:
                made[parameter.place].append(parameter)
        empty = {place: found[0] for place, found in made.items() if all(map(_is_empty, found))}
        outside = list(fillings(program)) if empty else []
        for place, parameter in empty.items():
            if not may_be_filled(program, place, _attribute(parameter), outside):
                yield self._finding(place, parameter)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Looks for entries that still hold what unwritten memory was marked with."""
        known = {parameter.name: parameter for parameter in network.parameters}
        made: dict[Place, list[tuple[Parameter, float]]] = defaultdict(list)
        for found in network.measured.unwritten if network.measured is not None else ():
            parameter = known.get(found.name)
            if parameter is not None and not found.is_buffer and not parameter.is_frozen:
                made[parameter.place].append((parameter, found.share))
        for place, here in made.items():
            yield self._measured(place, here)

    def _measured(self, place: Place, found: list[tuple[Parameter, float]]) -> Finding:
        parameter, share = max(found, key=lambda pair: pair[1])
        others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = (
            f"{parameter.name}{others}: construction writes nothing to {share:.3g} of its entries (measured), an init is "
            f"expected: they hold whatever the memory held before, huge numbers and NaN among it"
        )
        numbers = {"parameters": [each.name for each, _ in found], "unwritten_share": share}
        return self.finding(place, message, help=_remedy(parameter), measured=numbers)

    def _finding(self, place: Place, parameter: Parameter) -> Finding:
        shape = "x".join("?" if size is None else str(size) for size in parameter.shape or ())
        message = (
            f"{parameter.name}: {shape or 'all'} entries of uninitialised memory that nothing fills before use, an "
            f"init is expected: the values are arbitrary, huge ones and NaN among them"
        )
        predicted = {"parameter": parameter.name, "writes": 0}
        return self.finding(
            place, message, help=_remedy(parameter), predicted=predicted, fix=partial(_fix, place, parameter)
        )


def _fix(place: Place, parameter: Parameter, program: Program) -> Fix | None:
    draw = filling_draw(_axes(parameter)) if parameter.shape is not None else None
    if draw is None or (_axes(parameter) < len(parameter.shape or ()) and _axes(parameter) < MATRIX):
        return None
    return fix_of(f"Fill it with {draw.name}", redrawn(program, place, draw))


MATRIX = 2
"""Axes from which on a parameter has fans; below that, as of a vector that broadcasts, who uses it knows its start."""


def _axes(parameter: Parameter) -> int:
    """Axes along which there is more than one entry."""
    return sum(size != 1 for size in parameter.shape or ())


def _remedy(parameter: Parameter) -> str:
    call = fill(f"self.{_attribute(parameter)}", _axes(parameter))
    return f"add {call} behind it"


def _attribute(parameter: Parameter) -> str:
    return parameter.name.rpartition(".")[2]


def _is_empty(parameter: Parameter) -> bool:
    """Whether the memory is as it was handed out, some of it is there, and it is trained."""
    is_filled = len(parameter.writes) != 1 or parameter.writes[0].initializer != "empty"
    return not is_filled and not parameter.is_frozen and 0 not in (parameter.shape or ()) and bool(parameter.name)
