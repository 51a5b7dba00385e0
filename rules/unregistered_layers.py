"""INL110."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding, Severity
from initlint.network import Network
from initlint.network import UnregisteredLayers as Hidden
from initlint.rule import Rule

MODULES = {"list": "nn.ModuleList", "tuple": "nn.ModuleList", "dict": "nn.ModuleDict"}
PARAMETERS = {"list": "nn.ParameterList", "tuple": "nn.ParameterList", "dict": "nn.ParameterDict"}
SHOWN = 3
"""Layers named in a message."""


class UnregisteredLayers(Rule):
    """Layers or parameters that a module keeps in a plain list, dict or tuple.

    Why: a module registers what is assigned to its attributes, not what lies in a plain collection. parameters(),
    apply(), to(), state_dict() and so every init function, optimiser and checkpoint pass such layers by: they stay as
    they were made.
    Predicted: the parameters in the collection are none of those that parameters() of the model gives.
    Measured: parameters that take part in the forward pass and are missing from parameters().
    Silent on: collections whose layers are registered elsewhere as well, single layers hidden in a list on purpose,
    frozen layers, layers without parameters, classes that are no modules, and collections that no forward pass uses.
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

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Reports every collection that the forward pass uses."""
        for seen in network.observed(Hidden):
            if seen.is_used:
                yield self._finding(network, seen)

    def _finding(self, network: Network, seen: Hidden) -> Finding:
        count = len(seen.layers)
        shown = ", ".join(seen.layers[:SHOWN]) + (", ..." if count > SHOWN else "")
        kinds = PARAMETERS if all(layer.startswith("parameter") for layer in seen.layers) else MODULES
        what = "parameters" if kinds is PARAMETERS else "layers"
        message = (
            f"{seen.attribute}: {count} {what} ({shown}) in a plain {seen.container}, which "
            f"{network.name} does not register: no init function, optimiser, .to() or state_dict() reaches them"
        )
        remedy = f"wrap the {seen.container}: self.{seen.attribute.rpartition('.')[2]} = {kinds[seen.container]}(...)"
        return self.finding(seen.place, message, help=remedy, predicted={"attribute": seen.attribute, "layers": count})
