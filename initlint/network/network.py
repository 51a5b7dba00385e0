"""A network: layers in signal order, each with its weights, and what was seen while it was built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from initlint.finding import Place
from initlint.network.parameter import Number, Parameter, Shape
from initlint.network.window import Window

if TYPE_CHECKING:
    from initlint.probe.recording import Recording, Row

WEIGHTED = frozenset({"linear", "conv", "conv_transpose", "bilinear", "embedding", "recurrent"})
"""Operations with a weight matrix or kernel."""
TRANSPARENT = frozenset({"activation", "dropout", "pool", "reshape", "scale"})
"""Operations with one input that a plain stack may hold between two linear maps."""


@dataclass(eq=False)
class Layer:
    """One operation of the network: a node of its graph."""

    id: int
    op: str
    """One of `WEIGHTED`, `TRANSPARENT`, or ``"input"``, ``"norm"``, ``"softmax"``, ``"attention"``, ``"add"``,
    ``"multiply"``, ``"matmul"``, ``"concat"``, ``"join"`` (either of its inputs), ``"function"`` (one that is known and that
    the theory has no law for), ``"unknown"``."""
    kind: str
    """The framework's name for it, without the module: ``"Linear"``, ``"relu"``."""
    name: str
    """Path of attributes from the model: ``"layers.3"``; empty for a functional call on no attribute."""
    place: Place
    """Where it is constructed; for a functional call, where it is called."""
    inputs: tuple[int, ...] = ()
    weight: Parameter | None = None
    bias: Parameter | None = None
    parameters: tuple[Parameter, ...] = ()
    """All of them, weight and bias included."""
    fan_in: Number | None = None
    """Number of terms in the sum that makes one output."""
    fan_out: Number | None = None
    activation: str = ""
    """For an activation: its name in `initlint.signal.activations`."""
    options: dict[str, object] = field(default_factory=dict)
    """Numbers the theory needs: an activation's slope, a dropout's ``p``, a pool's window, a constant factor."""
    window: Window | None = None
    """Of a convolution or a pool: how it moves over the places of its input, where that is known."""
    reason: str = ""
    """For an unknown: which expression could not be known."""
    measured: Row | None = None
    """What the probe saw of it; ``None`` in a network that was only read."""


@dataclass(frozen=True)
class TypeTest:
    """A test of a module's type or name in an init function, and the modules it was asked of."""

    place: Place
    function: str
    subject: str
    """Type of the module asked, as the framework or the project names it."""
    wanted: str
    """What was asked for, in words."""
    matched: bool
    """Also true where the answer is not known."""
    has_parameters: bool = False
    """Whether what was asked has, or is, a parameter: something an init could reach."""

    @property
    def is_vague(self) -> bool:
        """Whether it stands for the layers of a model that are not known, of which any test may hold."""
        return not self.wanted


@dataclass(frozen=True)
class DiscardedInit:
    """An initialiser that was given a module."""

    place: Place
    initializer: str
    target: str
    """The module's class."""


@dataclass(frozen=True)
class RecomputedInit:
    """An init of a weight that its layer computes anew from other parameters before each forward pass."""

    place: Place
    initializer: str
    parameter: str
    """Name of the weight."""


@dataclass(frozen=True)
class VectorInit:
    """An initialiser that needs fans, called on a tensor with fewer than two axes."""

    place: Place
    initializer: str
    parameter: str
    shape: Shape


@dataclass(frozen=True)
class Replication:
    """One layer, or equal copies of one, where several were meant."""

    place: Place
    how: str
    """``"shared"`` (one object several times) or ``"copied"`` (deep copies with equal weights)."""
    layer: str
    count: int | None
    parameters: tuple[Parameter, ...] = ()
    """Of the layer; for a copy, its own."""
    source: Parameter | None = None
    """The first parameter of the layer that was copied."""
    writes: tuple[int, ...] = ()
    """How many writes each of them had when it was copied."""

    @property
    def is_initialised_later(self) -> bool:
        """Whether something wrote to the parameters after they were copied."""
        return any(len(p.writes) > count for p, count in zip(self.parameters, self.writes, strict=False))


@dataclass(frozen=True)
class UnregisteredLayers:
    """Modules or parameters kept where the framework does not find them."""

    place: Place
    attribute: str
    container: str
    layers: tuple[str, ...]
    is_used: bool


@dataclass(frozen=True)
class LateInit:
    """A whole model initialised after its weights were loaded."""

    place: Place
    loaded: Place
    is_applied: bool
    """Whether it is a call of ``apply`` rather than an init in a loop."""


@dataclass(frozen=True)
class EarlyApply:
    """An init function applied before layers that it would reach exist."""

    place: Place
    function: str
    later: tuple[str, ...]


Observation = (
    TypeTest | DiscardedInit | RecomputedInit | VectorInit | Replication | UnregisteredLayers | LateInit | EarlyApply
)
Seen = TypeVar(
    "Seen", TypeTest, DiscardedInit, RecomputedInit, VectorInit, Replication, UnregisteredLayers, LateInit, EarlyApply
)


@dataclass(frozen=True)
class Training:
    """What a model is trained with, as far as it says so itself; `None` where that is not known."""

    place: Place
    loss: str
    """``"categorical"`` or ``"binary"`` cross-entropy; empty for any other."""
    takes_logits: bool | None
    clips: bool | None
    """Whether the optimiser clips gradients."""


@dataclass(eq=False)
class Network:
    """A model as it stands before its first step."""

    name: str
    place: Place
    layers: list[Layer] = field(default_factory=list)
    outputs: tuple[int, ...] = ()
    parameters: list[Parameter] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    reasons: list[tuple[Place, str]] = field(default_factory=list)
    """Why parts of it are unknown."""
    is_complete: bool = False
    """Whether every operation from the inputs to the outputs is known."""
    gives_no_signal: bool = False
    """Whether it is known to give nothing that depends on its inputs with a gradient: places, masks, a table of positions."""
    measured: Recording | None = None
    """What the probe saw of the whole; ``None`` in a network that was only read."""
    training: Training | None = None
    """How it is set up to be trained, where the model itself says so."""
    framework: str = "torch"
    """Whose words it is written in."""
    is_initialised_elsewhere: Callable[[], bool] = bool
    """Whether other code may give a model of this class to an init function, so that these weights are not the ones that
    are trained."""

    def consumers(self) -> dict[int, list[Layer]]:
        """For each layer that reaches an output: the layers that take what it gives."""
        found: dict[int, list[Layer]] = {layer.id: [] for layer in self.layers}
        for layer in self.live():
            for source in layer.inputs:
                found[source].append(layer)
        return found

    def live(self) -> list[Layer]:
        """The layers from which an output can be reached, in signal order."""
        alive = set(self.outputs)
        for layer in reversed(self.layers):
            if layer.id in alive:
                alive.update(layer.inputs)
        return [layer for layer in self.layers if layer.id in alive]

    def observed(self, kind: type[Seen]) -> Iterator[Seen]:
        """The observations of one kind."""
        return (seen for seen in self.observations if isinstance(seen, kind))
