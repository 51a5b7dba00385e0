"""Tensors and signals."""

from __future__ import annotations

from dataclasses import dataclass, field

from initlint.finding import Place
from initlint.network import Parameter, Shape
from initlint.signal.distribution import Distribution
from initlint.tracing.values.objects import Unknown, Value


@dataclass(frozen=True, eq=False)
class TensorValue:
    """A tensor that is no signal: a parameter's memory, or a tensor made by a constructor.

    `parameter` is the parameter whose memory it shares (`is_part`: some of it).
    """

    shape: Shape | None
    distribution: Distribution | None = None
    parameter: Parameter | None = None
    is_part: bool = False
    is_trained: bool = False
    """Whether it is the parameter itself rather than its ``.data`` or a view."""
    place: Place | None = None
    rows: int | None = None
    """Of a part: how many entries along the first axis it takes, if that is known."""
    device: Value = None
    """Where a constructor put it; `None` if that is not followed."""


@dataclass(frozen=True, eq=False)
class Row(TensorValue):
    """A tensor with one axis whose entries are known: ``torch.linspace(0, rate, depth)``."""

    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Turn(TensorValue):
    """The cosine or sine of a tensor of angles."""

    part: str = "cos"
    angle: Value = None
    """The tensor, for a cosine and a sine to find that they belong together."""


@dataclass(frozen=True, eq=False)
class Signal:
    """An activation that flows through the network: the output of the layer `node`."""

    node: int


@dataclass(frozen=True, eq=False)
class ShapeOf(Unknown):
    """The shape of a signal, of which an axis may be known."""

    signal: Signal = field(kw_only=True)
