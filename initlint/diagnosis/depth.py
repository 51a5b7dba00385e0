"""What goes wrong along the depth: signal and gradient that die or grow, and an output that forgets the input."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from initlint.diagnosis.gates import gated_layers, is_closed
from initlint.diagnosis.symptoms import (
    EXPLODING,
    EXPLODING_NORMALISED,
    EXPLODING_RESIDUAL,
    EXPLODING_SHORTCUTS,
    GRADIENT,
    HELD_BACK,
    SIGNAL,
    TIME_EXPLODING,
    TIME_GATED,
    TIME_VANISHING,
    VANISHING_NORMALISED,
    Limit,
    Reading,
    Symptom,
)
from initlint.diagnosis.trajectory import Trajectory
from initlint.finding import Severity
from initlint.frameworks.torch import GATED_LAYERS
from initlint.network.network import WEIGHTED, Layer, Network

NOTABLE_STEP = 0.2
"""Decades from which one stage's factor departs from 1: finite width makes 0.05 at width 128 and 0.12 at 32."""
NOTABLE_SHARE = 0.5
"""... and share of the mean step that it has to reach, so that noise before the fault is not taken for it."""
MIXING = frozenset({"add", "attention", "matmul", "concat", "multiply", "pool", "recurrent"})
"""Operations that make samples alike, or keep them apart, in ways that do not tell whether the network learns: averages of
noise are alike, a residual stream keeps what all samples have in common."""
ALIKE_INPUTS = 0.9
"""Cosine of two inputs beyond which the outputs are alike for no fault of the network."""


def depth_readings(network: Network, paths: Sequence[Trajectory]) -> Iterator[Reading]:
    """Gradient, signal and correlation along each path, and the gradient over time."""
    gated = gated_layers(network)
    for path in paths:
        yield from _gradient(network, path, gated)
        yield from _signal(network, path)
    yield from _correlation(network, paths)
    yield from _times(network)
    yield from _held_back(network)


NORMALISED = 0.25
"""Norms for each linear map from which the network counts as normalised: a transformer's block has two for six or four."""


def is_normalised(network: Network) -> bool:
    """Whether norms hold the scale all over the network."""
    live = network.live()
    norms = sum(layer.op == "norm" for layer in live)
    return norms >= NORMALISED * max(sum(layer.op in WEIGHTED for layer in live), 1)


def _gradient(network: Network, path: Trajectory, gated: frozenset[int]) -> Iterator[Reading]:
    """What a gate ahead holds back for now does not count."""
    ids = [path.layers[place].id for place in path.hidden]
    values = [
        0.0 if value < 0 and layer in gated else value for value, layer in zip(path.sensitivities, ids, strict=True)
    ]
    if len(values) < 2:
        return
    worst = max(values, key=abs)
    symptom = Symptom.VANISHING_GRADIENTS if worst < 0 else Symptom.EXPLODING_GRADIENTS
    limit = _vanishing(network) if worst < 0 else _exploding(network, path)
    yield _reading(network, path, symptom, worst, values, "gradient", limit)


def _vanishing(network: Network) -> Limit:
    """How much a gradient may shrink towards the input."""
    return VANISHING_NORMALISED if is_normalised(network) else GRADIENT


def _exploding(network: Network, path: Trajectory) -> Limit:
    """How much a gradient may grow towards the input, by what keeps it from doing harm."""
    has_shortcuts = any(layer.op in ("add", "concat") for layer in path.layers)
    if is_normalised(network):
        return EXPLODING_SHORTCUTS if has_shortcuts else EXPLODING_NORMALISED
    return EXPLODING_RESIDUAL if has_shortcuts else EXPLODING


def _signal(network: Network, path: Trajectory) -> Iterator[Reading]:
    values = path.strengths
    if len(values) < 2:
        return
    worst = max(values, key=abs)
    symptom = Symptom.VANISHING_ACTIVATIONS if worst < 0 else Symptom.EXPLODING_ACTIVATIONS
    yield _reading(network, path, symptom, worst, values, "signal", SIGNAL)


def _reading(
    network: Network,
    path: Trajectory,
    symptom: Symptom,
    worst: float,
    values: Sequence[float],
    what: str,
    limit: Limit,
) -> Reading:
    start, end = path.hidden[0], path.hidden[-1]
    weighted = [layer for layer in path.layers[: end + 1] if layer.op in WEIGHTED]
    depth = max(len(weighted), 2)
    evidence = {
        f"log10_{what}_ratio": worst if math.isfinite(worst) else None,
        f"{what}_factor_per_layer": _factor(worst, depth - 1),
        "depth": depth,
        "first": title(path.layers[start]),
        "last": title(path.layers[end]),
    }
    return Reading(
        symptom,
        abs(worst),
        _culprit(network, path, values, worst),
        names=tuple(layer.name for layer in weighted if layer.name),
        evidence=evidence,
        limit=limit,
        worst=Severity.ERROR if path.is_trunk else Severity.WARNING,
    )


def title(layer: Layer) -> str:
    """Its name; of a call in a ``forward`` the module that it ran in, and the function."""
    if layer.name or layer.measured is None:
        return layer.name
    return f"{layer.measured.name}.{layer.kind}".lstrip(".")


