"""What a program writes out in several operations and the theory knows as one: root mean square norms, rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import Layer
from initlint.tracing.values import Signal, Turn

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

KEPT = frozenset({"to", "float", "half", "double", "bfloat16", "type", "type_as", "contiguous", "clone"})
"""Reshapes that keep every entry where it is."""


def combine(tracer: Tracer, symbol: str, left: Signal, right: Signal, place: Place) -> Signal | None:
    """``left symbol right`` where that ends such an idiom; `None` where it ends none."""
    if symbol == "*":
        return _normed(tracer, left, right, "rsqrt", place) or _normed(tracer, right, left, "rsqrt", place)
    if symbol == "/":
        return _normed(tracer, left, right, "sqrt", place)
    return _rotated(tracer, left, right, place) if symbol == "+" else None


# -------------------------------------------------------------------------------------------------------------- norms


def _normed(tracer: Tracer, signal: Signal, size: Signal, root: str, place: Place) -> Signal | None:
    """``x * rsqrt(mean(x ** 2) + epsilon)``: Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4."""
    found = _layer(tracer, size)
    if found.activation != root:
        return None
    found, epsilon = _before(tracer, found), 0.0
    if found.op == "scale" and found.options.get("factor") == 1:
        offset = found.options.get("offset")
        if not isinstance(offset, float):
            return None
        found, epsilon = _before(tracer, found), offset
    if found.kind != "mean" or found.options.get("axes") != (-1,):
        return None
    found = _before(tracer, found)
    if found.activation != "square" or _before(tracer, found) is not _plain(tracer, _layer(tracer, signal)):
        return None
    return tracer.add_layer("norm", "rms_norm", place, (signal,), options={"epsilon": epsilon})


def _layer(tracer: Tracer, signal: Signal) -> Layer:
    return tracer.record.layers[signal.node]


def _before(tracer: Tracer, layer: Layer) -> Layer:
    """The layer before one, that gave the entries; the layer itself if it has no input."""
    return _plain(tracer, tracer.record.layers[layer.inputs[0]]) if layer.inputs else layer


def _plain(tracer: Tracer, layer: Layer) -> Layer:
    while layer.op == "reshape" and layer.kind in KEPT and layer.inputs:
        layer = tracer.record.layers[layer.inputs[0]]
    return layer


# ---------------------------------------------------------------------------------------------------------- rotations


def turned(tracer: Tracer, signal: Signal, turn: Turn, place: Place) -> Signal:
    """``x * cos`` or ``x * sin`` of an angle that is the same for all units that are turned."""
    return tracer.add_layer("multiply", "*", place, (signal,), options={"turn": (id(turn.angle), turn.part)})


def _rotated(tracer: Tracer, left: Signal, right: Signal, place: Place) -> Signal | None:
    """``x * cos + y * sin``, y being the other half of each pair: Su et al. 2021, arXiv:2104.09864, eq. 34."""
    layers = _layer(tracer, left), _layer(tracer, right)
    one, other = (each.options.get("turn") for each in layers)
    if not isinstance(one, tuple) or not isinstance(other, tuple) or one[0] != other[0] or one == other:
        return None
    return tracer.add_layer("add", "+", place, (left, right), options={"rotates": True})
