"""The numbers of a call that the theory needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from initlint.probe.operations import Operation


def options_of(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a call that the theory needs."""
    found = what.read_options(args, kwargs)
    if what.op == "dropout" and what.argument("training", args, kwargs) is False:
        found["p"] = 0.0
    if what.op == "pool":
        found.update(_window(what, args, kwargs))
    if what.op in ("multiply", "add", "scale"):
        found.update(_constant(what, args))
    return found


RELU6 = (0.0, 6.0)
"""Bounds of a hard tanh that is a ReLU6; torch's module runs it as one."""


def bounds_of(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[float, float] | None:
    given = options_of(what, args, kwargs)
    low, high = given.get("min_val"), given.get("max_val")
    return (float(low), float(high)) if isinstance(low, (int, float)) and isinstance(high, (int, float)) else None


def _window(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    side = what.argument("kernel_size", args, kwargs)
    axes = int(what.name[-2]) if what.name[-2:] in ("1d", "2d", "3d") else 1
    sides = tuple(side) if isinstance(side, (tuple, list)) else (side,) * axes
    variant = {"variant": what.activation} if what.activation else {}
    return {**variant, "window": math.prod(sides)} if all(isinstance(each, int) for each in sides) else variant


def _constant(what: Operation, args: tuple[Any, ...]) -> dict[str, Any]:
    """What a signal is multiplied by, or what is added to it, if that is a number."""
    numbers = [value for value in args[:2] if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if what.name == "neg":
        return {"factor": -1.0}
    if len(numbers) != 1 or len(args) < 2:
        return {}
    number = float(numbers[0])
    if what.op == "add":
        is_reversed = what.name == "rsub"
        return {
            "factor": -1.0 if is_reversed else 1.0,
            "offset": -number if what.name in ("sub", "subtract") else number,
        }
    if what.name in ("div", "divide", "true_divide"):
        return {"factor": 1 / number if number else math.inf}
    return {"factor": number} if what.name in ("mul", "multiply") else {}
