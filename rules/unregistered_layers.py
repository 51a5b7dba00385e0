"""INL110."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.fix import Fix, Name, copied, replaced
from initlint.frameworks.remedies import CONTAINERS, PARAMETER_CONTAINERS, REACHES, full_name, is_free_key
from initlint.network import Network, Parameter
from initlint.network import UnregisteredLayers as Hidden
from initlint.program import Program
from initlint.program.functions import statement_at
from initlint.program.rebuilding import is_filled_by_hand
from initlint.reading import facts
from initlint.rule import Rule

SHOWN = 3
"""Layers named in a message."""
LEAST = 2
"""Layers from which they are reported: a single one is hidden in a list on purpose, as is a loss network."""


class UnregisteredLayers(Rule):
    """Layers or parameters that a module keeps in a plain list, dict or tuple.

    Why: a module registers what is assigned to its attributes, not what lies in a plain collection. parameters(),
    apply(), to(), state_dict() and so every init function, optimiser and checkpoint pass such layers by: they stay as
    they were made.
    Predicted: the parameters in the collection are none of those that parameters() of the model gives.
    Measured: parameters that take part in the forward pass and are missing from parameters().
    Silent on: collections whose layers are registered elsewhere as well, single layers hidden in a list on purpose,
    frozen layers, layers without parameters, classes that are no modules, collections that no forward pass uses, and
    such as other code fills by hand, from a checkpoint.
    Fix: nn.ModuleList, nn.ModuleDict, nn.ParameterList or nn.ParameterDict.
    Source: the documentation of torch.nn.ModuleList: "modules it contains are properly registered".
    """

    code = "INL110"
    name = "unregistered-layers"
    severity = Severity.ERROR
    bad = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 8) for _ in range(3)]  # bad

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x
"""
    good = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Reports every collection that the forward pass uses."""
        for network in program.networks():
            for seen in network.observed(Hidden):
                if seen.is_used and not is_filled_by_hand(program, seen.attribute.rpartition(".")[2]):
                    yield self._finding(network, seen)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Reports the first of several layers that took part, got a gradient, and are missing from parameters()."""
        found = [parameter for parameter in network.parameters if _is_passed_by(parameter)]
        if len({layer for parameter in found for layer in _users(network, parameter)}) >= LEAST:
            yield self._measured(network, found[0].place, found)

    def _measured(self, network: Network, place: Place, found: list[Parameter]) -> Finding:
        values = sum(parameter.measured.values.elements for parameter in found if parameter.measured is not None)
        message = (
            f"{network.name}: {len(found)} parameters with {values} values get a gradient and are none of parameters() "
            f"(measured): {REACHES} these layers"
        )
        numbers = {"network": network.name, "parameters": len(found), "values": values}
        kept = f"{CONTAINERS['list']}, {CONTAINERS['dict']} or {PARAMETER_CONTAINERS['list']}"
        remedy = f"keep them in an {kept}, or assign each to an attribute"
        return self.finding(place, message, help=remedy, measured=numbers)

    def _finding(self, network: Network, seen: Hidden) -> Finding:
        count = len(seen.layers)
        shown = ", ".join(seen.layers[:SHOWN]) + (", ..." if count > SHOWN else "")
        kinds = PARAMETER_CONTAINERS if all(layer.startswith("parameter") for layer in seen.layers) else CONTAINERS
        what = "parameters" if kinds is PARAMETER_CONTAINERS else "layers"
        message = (
            f"{seen.attribute}: {count} {what} ({shown}) in a plain {seen.container}, which "
            f"{network.name} does not register: {REACHES} them"
        )
        remedy = f"wrap the {seen.container}: self.{seen.attribute.rpartition('.')[2]} = {kinds[seen.container]}(...)"
        numbers = {"attribute": seen.attribute, "layers": count}
        fix = partial(_fix, seen.place, kinds[seen.container])
        return self.finding(seen.place, message, help=remedy, predicted=numbers, fix=fix)


def _fix(place: Place, container: str, program: Program) -> Fix | None:
    """The list that is assigned at the place in a container that registers what it holds; of dictionaries those whose
    keys are written out and such that the container takes them."""
    statement = statement_at(program, place)
    value = statement.value if isinstance(statement, facts.Assign) else None
    is_list = isinstance(value, (facts.Comprehension, facts.Sequence)) and value.kind in ("list", "tuple")
    is_keyed = isinstance(value, facts.Dictionary) and bool(value.keys) and all(map(_is_taken, value.keys))
    if value is None or not (is_list or is_keyed):
        return None
    edit = replaced(value, Name(full_name(container)), "(", copied(value), ")")
    return Fix(f"Keep them in {container}", (edit,), safe=False)


def _is_taken(key: facts.Expression | None) -> bool:
    name = key.value if isinstance(key, facts.Literal) else None
    return isinstance(name, str) and is_free_key(name)


def _is_passed_by(parameter: Parameter) -> bool:
    row = parameter.measured
    return row is not None and not row.is_registered and row.is_trained and row.gradient is not None


def _users(network: Network, parameter: Parameter) -> list[int]:
    """Ids of the layers that it is the weight of."""
    return [layer.id for layer in network.layers if layer.weight is parameter]