def _factor(decades: float, steps: int) -> float | None:
    return 10.0 ** (decades / steps) if math.isfinite(decades) and abs(decades) < 300 * steps else None


def _culprit(network: Network, path: Trajectory, values: Sequence[float], worst: float) -> Layer:
    """The linear map of the first stage that changes the value as much as a typical one does on the way to `worst`.

    A value falls towards the output if it is relative to the first place, and towards the input if to the last.
    """
    ends = _stage_ends(path)
    steps = [abs(_finite(values[after]) - _finite(values[here])) for here, after in pairwise(ends)]
    wanted = max(NOTABLE_STEP, NOTABLE_SHARE * abs(_finite(worst)) / max(len(steps), 1))
    found = next((end for end, step in zip(ends[1:], steps, strict=True) if step >= wanted), ends[0])
    return _map_of(network, path.layers[path.hidden[found]])


def _stage_ends(path: Trajectory) -> list[int]:
    """Positions within the hidden ones at which a linear map with its activation ends, or a residual block does."""
    last = len(path.hidden) - 1
    inside = [path.layers[place] for place in path.hidden]
    return [
        index for index, layer in enumerate(inside)
        if index == last or layer.op == "add" or inside[index + 1].op in WEIGHTED
    ]  # fmt: skip


def _finite(value: float) -> float:
    """Infinitely many decades as the widest range that float32 has."""
    return min(max(value, -FLOAT32_DECADES), FLOAT32_DECADES)


FLOAT32_DECADES = 76.0
"""From the smallest to the largest normal number."""


def _map_of(network: Network, layer: Layer) -> Layer:
    """The layer itself if it has a weight matrix, else the last one before it that has; of a branch, its last."""
    known = {each.id: each for each in network.layers}
    waiting = [layer]
    while waiting:
        current = max(waiting, key=lambda each: each.id)
        if current.op in WEIGHTED:
            return current
        waiting = [each for each in waiting if each is not current] + [known[source] for source in current.inputs]
    return layer


def _correlation(network: Network, paths: Sequence[Trajectory]) -> Iterator[Reading]:
    """Cosine of two samples behind the last hidden layer of a plain stack."""
    for path in paths:
        inside = [path.layers[place] for place in path.hidden]
        if not path.is_trunk or not inside or any(layer.op in MIXING for layer in network.live()):
            continue
        cosine = _cosine(inside[-1])
        if cosine is None or _are_inputs_alike(network):
            continue
        value = -math.log10(max(1 - cosine, 1e-12))
        first = next((layer for layer in inside if (_cosine(layer) or 0.0) > 1 - 0.1 ** max(value / 2, 1)), inside[-1])
        yield Reading(
            Symptom.INPUT_IGNORED,
            value,
            first,
            names=tuple(layer.name for layer in inside if layer.op in WEIGHTED and layer.name),
            evidence={"correlation": cosine, "at": inside[-1].name},
            worst=Severity.WARNING,
        )


def _cosine(layer: Layer) -> float | None:
    return layer.measured.output.correlation if layer.measured is not None else None


def _are_inputs_alike(network: Network) -> bool:
    return any((_cosine(layer) or 0.0) > ALIKE_INPUTS for layer in network.layers if layer.op == "input")


def _times(network: Network) -> Iterator[Reading]:
    """The gradient from the last output of a recurrent layer back to its first input."""
    for found in network.measured.times if network.measured is not None else ():
        layer = next((each for each in network.layers if each.name == found.name and each.op == "recurrent"), None)
        decades = found.decades
        if decades is None:
            continue
        yield Reading(
            Symptom.VANISHING_GRADIENTS if decades < 0 else Symptom.EXPLODING_GRADIENTS,
            abs(decades),
            layer,
            names=(found.name,),
            evidence={"log10_gradient_ratio_over_time": decades, "steps": found.steps, "factor_per_step": found.rate},
            limit=_time_limit(layer, decades),
            worst=Severity.WARNING,
        )


def _time_limit(layer: Layer | None, decades: float) -> Limit:
    if decades > 0:
        return TIME_EXPLODING
    return TIME_GATED if layer is not None and layer.kind in GATED_LAYERS else TIME_VANISHING


def _held_back(network: Network) -> Iterator[Reading]:
    """A branch behind a closed scale that is much larger than the trunk it will be added to."""
    known = {layer.id: layer for layer in network.layers}
    consumers = network.consumers()
    for gate in network.live():
        if gate.op != "multiply" or not is_closed(gate) or not gate.inputs:
            continue
        sums = [after for after in consumers[gate.id] if after.op == "add"]
        branch, sizes = _signal_of(known[gate.inputs[0]]), [_signal_of(after) for after in sums]
        if sizes and min(sizes) > 0 and branch > 0:
            value = math.log10(branch / min(sizes))
            names, evidence = (title(gate),), {"log10_branch_over_trunk": value}
            yield Reading(
                Symptom.EXPLODING_ACTIVATIONS, value, gate, None, names, evidence, HELD_BACK, Severity.WARNING
            )


def _signal_of(layer: Layer) -> float:
    return layer.measured.output.second if layer.measured is not None else 0.0
