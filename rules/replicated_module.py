"""INL109."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from initlint.finding import Finding, Place
from initlint.frameworks.remedies import build_each
from initlint.network import Layer, Network, Parameter, Replication
from initlint.network.stack import stacks
from initlint.program import Program
from initlint.program.filling import fillings, may_be_redrawn
from initlint.program.functions import statement_at
from initlint.program.nodes import spelled_names
from initlint.rule import Rule

ON_PURPOSE = re.compile(r"shar|tied|tie_|same|recur|ema|target|teacher|momentum|ensemble", re.IGNORECASE)
"""Names that say that one layer is meant to be used several times, or that a copy is meant to be equal."""

COPIED = "copied"
"""As in `Replication.how`."""


class ReplicatedModule(Rule):
    """One layer that stands several times where several were meant, or deep copies that start with equal weights.

    Why: [layer] * n holds one layer n times: one set of weights, trained for n places at once. deepcopy copies the
    values of the weights too: heads and experts that start equal and see the same input stay close to each other.
    Predicted: the parameters behind each entry: the same ones, or copies that nothing draws again afterwards.
    Measured: weights of several layers that are the same tensor, or equal to the last bit.
    Silent on: copies that are initialised again, or may be by a loop over a whole model in their file or one that
    imports it, target networks, averages and teachers, sharing that is named as such, layers without weights, and layers
    that torch itself copies (nn.TransformerEncoder).
    Fix: build each layer anew: [nn.Linear(n, n) for _ in range(depth)].
    Source: the documentation of copy.deepcopy; Goodfellow, Bengio and Courville, Deep Learning, 2016, section 8.4.
    """

    code = "INL109"
    name = "replicated-module"
    bad = """
from torch import nn


def build(depth=4):
    return nn.Sequential(*[nn.Linear(8, 8), nn.Tanh()] * depth)  # bad
"""
    good = """
from torch import nn


def build(depth=4):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(8, 8), nn.Tanh()]
    return nn.Sequential(*layers)
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Reports each place once."""
        found = [(network, *each) for network in program.networks() for each in _replications(network)]
        are_copies = any(seen[0].how == COPIED for _, _, seen in found)
        outside = list(fillings(program)) if are_copies else []
        for network, place, seen in found:
            is_redrawn = seen[0].how == COPIED and may_be_redrawn(program, network, outside)
            if not is_redrawn and not _is_on_purpose(program, place, seen):
                yield self._finding(network, place, seen)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Looks for one weight at several places of a stack, and for copies with equal values."""
        for stack in stacks(network):
            counts = Counter(id(stage.layer.weight) for stage in stack.stages if _is_shared(stage.layer.weight))
            for stage in stack.stages:
                if counts.pop(id(stage.layer.weight), 0) > 1 and stage.layer.weight is not None:
                    yield self._shared(network, stage.layer, stage.layer.weight)
        for place, names in _copies(network).items():
            yield self._copied(network, place, names)

    def _shared(self, network: Network, layer: Layer, weight: Parameter) -> Finding:
        names = [weight.name, *(weight.measured.aliases if weight.measured is not None else ())]
        message = (
            f"{layer.kind} stands {len(names)} times in {network.name} as one and the same layer ({names[0]} to "
            f"{names[-1]}, measured), {len(names)} layers with weights of their own are expected: every place gets the "
            f"same weights"
        )
        remedy = f"build each one anew: {build_each(layer.kind, len(names))}"
        return self.finding(layer.place, message, help=remedy, measured={"how": "shared", "parameters": names})

    def _copied(self, network: Network, place: Place, names: tuple[str, ...]) -> Finding:
        message = (
            f"{names[0]} and {len(names) - 1} more in {network.name} are equal to the last bit (measured), draws of their "
            f"own are expected: the copies start equal"
        )
        remedy = "build each one anew instead of copying it: [make_layer() for _ in range(n)]"
        return self.finding(place, message, help=remedy, measured={"how": "copied", "parameters": list(names)})

    def _finding(self, network: Network, place: Place, seen: list[Replication]) -> Finding:
        first = seen[0]
        count = first.count if first.how == "shared" else sum(each.count or 0 for each in seen)
        times = f"{count}" if count and None not in [each.count for each in seen] else "several"
        if first.how == "shared":
            message = (
                f"{first.layer} stands {times} times in {network.name} as one and the same layer, {times} layers with "
                f"weights of their own are expected: every place gets the same weights"
            )
        else:
            message = (
                f"{first.layer} is copied {times} times in {network.name} with the values of its weights, draws of "
                f"their own are expected: all copies start equal"
            )
        remedy = f"build each one anew: [{first.layer}(...) for _ in range(n)]"
        return self.finding(
            place, message, help=remedy, predicted={"layer": first.layer, "how": first.how, "count": count}
        )


def _replications(network: Network) -> Iterator[tuple[Place, list[Replication]]]:
    """The replications of a network, those of one layer at one place together."""
    owned = set(map(id, network.parameters))
    groups: dict[tuple[Place, int], list[Replication]] = defaultdict(list)
    for seen in network.observed(Replication):
        if any(id(parameter) in owned and _is_drawn(parameter) for parameter in seen.parameters):
            groups[seen.place, id(seen.source)].append(seen)
    for (place, _), group in groups.items():
        is_shared = group[0].how == "shared"
        is_repeated = len(group) > 1 or group[0].count is None
        if is_shared or (is_repeated and not any(each.is_initialised_later for each in group)):
            yield place, group


def _is_drawn(parameter: Parameter) -> bool:
    """Whether it is a trained weight with a value that depends on chance."""
    return not parameter.is_frozen and parameter.dimensions != 1 and parameter.constant is None


def _is_shared(weight: Parameter | None) -> bool:
    """Whether it is registered under several names that differ in a position only, and none says that it is meant."""
    if weight is None or weight.measured is None or not weight.measured.aliases or not _is_drawn(weight):
        return False
    names = (weight.name, *weight.measured.aliases)
    is_one_list = len({re.sub(r"\d+", "#", name) for name in names}) == 1
    return is_one_list and not any(ON_PURPOSE.search(name) for name in names)


def _copies(network: Network) -> dict[Place, tuple[str, ...]]:
    """Trained weights that are still what they were copied from, by the line that copied them: at least two at each."""
    known = {parameter.name: parameter for parameter in network.parameters}
    found: dict[Place, tuple[str, ...]] = {}
    for group in network.measured.replicas if network.measured is not None else ():
        copies = [known[name] for name in group.names if name in known and _is_copy(known[name])]
        places = {parameter.writes[-1].place for parameter in copies}
        if len(copies) > 1 and len(places) == 1 and not any(map(ON_PURPOSE.search, group.names)):
            found.setdefault(places.pop(), group.names)
    return found


def _is_copy(parameter: Parameter) -> bool:
    last = parameter.last
    return last is not None and last.initializer == "clone" and _is_drawn(parameter)


def _is_on_purpose(program: Program, place: Place, seen: list[Replication]) -> bool:
    names = [parameter.name for each in seen for parameter in each.parameters[:1]]
    statement = statement_at(program, place)
    return any(ON_PURPOSE.search(name) for name in [*names, *spelled_names(statement)])
