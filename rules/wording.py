"""How the rules put numbers into words, and into evidence."""

from __future__ import annotations

import math

from initlint.finding import Severity
from initlint.network import Network
from initlint.network.decades import along, back
from initlint.network.stack import Stack, Stage

from .judging import ADAM_LIMIT, last_write

Numbers = dict[str, object]


def severity(decades: float) -> Severity:
    """Error where no optimiser trains it, warning where plain SGD does not."""
    return Severity.ERROR if abs(decades) > ADAM_LIMIT else Severity.WARNING


def consequence(decades: float) -> str:
    """What follows for training."""
    if abs(decades) > ADAM_LIMIT:
        return "SGD will not move the first layers, and Adam hardly" if decades < 0 else "training will diverge"
    return "plain SGD will stall" if decades < 0 else "plain SGD will diverge"


def power(decades: float) -> str:
    """A ratio given as a power of ten: ``2.1e-09``."""
    if math.isinf(decades):
        return "0" if decades < 0 else "inf"
    exponent = math.floor(decades)
    mantissa = round(10 ** (decades - exponent), 1)
    return f"{mantissa:.2g}" if exponent == 0 else f"{mantissa:.1f}e{exponent:+03d}"


def init_in_words(stage: Stage) -> str:
    """How the stage's weight is initialised."""
    found = last_write(stage)
    if found is None or found.initializer in ("default", "reset_parameters"):
        return "the framework's default init"
    return f"{found.initializer}"


def span(stack: Stack) -> str:
    """Which layers it is about: ``fc1 to fc12``."""
    first, last = stack.hidden[0].layer.name, stack.hidden[-1].layer.name
    return f"{first} to {last}" if first and last and first != last else stack.network.name


def as_measured(stack: Stack) -> str:
    """For a probed stack: that the numbers of the sentence are measured, and what the theory expects; else nothing."""
    if stack.network.measured is None:
        return ""
    expected = stack.predicted_factor
    return " (measured)" if expected is None else f" (measured; the theory expects x {expected:.2g} a layer)"


def witnessed(network: Network, numbers: Numbers) -> tuple[Numbers | None, Numbers | None]:
    """The numbers as evidence: (predicted, measured)."""
    return (numbers, None) if network.measured is None else (None, numbers)


def evidence(stack: Stack, **more: object) -> Numbers:
    """The numbers of a stack as plain values; of a probed one with what the theory expects."""
    return {
        "network": stack.network.name,
        "depth": len(stack.hidden),
        "log10_gradient_ratio": stack.gradient,
        "log10_forward_ratio": stack.forward,
        "factor_per_layer": stack.factor,
        "layers": _of_layers(stack),
        **(_expected(stack) if stack.network.measured is not None else {}),
        **more,
    }


def _of_layers(stack: Stack) -> list[Numbers]:
    if stack.network.measured is None:
        return [_numbers(stage, signal.forward_gain, signal.chi) for stage, signal in stack.numbers()]
    by_id = {layer.id: layer for layer in stack.network.layers}
    found = []
    for stage in stack.hidden:
        sources = [by_id[source] for source in stage.layer.inputs[:1] if source in by_id]
        layers = [*sources, stage.layer, *stage.between]
        found.append(_numbers(stage, _power(along(layers)), _power(back(layers))))
    return found


def _power(decades: float | None) -> float | None:
    return None if decades is None or decades > LARGEST else 10.0**decades


LARGEST = 300.0
"""Decades up to which a ratio is a float."""


def _numbers(stage: Stage, forward_gain: float | None, backward_gain: float | None) -> Numbers:
    layer, weight = stage.layer, stage.layer.weight
    seen = weight.measured if weight is not None else None
    return {
        "name": layer.name,
        "op": layer.kind,
        "line": layer.place.line,
        "fan_in": layer.fan_in if isinstance(layer.fan_in, (int, float)) else None,
        "forward_gain": forward_gain,
        "backward_gain": backward_gain,
        **({"weight_std": seen.values.std, "weight_mean": seen.values.mean} if seen is not None else {}),
    }


def _expected(stack: Stack) -> Numbers:
    """What the theory makes of the weights that are there."""
    numbers = {"log10_gradient_ratio": stack.predicted_gradient, "factor_per_layer": stack.predicted_factor}
    return {"expected": numbers}
