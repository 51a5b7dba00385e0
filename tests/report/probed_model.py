"""Probed models made by hand: plain stacks whose signal and gradient change by a given factor a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from initlint.diagnosis.health import diagnose
from initlint.finding import Place, Problem
from initlint.network.measurement import Gradient, Statistics
from initlint.probe.linking import link
from initlint.probe.recording import Cost, InitialLoss, ParameterRow, Recording, Row
from initlint.report.report import ProbedTarget

WIDTH = 64
BATCH = 32
PATH = "pkg/model.py"


def statistics(variance: float, **changes: Any) -> Statistics:
    return Statistics(**{"shape": (BATCH, WIDTH), "mean": 0.0, "second": variance, "abs_max": 3.0, **changes})


def gradient(mean_square: float, **changes: Any) -> Gradient:
    return Gradient(**{"mean_square": mean_square, "elements": BATCH * WIDTH, **changes})


def row(number: int, variance: float, mean_square: float | None, **changes: Any) -> Row:
    """A linear layer of its own line; `changes` are fields of the row."""
    place = Place(PATH, 10 + number, 9, 10 + number, 30)
    whole: dict[str, Any] = {
        "id": number,
        "name": f"layers.{number}",
        "op": "linear",
        "kind": "Linear",
        "is_module": True,
        "call": 0,
        "inputs": (number - 1,) if number else (),
        "built": place,
        "called": Place(PATH, 50, 9, 50, 20),
        "weight": f"layers.{number}.weight",
        "fan_in": WIDTH,
        "fan_out": WIDTH,
        "output": statistics(variance),
        "gradient": None if mean_square is None else gradient(mean_square),
    }
    return Row(**{**whole, **changes})


def recording(rows: Sequence[Row], **changes: Any) -> Recording:
    whole: dict[str, Any] = {
        "target": f"{PATH}:Net",
        "model": "Net",
        "place": Place(PATH, 5, 1, 5, 1),
        "device": "cpu",
        "dtype": "float32",
        "torch": "2.13.0",
        "seeds": (0, 1, 2),
        "batch": BATCH,
        "inputs": "worked out from layers.0",
        "shapes": {"x": (BATCH, WIDTH)},
        "rows": tuple(rows),
        "outputs": (rows[-1].id,) if rows else (),
        "parameters": tuple(
            ParameterRow(name=each.weight, role="weight", values=statistics(1 / WIDTH), gradient=gradient(1e-3))
            for each in rows
            if each.weight
        ),
        "cost": Cost(building=0.1, step=0.02),
        "loss": InitialLoss(
            kind="cross-entropy",
            description="cross-entropy with random classes",
            value=2.412,
            expected=math.log(10),
            classes=10,
        ),
    }
    return Recording(**{**whole, **changes})


def probed(rows: Sequence[Row], **changes: Any) -> ProbedTarget:
    made = recording(rows, **changes)
    network = link(made)
    return ProbedTarget(made.target, network, diagnose(network))


def stack(depth: int, forward: float = 1.0, backward: float = 1.0, **changes: Any) -> ProbedTarget:
    """Linear layers; the variance changes by `forward` a layer, the gradient's square by `backward` a layer on its way back."""
    rows = [row(number, forward**number, backward ** (depth - 1 - number)) for number in range(depth)]
    return probed(rows, **changes)


def failed() -> ProbedTarget:
    problem = Problem(PATH, "NameError: name 'x' is not defined, raised in the forward pass.", "Mend it.", 7)
    return ProbedTarget(f"{PATH}:Broken", problem=problem)
