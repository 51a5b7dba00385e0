"""What a probe measured of a model, as a few numbers a model: what separates those that train from those that fail."""

from __future__ import annotations

import math
from collections.abc import Iterable

from initlint.diagnosis.trajectory import Trajectory, trajectories
from initlint.network.network import WEIGHTED
from initlint.probe.linking import link
from initlint.probe.recording import ParameterRow, Recording, Row

NOTHING = -400.0
"""Decades that stand for a quantity that is exactly zero: below what double precision can hold."""


def features(recording: Recording) -> dict[str, float]:
    """By name. Decades are of second moments; shares and cosines are 0 to 1; what does not apply is NaN."""
    paths = trajectories(link(recording))
    return {
        **_along(paths),
        **_of_rows(recording.rows),
        **_of_output(recording),
        **_of_parameters(recording.parameters),
        **_over_time(recording),
    }


def _along(paths: list[Trajectory]) -> dict[str, float]:
    gradients = [path.gradient for path in paths if path.gradient is not None]
    forwards = [path.forward for path in paths if path.forward is not None]
    swings = [value for path in paths for value in path.sensitivities]
    return {
        "gradient": _extreme(gradients),
        "worst gradient on the way": _extreme(swings),
        "forward": _extreme(forwards),
        "worst forward on the way": _extreme(value for path in paths for value in path.strengths),
        "weighted layers on the trunk": float(max((len(path.weighted) for path in paths), default=0)),
    }


def _of_rows(rows: tuple[Row, ...]) -> dict[str, float]:
    hidden = [row.output for row in rows if row.op in {*WEIGHTED, "norm", "activation", "add"}]
    return {
        "saturated": _largest(each.saturated_fraction for each in hidden),
        "dead": _largest(each.dead_fraction for each in hidden),
        "zeros": _largest(each.zero_fraction for each in hidden),
        "nonfinite": _largest(each.nonfinite_fraction for each in hidden),
        "size": _decades(_largest(each.second for each in hidden)),
        "attention logits": _largest(row.logits.std for row in rows if row.logits),
    }


def _of_output(recording: Recording) -> dict[str, float]:
    known = {row.id: row for row in recording.rows}
    outputs = [known[number].output for number in recording.outputs if number in known]
    cosines = [row.output.correlation for row in recording.rows if row.id not in recording.outputs]
    loss = recording.loss
    ratio = loss.value / loss.expected if loss.value is not None and loss.expected else math.nan
    return {
        "output": _decades(_largest(each.second for each in outputs)),
        "output variance": _decades(_largest(each.variance for each in outputs)),
        "output correlation": _largest(each.correlation for each in outputs),
        "last correlation": next((value for value in reversed(cosines) if value is not None), math.nan),
        "loss over expected": ratio,
    }


def _of_parameters(parameters: tuple[ParameterRow, ...]) -> dict[str, float]:
    trained = [row for row in parameters if row.is_trained and row.role == "weight"]
    squares = [row.gradient.mean_square if row.gradient else 0.0 for row in trained]
    ratios = [row.update_ratio for row in trained if row.update_ratio is not None]
    sizes = [_decades(square) for square in squares]
    return {
        "zero gradients": sum(square == 0 for square in squares) / max(len(squares), 1),
        "spread of weight gradients": max(sizes) - min(sizes) if sizes else math.nan,
        "twins": _largest(row.twin_gradients for row in trained),
        "smallest update": _decades(min(ratios, default=math.nan)),
        "largest update": _decades(max(ratios, default=math.nan)),
    }


def _over_time(recording: Recording) -> dict[str, float]:
    rates = [(time.rate, time.steps) for time in recording.times]
    decades = [steps * _decades(rate) for rate, steps in rates if rate is not None]
    found = {"time": _extreme(decades)}
    if recording.conditioning is not None and recording.conditioning.singular:
        singular = recording.conditioning.singular
        found |= {"singular": _decades(singular[0] ** 2), "condition": _decades(singular[0]) - _decades(singular[-1])}
    return found


def _extreme(values: Iterable[float]) -> float:
    """The one farthest from 0, NaN if there is none."""
    return max(values, key=abs, default=math.nan)


def _largest(values: Iterable[float | None]) -> float:
    """NaN if there is none."""
    return max((value for value in values if value is not None), default=math.nan)


def _decades(value: float) -> float:
    """log10, bounded so that it can be written as JSON."""
    if math.isnan(value):
        return value
    return max(NOTHING, min(math.log10(value), -NOTHING)) if value > 0 else NOTHING
