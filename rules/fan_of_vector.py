"""INL108."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.fix import Fix, Name, copied, inserted, replaced, statement_under
from initlint.frameworks.draws import vector_draw, vector_init
from initlint.frameworks.remedies import AS_MATRIX
from initlint.network import Network, VectorInit
from initlint.program import Program
from initlint.program.functions import call_at, statement_at
from initlint.program.initialising import initialisation
from initlint.reading import facts
from initlint.rule import Rule


class FanOfVector(Rule):
    """Xavier, Kaiming, orthogonal or sparse initialisation of a tensor with fewer than two axes.

    Why: fan_in and fan_out are sizes of axes 1 and 0; a vector has no axis 1. PyTorch raises a ValueError when the line
    runs, often only once a model with a norm layer comes by.
    Predicted: the number of axes of the tensor that reaches the call.
    Measured: -
    Silent on: guarded loops (p.dim() > 1), calls inside try, views as a matrix, and tensors whose shape is not known.
    Fix: initialise biases with zeros_, norm scales with ones_, and guard loops with p.dim() > 1.
    Source: torch.nn.init._calculate_fan_in_and_fan_out.
    """

    code = "INL108"
    name = "fan-of-vector"
    severity = Severity.ERROR
    bad = """
from torch import nn


def build():
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 2))
    for p in model.parameters():
        nn.init.xavier_uniform_(p)  # bad
    return model
"""
    good = """
from torch import nn


def build():
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 2))
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.xavier_uniform_(p)
    return model
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Reports each call once, with the first tensor that it cannot take."""
        for seen in network.observed(VectorInit):
            axes = len(seen.shape)
            message = (
                f"{seen.initializer} of {seen.parameter or 'a tensor'}: {axes} {'axis' if axes == 1 else 'axes'}, "
                f"at least 2 are needed for its fans: the call raises a ValueError"
            )
            call = vector_init(seen.parameter.rpartition(".")[2])
            remedy = f"call {call} on vectors; in a loop, put the call under `if p.dim() > 1:`"
            predicted = {"parameter": seen.parameter, "axes": axes}
            made = next((each for each in network.parameters if each.name == seen.parameter), None)
            fix = partial(_fix, seen.place, made is not None and made.role == "raw")
            yield self.finding(seen.place, message, help=remedy, predicted=predicted, fix=fix)


def _fix(place: Place, is_raw: bool, program: Program) -> Fix | None:
    """Another init for what is named as a bias; a view as a matrix for a parameter that has no value but this; for
    anything else, which may be a matrix at times, a test of its axes."""
    call, statement = call_at(program, place), statement_at(program, place)
    found = initialisation(call) if call is not None else None
    if found is None or not isinstance(statement, facts.Evaluate) or statement.value != found.call:
        return None
    target = found.target
    if isinstance(target, facts.Attribute) and (init := vector_draw(target.name)) is not None:
        return Fix(f"Use {init.name}", (replaced(found.call, Name(init.initializer), "(", copied(target), ")"),), True)
    if isinstance(target, facts.Attribute) and is_raw:
        return Fix("Give it the vector as a matrix", (inserted(target.end, AS_MATRIX),), True)
    if is_raw or not isinstance(target, (facts.Name, facts.Attribute)):
        return None
    return Fix("Leave out vectors", (statement_under(statement, "if ", copied(target), ".dim() > 1:"),), True)
