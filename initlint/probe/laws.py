"""What a parameter was drawn from, told from its values and from the call that wrote them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from initlint.network.measurement import Statistics
from initlint.probe.recording import InitCall, ParameterRow
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, Shape
from initlint.signal.size import is_known

SIGMAS = 4.0
"""Standard errors within which a measured moment agrees with a law's: one weight in 16 000 falls outside by chance."""
KURTOSIS = {"uniform": 9 / 5, "normal": 3.0}
"""E[(w - mean)^4] / variance^2 of an entry, which sets the sampling error of the variance: ``variance sqrt((k - 1) / n)``."""
ROUNDING = {"float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Relative error that a half precision may give a variance."""
METHODS: Mapping[str, Callable[..., Distribution]] = {
    "fill_": lambda shape, value: Distribution.constant(value),
    "zero_": lambda shape: Distribution.constant(0),
    "uniform_": lambda shape, low=0.0, high=1.0: Distribution.uniform(low, high),
}
"""Methods of a tensor that `INITIALIZERS` lacks or names the arguments of otherwise."""
RENAMED = {"uniform_": {"from": "low", "a": "low", "to": "high", "b": "high"}}
"""``uniform_`` is both a method (``from``, ``to``) and an initialiser (``a``, ``b``)."""
FRAMEWORKS_OWN = frozenset({"default", "reset_parameters"})
DEFAULTS: tuple[Callable[..., Distribution], ...] = (
    partial(INITIALIZERS["kaiming_uniform_"], a=math.sqrt(5)),
    INITIALIZERS["xavier_uniform_"],
    INITIALIZERS["normal_"],
)
"""What the framework's own layers draw matrices from: linear maps and convolutions, attention, embeddings."""
NOT_DRAWN = frozenset({"tensor", "generator"})
"""Arguments that are no numbers of the law."""


def measured_law(row: ParameterRow, call: InitCall) -> Distribution:
    """The law of the values: exact where they are one constant or agree with what `call` draws, else their moments.

    A mean that its sampling error explains is 0.
    """
    if row.constant is not None:
        return Distribution.constant(row.constant)
    values = row.values
    found = next((law for law in laws_of(values.shape, call) if is_agreeing(values, law)), None)
    if found is not None:
        return found
    mean = 0.0 if abs(values.mean) < SIGMAS * _error_of_mean(values) else values.mean
    return Distribution("other", mean, values.variance)


def laws_of(shape: Shape, call: InitCall) -> list[Distribution]:
    """What the call may draw into a tensor of this shape; none if it is no initialiser of a known law."""
    if call.initializer in FRAMEWORKS_OWN:
        return list(filter(None, (_drawn(make, shape, {}) for make in DEFAULTS))) if len(shape) > 1 else []
    make = METHODS.get(call.initializer) or INITIALIZERS.get(call.initializer)
    if make is None:
        return []
    names = RENAMED.get(call.initializer, {})
    given = {names.get(key, key): value for key, value in call.arguments.items() if key not in NOT_DRAWN}
    found = _drawn(make, shape, given)
    return [] if found is None else [found]


def _drawn(make: Callable[..., Distribution], shape: Shape, given: Mapping[str, object]) -> Distribution | None:
    try:
        found = make(shape, **given)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return found if is_known(found.mean) and is_known(found.variance) else None


def is_agreeing(values: Statistics, law: Distribution) -> bool:
    """Whether measured mean and variance lie within sampling error of the law's."""
    if not (is_known(law.mean) and is_known(law.variance)) or not math.isfinite(values.second):
        return False
    mean, variance = float(law.mean), float(law.variance)
    count = max(values.elements, 1)
    spread = math.sqrt((KURTOSIS.get(law.family, 3.0) - 1) / count)
    margin = SIGMAS * spread + ROUNDING.get(values.dtype, 1e-5)
    is_mean_near = abs(values.mean - mean) <= SIGMAS * math.sqrt(variance / count) + 1e-6 * math.sqrt(values.second)
    return is_mean_near and abs(values.variance - variance) <= margin * variance


def _error_of_mean(values: Statistics) -> float:
    return values.std / math.sqrt(max(values.elements, 1))
