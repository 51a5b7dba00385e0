"""Functions of each entry alone that a program writes out in several operations: ``0.5 * x * (1 + tanh(...))``, ``x * x``.

What comes together there is one signal and not several independent ones, so that their sum or product has the law of one
activation of the signal that all of them are made of.
"""

from __future__ import annotations

from collections.abc import Callable

from initlint.network.network import Layer
from initlint.network.point import Point, number
from initlint.network.stack import theory_of
from initlint.signal import places
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.nonlinearity import Activation
from initlint.signal.size import as_float

Function = Callable[[float], float]

ENTRYWISE = frozenset({"activation", "scale", "add", "multiply"})
"""Operations that can be parts of such a function."""
JOINTS: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(("+", "add"), lambda left, right: left + right),
    **dict.fromkeys(("-", "sub"), lambda left, right: left - right),
    **dict.fromkeys(("*", "mul", "multiply"), lambda left, right: left * right),
    **dict.fromkeys(("/", "div"), lambda left, right: left / right),
}
"""What is done to two signals, by kind of layer."""
LONGEST = 32
"""Operations looked back on: the longest such function in use, GELU by its tanh, has eight."""


def compose(point: Point) -> Moments | None:
    """The signal behind a layer that ends a function of one signal made of several; `None` if it ends none."""
    source = _source(point)
    if source is None:
        return None
    value, before = _function(point, point.layer, source), point.behind.get(source, UNKNOWN)
    if value is None or as_float(before.variance) is None:
        return UNKNOWN
    try:
        return places.activate(before, Activation("composed", value, _no_slope, breakpoints=(0.0,), scale=1.0))
    except (ArithmeticError, ValueError):
        return UNKNOWN


def _source(point: Point) -> int | None:
    """The nearest earlier signal that all ways back from a layer lead through, where they part on the way and all that
    they lead through is done to each entry alone."""
    front, has_parted = {point.layer.id}, False
    for _ in range(LONGEST):
        latest = max(front)
        if has_parted and len(front) == 1:
            return latest
        layer = point.layers.get(latest, point.layer)
        if not _is_entrywise(layer):
            return None
        front = front - {latest} | set(layer.inputs)
        has_parted = has_parted or len(layer.inputs) > 1
    return None


def _is_entrywise(layer: Layer) -> bool:
    if layer.op not in ENTRYWISE or layer.parameters or not layer.inputs or "turn" in layer.options:
        return False
    return len(layer.inputs) == 1 or (len(layer.inputs) == 2 and layer.kind in JOINTS)


def _function(point: Point, layer: Layer, source: int) -> Function | None:
    """What has been done to an entry of the source up to behind a layer."""
    if layer.id == source:
        return lambda entry: entry
    parts = [_function(point, point.layers[each], source) for each in layer.inputs]
    own = _own(layer)
    known = [part for part in parts if part is not None]
    if own is None or len(known) < len(parts):
        return None
    return lambda entry: own(*(part(entry) for part in known))


def _own(layer: Layer) -> Callable[..., float] | None:
    """What a layer does to an entry; `None` where a number or an activation is not known."""
    if layer.op == "activation":
        shape = theory_of(layer)
        return None if shape is None else shape.value
    if layer.op == "scale":
        factor, offset = number(layer, "factor"), number(layer, "offset") if "offset" in layer.options else 0.0
        return None if factor is None or offset is None else lambda entry: factor * entry + offset
    return JOINTS.get(layer.kind) if len(layer.inputs) == 2 else None


def _no_slope(entry: float) -> float:
    """The gradient goes back through the operations one by one."""
    raise NotImplementedError
