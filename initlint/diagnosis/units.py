"""What goes wrong within one layer: values that are not finite, units that are saturated, dead or all alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from initlint.diagnosis.gates import silent_layers
from initlint.diagnosis.symptoms import ATTENTION, Reading, Symptom
from initlint.diagnosis.trajectory import Trajectory
from initlint.finding import Severity
from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter

if TYPE_CHECKING:
    from initlint.probe.recording import Row

UNITS_OF = frozenset({"weight", "recurrent", "raw"})
"""Roles of parameters whose first axis are units."""


def unit_readings(network: Network, paths: Sequence[Trajectory]) -> Iterator[Reading]:
    """Everything that one layer's numbers tell by themselves."""
    yield from _saturated(paths)
    yield from _dead(network, paths)
    yield from _attention(network)
    yield from _symmetric(network)


def _rows(layers: Sequence[Layer]) -> Iterator[tuple[Layer, Row]]:
    return ((layer, layer.measured) for layer in layers if layer.measured is not None)


# -------------------------------------------------------------------------------------------------------- not finite


def non_finite_readings(network: Network) -> Iterator[Reading]:
    """What is not finite and reaches an output or a gradient. A mask of infinities that a softmax takes away is no fault."""
    for where, layer, parameter, share in _first_non_finite(network):
        name = parameter.name if parameter is not None else layer.name if layer is not None else "the loss"
        evidence = {"where": where, "share": share if math.isfinite(share) else None}
        yield Reading(Symptom.NON_FINITE, share, layer, parameter, (name,), evidence)
        return


def _first_non_finite(network: Network) -> Iterator[tuple[str, Layer | None, Parameter | None, float]]:
    for parameter in network.parameters:
        if parameter.measured is not None and parameter.measured.values.nonfinite_fraction > 0:
            yield "parameter", None, parameter, parameter.measured.values.nonfinite_fraction
    for layer in _spoiling(network):
        assert layer.measured is not None
        yield "output", layer, None, layer.measured.output.nonfinite_fraction
    yield from _non_finite_gradients(network)
    loss = network.measured.loss.value if network.measured is not None else None
    if loss is not None and not math.isfinite(loss):
        yield "loss", None, None, 1.0


def _spoiling(network: Network) -> list[Layer]:
    """The layers that are not finite and lead to an output through such layers alone, in signal order."""
    spoiled = set(network.outputs)
    found = []
    for layer, row in reversed(list(_rows(network.layers))):
        if layer.id in spoiled and row.output.nonfinite_fraction > 0:
            found.append(layer)
            spoiled.update(layer.inputs)
    return found[::-1]


def _non_finite_gradients(network: Network) -> Iterator[tuple[str, Layer | None, Parameter | None, float]]:
    """The operation whose own backward pass gives the first such gradient: the one behind the last layer that has it."""
    consumers = network.consumers()
    for layer, row in reversed(list(_rows(network.layers))):
        if row.gradient is not None and row.gradient.nonfinite_fraction > 0:
            ahead = consumers[layer.id]
            yield "gradient", ahead[0] if ahead else layer, None, row.gradient.nonfinite_fraction
    for parameter in network.parameters:
        gradient = parameter.measured.gradient if parameter.measured is not None else None
        if gradient is not None and gradient.nonfinite_fraction > 0:
            yield "gradient", None, parameter, gradient.nonfinite_fraction


# ------------------------------------------------------------------------------------------------ flat and dead units


def _saturated(paths: Sequence[Trajectory]) -> Iterator[Reading]:
    """The largest share among the hidden layers that all paths go through; a gate beside the path may saturate."""
    found: dict[int, tuple[Layer, float]] = {}
    for path in paths:
        for layer, row in _rows([path.layers[place] for place in path.hidden]):
            if row.output.saturated_fraction is not None:
                found[layer.id] = layer, row.output.saturated_fraction
    if found:
        yield _worst_of(Symptom.SATURATED_UNITS, list(found.values()), Severity.WARNING)


