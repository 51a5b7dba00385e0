"""Types of numbers: what layers compute in, and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.network import WEIGHTED
from initlint.tracing.values import Arguments, Device, ExternalValue, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

KEEPING = frozenset({"activation", "dropout", "norm", "scale", "add", "multiply", "concat"}) | WEIGHTED
"""Operations that compute in the type of their weights or of what comes in."""


def of_signal(tracer: Tracer, signal: Signal) -> Value:
    """``signal.dtype``: that of the weights it comes from, unless it or they are converted on the way."""
    layer = tracer.record.layers[signal.node]
    while layer.op not in WEIGHTED:
        is_kept = layer.op in KEEPING or (layer.op == "reshape" and layer.kind not in framework.CONVERSIONS)
        if not is_kept or not layer.inputs:
            return Unknown("the dtype of a signal")
        layer = tracer.record.layers[layer.inputs[0]]
    return tracer.default_dtype


def note_conversion(tracer: Tracer, name: str, arguments: Arguments, keywords: Mapping[str, Value]) -> None:
    """A module that is converted, as by ``module.half()``: from then on no type is known."""
    is_moved = name == "to" and len(arguments) == 1 and isinstance(arguments[0], (Device, str)) and not keywords
    if name in framework.CONVERSIONS and name != "float" and not is_moved:
        forget(tracer)


def forget(tracer: Tracer, *_: object) -> None:
    """``torch.set_default_dtype(...)``, or what comes to the same."""
    tracer.heap.set_field(tracer, "default_dtype", Unknown("a dtype that was set"))


def is_same(left: ExternalValue, right: ExternalValue) -> bool:
    """Whether two names mean one thing outside the program: ``torch.half`` and ``torch.float16``."""
    return framework.DTYPE_ALIASES.get(left.name, left.name) == framework.DTYPE_ALIASES.get(right.name, right.name)
