"""A probed model as numbers: what each layer does to the signal and to its gradient, and the whole as JSON values."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from initlint.report.report import ProbedTarget

if TYPE_CHECKING:
    from initlint.diagnosis.health import Diagnosis, Health
    from initlint.finding import Place
    from initlint.network import Layer, Network, Parameter
    from initlint.network.measurement import Gradient, Statistics
    from initlint.probe.recording import ParameterRow, Recording, Row


@dataclass(frozen=True)
class LayerNumbers:
    """One layer that was measured, beside the one that feeds it."""

    layer: Layer
    row: Row
    before: Row | None
    """What made its first input; ``None`` where that is an input of the model."""
    is_only_consumer: bool
    """Whether nothing else takes that input, so that its gradient all comes through this layer."""

    @property
    def variance_in(self) -> float | None:
        """Of the first input, over all entries."""
        return None if self.before is None else _variance(self.before.output)

    @property
    def variance_out(self) -> float:
        """Over all entries; NaN if one is not finite."""
        return _variance(self.row.output)

    @property
    def gain(self) -> float | None:
        """Variance behind over variance before."""
        return _ratio(self.variance_out, self.variance_in)

    @property
    def backward_gain(self) -> float | None:
        """E[g²] before over E[g²] behind; ``None`` where the gradient before has other sources, too."""
        if self.before is None or self.before.gradient is None or self.row.gradient is None:
            return None
        if not self.is_only_consumer:
            return None
        return _ratio(_mean_square(self.before.gradient), _mean_square(self.row.gradient))

    @property
    def gradient_rms(self) -> float | None:
        """Of the gradient at the output; ``None`` where none was observed."""
        return None if self.row.gradient is None else math.sqrt(_mean_square(self.row.gradient))

    @property
    def gradient_total(self) -> float | None:
        """Sum of the squares of the gradient: what the verdict goes by, as widths and resolutions change."""
        gradient = self.row.gradient
        return None if gradient is None else _mean_square(gradient) * gradient.elements

    @property
    def place(self) -> Place:
        """Where it is built or, for a call in a ``forward``, called."""
        return self.layer.place


def _variance(of: Statistics) -> float:
    return math.nan if of.nonfinite_fraction > 0 else of.variance


def _mean_square(of: Gradient) -> float:
    return math.nan if of.nonfinite_fraction > 0 or not of.mean_square >= 0 else of.mean_square


def _ratio(numerator: float, denominator: float | None) -> float | None:
    return None if denominator is None or not denominator > 0 else numerator / denominator


def numbers_of(network: Network) -> list[LayerNumbers]:
    """The measured layers in signal order."""
    rows = {layer.id: layer.measured for layer in network.layers}
    uses = Counter(source for layer in network.layers for source in layer.inputs)
    found = []
    for layer in network.layers:
        if layer.measured is not None:
            first = layer.inputs[0] if layer.inputs else None
            before = None if first is None else rows.get(first)
            found.append(LayerNumbers(layer, layer.measured, before, first is not None and uses[first] == 1))
    return found


def describe_layers(network: Network) -> list[dict[str, Any]]:
    """The measured layers as values: what is not known is ``None``."""
    return [_layer(numbers) for numbers in numbers_of(network)]


def _layer(numbers: LayerNumbers) -> dict[str, Any]:
    layer, row, output = numbers.layer, numbers.row, numbers.row.output
    weight = layer.weight.measured if layer.weight is not None else None
    return {
        "name": layer.name,
        "op": layer.kind or layer.op,
        "path": layer.place.path,
        "line": layer.place.line,
        "call": row.call,
        "call_path": None if row.called is None else row.called.path,
        "call_line": None if row.called is None else row.called.line,
        "fan_in": layer.fan_in,
        "fan_out": layer.fan_out,
        "weight_std": None if weight is None else weight.values.std,
        "weight_mean": None if weight is None else weight.values.mean,
        "forward": {
            "variance_in": numbers.variance_in,
            "variance_out": numbers.variance_out,
            "gain": numbers.gain,
        },
        "backward": {"gain": numbers.backward_gain},
        "shape": output.shape,
        "dtype": output.dtype,
        "mean": output.mean,
        "std": output.std,
        "abs_max": output.abs_max,
        "zero_fraction": output.zero_fraction,
        "nonfinite_fraction": output.nonfinite_fraction,
        "saturated_fraction": output.saturated_fraction,
        "dead_fraction": output.dead_fraction,
        "correlation": output.correlation,
        "gradient_rms": numbers.gradient_rms,
        "gradient_norm": None if numbers.gradient_total is None else math.sqrt(numbers.gradient_total),
    }


def describe_target(probed: ProbedTarget) -> dict[str, Any]:
    """One target; of one that could not be probed everything but its name is ``None`` or empty."""
    found: dict[str, Any] = {"target": probed.target, **_EMPTY, "notes": list(probed.notes)}
    if probed.network is not None and probed.network.measured is not None:
        found |= _measured(probed.network, probed.network.measured)
        found["notes"] += probed.notes
    if probed.health is not None:
        found |= _judged(probed.health)
    return found


_EMPTY: dict[str, Any] = {
    "model": None,
    "path": None,
    "line": None,
    "device": None,
    "dtype": None,
    "torch": None,
    "seeds": [],
    "batch": None,
    "inputs": None,
    "shapes": {},
    "verdict": None,
    "score": None,
    "first": None,
    "diagnoses": [],
    "loss": None,
    "layers": [],
    "parameters": [],
    "jacobian": None,
    "times": [],
    "unwritten": [],
    "replicas": [],
    "steps": [],
    "notes": [],
    "cost": None,
}


def _measured(network: Network, recording: Recording) -> dict[str, Any]:
    place = recording.place
    plainly = ("device", "dtype", "torch", "seeds", "batch", "inputs", "shapes", "loss", "times", "unwritten")
    more = ("replicas", "steps", "cost")
    return {
        "model": recording.model,
        "path": None if place is None else place.path,
        "line": None if place is None else place.line,
        **{name: to_builtins(getattr(recording, name)) for name in (*plainly, *more)},
        "layers": describe_layers(network),
        "parameters": [_parameter(parameter) for parameter in recording.parameters],
        "jacobian": to_builtins(recording.conditioning),
        "notes": list(recording.notes),
    }


def _parameter(row: ParameterRow) -> dict[str, Any]:
    gradient, writer = row.gradient, row.writes[-1] if row.writes else None
    place = (writer.place if writer is not None else None) or row.built
    return {
        "name": row.name,
        "role": row.role,
        "path": None if place is None else place.path,
        "line": None if place is None else place.line,
        "shape": row.values.shape,
        "initializer": None if writer is None else writer.initializer,
        "mean": row.values.mean,
        "std": row.values.std,
        "constant": row.constant,
        "is_trained": row.is_trained,
        "gradient_rms": None if gradient is None else gradient.rms,
        "gradient_zero_fraction": None if gradient is None else gradient.zero_fraction,
        "lost_in_fp16": None if gradient is None else gradient.lost_in_fp16,
        "lost_in_bf16": None if gradient is None else gradient.lost_in_bf16,
        "twin_units": row.twin_units,
        "twin_gradients": row.twin_gradients,
        "update_ratio": row.update_ratio,
    }


def _judged(health: Health) -> dict[str, Any]:
    return {
        "verdict": health.verdict,
        "score": health.score,
        "first": None if health.first is None else _diagnosis(health.first),
        "diagnoses": [_diagnosis(diagnosis) for diagnosis in health.diagnoses],
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    where: Layer | Parameter | None = diagnosis.layer or diagnosis.parameter
    return {
        "code": diagnosis.symptom.value,
        "symptom": symptom_in_words(diagnosis),
        "severity": diagnosis.severity,
        "layer": None if diagnosis.layer is None else diagnosis.layer.name,
        "parameter": None if diagnosis.parameter is None else diagnosis.parameter.name,
        "path": None if where is None else where.place.path,
        "line": None if where is None else where.place.line,
        "value": diagnosis.value,
        "limit": diagnosis.limit,
        "health": diagnosis.health,
        "names": diagnosis.names,
        "evidence": diagnosis.evidence,
    }


def symptom_in_words(diagnosis: Diagnosis) -> str:
    """``"vanishing gradients"``."""
    name: str = diagnosis.symptom.name
    return NAMED_OTHERWISE.get(name) or name.replace("_", " ").lower()


NAMED_OTHERWISE = {"NON_FINITE": "values that are not finite", "INITIAL_LOSS_OFF": "an initial loss that is off"}
"""Symptoms whose names read badly in a sentence."""