def _dead(network: Network, paths: Sequence[Trajectory]) -> Iterator[Reading]:
    """The largest share of dead units on the trunk. Beside it the typical one: what goes around a dead branch learns."""
    batch = network.measured.batch if network.measured is not None else 1
    trunk = {layer.id for path in paths if path.is_trunk for layer in path.layers}
    silent = silent_layers(network)
    shares = [
        (layer, _beyond_chance(row.output.dead_fraction, batch))
        for layer, row in _rows(network.live())
        if row.output.dead_fraction is not None and layer.id not in silent
    ]
    on_trunk = [pair for pair in shares if pair[0].id in trunk]
    beside = sorted((pair for pair in shares if pair[0].id not in trunk), key=lambda pair: pair[1])
    if on_trunk:
        yield _worst_of(Symptom.DEAD_UNITS, on_trunk, Severity.ERROR)
    if beside:
        yield _worst_of(Symptom.DEAD_UNITS, beside[: len(beside) // 2 + 1], Severity.WARNING)


def _beyond_chance(share: float, batch: int) -> float:
    """What is left of a share of dead units if a living one is 0 for a whole batch with probability 2^-batch."""
    chance = 0.5**batch
    return max((share - chance) / (1 - chance), 0.0) if batch > 0 else share


def _worst_of(symptom: Symptom, shares: Sequence[tuple[Layer, float]], worst: Severity) -> Reading:
    """The largest share, at the first layer that comes near it."""
    largest = max(share for _, share in shares)
    concerned = [layer for layer, share in shares if share >= 0.9 * largest > 0]
    names = tuple(layer.name or layer.kind for layer in concerned)
    first = min(concerned, key=lambda layer: layer.id, default=None)
    return Reading(symptom, largest, first, names=names, evidence={"share": largest}, worst=worst)


def _attention(network: Network) -> Iterator[Reading]:
    """Softmaxes over values so far apart that one key takes all: flat, as a saturated unit is."""
    spreads = [(layer, row.logits.std) for layer, row in _rows(network.live()) if row.logits is not None]
    if spreads:
        layer, value = max(spreads, key=lambda pair: pair[1])
        names = tuple(each.name or each.kind for each, _ in spreads)
        evidence = {"logits_std": value}
        worst = Severity.WARNING
        yield Reading(Symptom.SATURATED_UNITS, value, layer, None, names, evidence, ATTENTION, worst)


# ------------------------------------------------------------------------------------------------------- equal units


def _symmetric(network: Network) -> Iterator[Reading]:
    """Units of one weight that are equal and get equal gradients. Zero gradients tell nothing of it."""
    found: list[tuple[Parameter, float]] = []
    sizes = {True: 0, False: 0}
    for parameter in network.parameters:
        row = parameter.measured
        if row is None or not row.is_trained or row.role not in UNITS_OF or row.twin_gradients is None:
            continue
        if row.values.elements <= row.values.shape[0]:  # a gain for each unit, of which all may be 1
            continue
        is_equal = row.twin_gradients >= 0.5
        sizes[is_equal] += row.values.elements
        found += [(parameter, row.twin_gradients)] if row.twin_gradients > 0 else []
    if found:
        parameter, value = max(found, key=lambda pair: pair[1])
        names = tuple(each.name for each, _ in found)
        is_most = sizes[True] >= sizes[False]
        worst = Severity.ERROR if is_most else Severity.WARNING
        evidence = {"share_of_units": value, "weights_concerned": sizes[True] / max(sum(sizes.values()), 1)}
        yield Reading(
            Symptom.SYMMETRIC_UNITS, value, _user(network, parameter), parameter, names, evidence, worst=worst
        )


def _user(network: Network, parameter: Parameter) -> Layer | None:
    return next((layer for layer in network.layers if layer.weight is parameter), None)
