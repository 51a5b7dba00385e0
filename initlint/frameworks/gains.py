"""What the name and the arguments of an init call say of its gain and its fan."""

from __future__ import annotations

import math
from collections.abc import Mapping

from initlint.signal.initializers import calculate_gain

BY_FAN = ("xavier", "kaiming", "orthogonal", "eye", "dirac", "reset")
"""Beginnings of the names of initialisers whose spread follows from the shape."""
KAIMING = "kaiming"
XAVIER = "xavier"
DEFAULT_SLOPE = math.sqrt(5)
"""The slope with which a framework's default is written: it names no activation."""


def looks_at_fan(initializer: str) -> bool:
    """Whether the initialiser takes its spread from the shape."""
    return initializer.startswith(BY_FAN)


def divides_by_fan_in(initializer: str, arguments: Mapping[str, object]) -> bool:
    """Whether the call divides by the number of inputs alone."""
    return initializer.startswith(KAIMING) and arguments.get("mode", "fan_in") == "fan_in"


def assumed_fan(initializer: str, arguments: Mapping[str, object], variance: float) -> tuple[str, float] | None:
    """The fan by which a call divided to draw with this variance, and which it is: in, out, or the mean of both.

    `None` for a call that looks at no fan, or whose gain is not known.
    """
    if not initializer.startswith((XAVIER, KAIMING)) or variance <= 0:
        return None
    gain = _gain_of_kaiming(arguments) if initializer.startswith(KAIMING) else arguments.get("gain", 1.0)
    mode = arguments.get("mode", "fan_in") if initializer.startswith(KAIMING) else "mean fan"
    if not isinstance(gain, (int, float)) or not isinstance(mode, str):
        return None
    return mode.lower().replace("_", "-"), gain**2 / variance


def _gain_of_kaiming(arguments: Mapping[str, object]) -> object:
    slope, kind = arguments.get("a", 0), arguments.get("nonlinearity", "leaky_relu")
    try:
        return calculate_gain(str(kind), slope) if isinstance(slope, (int, float)) else None
    except ValueError:
        return None


def named_gain(initializer: str, arguments: Mapping[str, object]) -> tuple[str, float] | None:
    """The activation an init call names, and its gain; `None` if it names none."""
    if initializer.startswith(KAIMING):
        return _of_kaiming(arguments.get("a", 0), arguments.get("nonlinearity", "leaky_relu"))
    looked_up = arguments.get("gain")
    name = getattr(looked_up, "nonlinearity", None)
    return (str(name), float(looked_up)) if name is not None and isinstance(looked_up, (int, float)) else None


def _of_kaiming(slope: object, kind: object) -> tuple[str, float] | None:
    if not isinstance(kind, str) or not isinstance(slope, (int, float)):
        return None
    if kind == "leaky_relu" and math.isclose(abs(slope), DEFAULT_SLOPE):
        return None
    try:
        gain = calculate_gain(kind, slope)
    except ValueError:
        return None
    return (kind, float(gain)) if isinstance(gain, (int, float)) else None
