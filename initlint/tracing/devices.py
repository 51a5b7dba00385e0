"""Devices: made, compared, and set as the place where tensors are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing.values import Arguments, Device, Keywords, Scope, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def make(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``torch.device(...)``."""
    kind, index = (*arguments, keywords.get("index"), None)[:2] if arguments else (keywords.get("type"), None)
    if isinstance(kind, Device):
        return kind
    if not isinstance(kind, str) or not (index is None or isinstance(index, int)):
        return Unknown("a device that is not known", place)
    name, _, number = kind.partition(":")
    return Device(name, int(number) if number.isdigit() else index)


def default(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``torch.get_default_device()``."""
    return tracer.default_device


def set_default(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``torch.set_default_device(...)``."""
    tracer.heap.set_field(tracer, "default_device", make(tracer, arguments, keywords, place, scope))
    return None
