"""The shape of a framework's tables: what the tracer needs to know of a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REQUIRED = object()
"""Stands for the default of an argument that has none."""


@dataclass(frozen=True)
class LayerSpec:
    """A layer class of the framework."""

    op: str
    """As `initlint.network.Layer.op`."""
    signature: Mapping[str, object] = field(default_factory=dict)
    """Constructor arguments in order, with their defaults."""
    activation: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Option of the network's layer -> constructor argument it is read from."""
    parents: tuple[str, ...] = ()
    """Names of further classes it derives from."""
    axes: int = 0
    """Spatial axes of a convolution or pool."""
    variant: str = ""
    """What the defaults of the weights go by: ``"lstm"``, ``"embedding"``, ..."""


@dataclass(frozen=True)
class FunctionSpec:
    """A function or tensor method that takes signals: what it does to the first."""

    op: str
    activation: str = ""
    signature: Mapping[str, object] = field(default_factory=dict)
    """Arguments after the signal, in order, with their defaults."""
    options: Mapping[str, str] = field(default_factory=dict)


def signature(*required: str, **optional: object) -> dict[str, object]:
    """Arguments in order: those without a default first."""
    return {**dict.fromkeys(required, REQUIRED), **optional}
