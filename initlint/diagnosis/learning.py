"""What goes wrong with the gradients of parameters, the loss, and the first step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from initlint.diagnosis.gates import gated_layers, receives, stuck_layers
from initlint.diagnosis.symptoms import HALF_PRECISION, HALF_PRECISION_AHEAD, Reading, Symptom
from initlint.finding import Severity
from initlint.network.network import Layer, Network
from initlint.network.parameter import Parameter

if TYPE_CHECKING:
    from initlint.probe.passes.results import Conditioning

HALVES = {"float16": "lost_in_fp16", "bfloat16": "lost_in_bf16"}


def learning_readings(network: Network) -> Iterator[Reading]:
    """Everything that the backward pass and the loss tell of the whole."""
    yield from _no_gradient(network)
    yield from _unused(network)
    yield from _loss(network)
    yield from _conditioning(network)
    yield from _half_precision(network)
    yield from _updates(network)


def trained(network: Network) -> list[Parameter]:
    """The parameters that an optimiser moves; a weight that is computed from others has no gradient of its own."""
    rows = ((each, each.measured) for each in network.parameters)
    return [each for each, row in rows if row is not None and row.is_trained and not row.is_computed]


# --------------------------------------------------------------------------------------------------------- gradients


def _no_gradient(network: Network) -> Iterator[Reading]:
    """Weights that are used and whose gradient is exactly 0, if no closed gate explains it."""
    users = _users(network)
    gated = gated_layers(network) - stuck_layers(network)
    stuck = [each for each in trained(network) if _is_stuck(each, users.get(each.name, []), network, gated)]
    if not stuck:
        return
    everything = sum(_elements(each) for each in trained(network))
    value = sum(_elements(each) for each in stuck) / max(everything, 1)
    first = min(stuck, key=lambda each: users[each.name][0].id)
    yield Reading(
        Symptom.NO_GRADIENT,
        value,
        users[first.name][0],
        first,
        tuple(each.name for each in stuck),
        {"share_of_weights": value, "parameters": len(stuck)},
    )


def _users(network: Network) -> dict[str, list[Layer]]:
    """The layers from which an output can be reached, by the parameters that they use."""
    found: dict[str, list[Layer]] = {}
    for layer in network.live():
        for parameter in layer.parameters:
            found.setdefault(parameter.name, []).append(layer)
    return found


def _is_stuck(parameter: Parameter, users: list[Layer], network: Network, gated: frozenset[int]) -> bool:
    row = parameter.measured
    if row is None or row.gradient is None or not users or row.gradient.mean_square > 0 or receives(parameter):
        return False
    if math.isnan(row.gradient.mean_square):
        return False
    if row.role == "bias" and any(_is_before_norm(network, layer) for layer in users):
        return False
    return not all(layer.id in gated for layer in users)


def _is_before_norm(network: Network, layer: Layer) -> bool:
    """Whether a norm takes the layer's output, and with it whatever a bias adds to it."""
    consumers = network.consumers()
    return layer.op == "norm" or any(after.op == "norm" for after in consumers[layer.id])


def _unused(network: Network) -> Iterator[Reading]:
    """Parameters that the forward pass did not use: other branches, unless there is nothing else."""
    everyone = trained(network)
    unused = [each for each in everyone if each.measured is not None and each.measured.gradient is None]
    if not unused or not everyone:
        return
    share = sum(map(_elements, unused)) / max(sum(map(_elements, everyone)), 1)
    is_all = len(unused) == len(everyone)
    worst = Severity.ERROR if is_all else Severity.INFO
    names = tuple(each.name for each in unused)
    evidence = {"share_of_weights": share, "why": "not used in forward, or detached"}
    if is_all:
        yield Reading(Symptom.NO_GRADIENT, share, None, unused[0], names, evidence, worst=worst)
    else:
        yield Reading(Symptom.NO_GRADIENT, 1e-6, None, unused[0], names, evidence, worst=worst)


def _elements(parameter: Parameter) -> int:
    return parameter.measured.values.elements if parameter.measured is not None else 0


# -------------------------------------------------------------------------------------------- loss, Jacobian, precision


def _loss(network: Network) -> Iterator[Reading]:
    if network.measured is None:
        return
    loss = network.measured.loss
    if loss.value is None or not loss.expected or not math.isfinite(loss.value) or loss.value <= 0:
        return
    evidence = {"loss": loss.value, "expected": loss.expected, "kind": loss.kind}
    value = max(math.log10(loss.value / loss.expected), 0.0)
    yield Reading(Symptom.INITIAL_LOSS_OFF, value, evidence=evidence, worst=Severity.WARNING)


def _conditioning(network: Network) -> Iterator[Reading]:
    """How far the singular values of the Jacobian are apart; where weights are 0 on purpose they tell nothing."""
    found = network.measured.conditioning if network.measured is not None else None
    has_zeros = any(each.role != "bias" and each.constant == 0 for each in network.parameters)
    if found is None or not found.singular or has_zeros:
        return
    value = math.inf if _is_collapsed(found) else _log10(found.condition)
    if value is not None:
        evidence = {"singular_values": list(found.singular), "condition": found.condition, "rank": found.rank}
        yield Reading(Symptom.ILL_CONDITIONED_JACOBIAN, value, evidence=evidence, worst=Severity.WARNING)


def _is_collapsed(found: Conditioning) -> bool:
    """Whether nearly all directions of the output are lost in rounding. Each softmax costs one of them by itself, and
    narrow rectifier layers, of which one sample has half of the units on, may cost half of them."""
    return found.rank == 0 or (found.is_exact and LOST * found.rank <= min(found.outputs, found.inputs))


LOST = 4
"""Directions of the output for each that is left, from which they count as lost."""


def _log10(value: float | None) -> float | None:
    return None if value is None else math.log10(value)


def _half_precision(network: Network) -> Iterator[Reading]:
    """What the gradients lose in half precision, the typical parameter's share; of a run in float32, what they would."""
    if network.measured is None:
        return
    lost = HALVES.get(network.measured.dtype, "lost_in_fp16")
    shares = [
        float(getattr(each.measured.gradient, lost))
        for each in trained(network)
        if each.measured is not None and each.measured.gradient is not None
    ]
    if shares:
        value = median(shares)
        evidence = {"share_lost": value, "type": network.measured.dtype}
        limit = HALF_PRECISION if network.measured.dtype in HALVES else HALF_PRECISION_AHEAD
        yield Reading(Symptom.HALF_PRECISION_UNDERFLOW, value, evidence=evidence, limit=limit, worst=Severity.WARNING)


def _updates(network: Network) -> Iterator[Reading]:
    """How far apart the first steps of the weights are, relative to their sizes, where steps are asked for."""
    if network.measured is None or not network.measured.steps:
        return
    ratios = [
        (each, each.measured.update_ratio)
        for each in trained(network)
        if each.measured is not None and each.measured.update_ratio and each.measured.role in ("weight", "recurrent")
    ]
    if len(ratios) < 2:
        return
    low, high = min(ratios, key=lambda pair: pair[1]), max(ratios, key=lambda pair: pair[1])
    value = math.log10(high[1] / low[1]) if math.isfinite(high[1]) else math.inf
    evidence = {"largest": high[1], "smallest": low[1], "optimizer": network.measured.optimizer}
    names = (high[0].name, low[0].name)
    yield Reading(Symptom.UPDATE_RATIO, value, None, high[0], names, evidence, worst=Severity.WARNING)
