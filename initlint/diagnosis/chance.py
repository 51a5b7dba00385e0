"""What chance does to a gradient: the draw of the weights, which width evens out, and the masks of dropout."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from initlint.diagnosis.symptoms import FLUCTUATION, PREDICTED_GRADIENT, Limit, Reading, Symptom
from initlint.diagnosis.trajectory import Trajectory
from initlint.finding import Severity
from initlint.network.network import Layer
from initlint.network.point import law_of, number
from initlint.network.stack import STACKED
from initlint.signal.size import as_float

RECTIFIED, SMOOTH = 5.0, 2.0
"""Variance of ln |gradient|^2 that a layer adds, times its width: what is Gaussian gives 2, a mask of halves 3 more (Hanin
and Nica 2018, arXiv:1812.05994, theorem 1)."""
MASK = RECTIFIED - SMOOTH
MASKING = frozenset({"relu", "leaky_relu", "relu6", "prelu", "gelu", "silu", "mish", "hardswish"})
"""Activations whose slope is 0, or nearly, for half of the units. ELU's and SELU's is not."""


def fluctuation_readings(paths: Iterable[Trajectory]) -> Iterator[Reading]:
    """Of each trunk: what lies beside it is held by what goes around."""
    for path in paths:
        inside = [path.layers[place] for place in path.hidden]
        value = _variance(inside)
        if path.is_trunk and value > 0:
            yield _reading(Symptom.ILL_CONDITIONED_JACOBIAN, value, inside, "log_gradient_variance", FLUCTUATION)


def _variance(layers: Sequence[Layer]) -> float:
    """Orthogonal weights keep all lengths; an activation behind them that masks does not."""
    found, width = 0.0, None
    for layer in layers:
        if layer.op in STACKED:
            width = as_float(layer.fan_in)
            found += SMOOTH / width if width and law_of(layer).family not in ("orthogonal", "identity") else 0.0
        elif layer.op == "activation" and layer.activation in MASKING and width:
            found += MASK / width
    return found


def dropout_readings(paths: Iterable[Trajectory]) -> Iterator[Reading]:
    """What is left of the gradient once it is averaged over the masks, as steps do: a layer's mask takes 1 - p of it.

    The rest is noise, which keeps up its second moment (Schoenholz et al. 2017, arXiv:1611.01232, section 5).
    """
    for path in paths:
        inside = [path.layers[place] for place in path.hidden]
        shares = [number(layer, "p") or 0.0 for layer in inside if layer.op == "dropout"]
        if path.is_trunk and path.gradient is not None and any(shares):
            kept = sum(math.log10(1 - share) if share < 1 else -math.inf for share in shares)
            value = -(path.gradient + kept)
            yield _reading(
                Symptom.VANISHING_GRADIENTS, value, inside, "log10_gradient_ratio_between_masks", PREDICTED_GRADIENT
            )


def _reading(symptom: Symptom, value: float, layers: Sequence[Layer], what: str, limit: Limit) -> Reading:
    maps = [layer for layer in layers if layer.op in STACKED]
    names = tuple(layer.name for layer in maps if layer.name)
    first = maps[0] if maps else None
    return Reading(symptom, value, first, None, names, {what: value}, limit, Severity.WARNING)
