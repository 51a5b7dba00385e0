"""What one probe measured: plain numbers that cross the border between the process of the model and ours.

Nothing here needs torch. A recording is to the probe what the facts of a file are to the reader: what was seen, not yet
what it means. `initlint.probe.linking` makes a network of it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from initlint.finding import Place
from initlint.network.measurement import Gradient, Statistics
from initlint.probe.passes.results import Conditioning, Replicas, Step, TimeGradient, Unwritten


class Row(Struct, frozen=True, kw_only=True):
    """One operation of the forward pass that gave a floating tensor derived from the inputs."""

    id: int
    name: str
    """Path of the module it ran in: ``"layers.3"``; empty for the model itself, ``"(Linear)"`` for one registered nowhere."""
    op: str
    """As `initlint.network.Layer.op`."""
    kind: str
    """Class of the module that it is, or the function's name: ``"Linear"``, ``"relu"``."""
    is_module: bool
    """Whether it is what the module at `name` does, rather than a call in its ``forward``."""
    call: int
    """0 the first time the module at `name` ran, 1 the second time, and so on."""
    inputs: tuple[int, ...] = ()
    built: Place | None = None
    """Where the module was constructed."""
    called: Place | None = None
    """Where the operation was called in a ``forward``."""
    activation: str = ""
    options: dict[str, Any] = {}
    weight: str = ""
    """Name of its weight among the recording's parameters."""
    bias: str = ""
    parameters: tuple[str, ...] = ()
    """Names of all parameters it is given, these two included."""
    fan_in: int | float | None = None
    fan_out: int | float | None = None
    output: Statistics
    gradient: Gradient | None = None
    """Of a random cotangent with mean square 1 an element, at the operation's output."""
    logits: Statistics | None = None
    """Of attention: what its softmax is taken of, over a few queries and keys."""
    is_observable: bool = True
    """False where no gradient can be seen, inside a reentrant checkpoint for example."""


class InitCall(Struct, frozen=True, kw_only=True):
    """A call that wrote to a parameter while the model was built."""

    initializer: str
    """``"kaiming_normal_"``, ``"fill_"``; ``"default"`` inside a layer's own constructor."""
    place: Place | None
    arguments: dict[str, Any] = {}
    function: str = ""
    """Name of the function that it stands in."""


class ParameterRow(Struct, frozen=True, kw_only=True):
    """A parameter after construction and after one backward pass."""

    name: str
    aliases: tuple[str, ...] = ()
    """Its other names, if it is tied."""
    role: str
    """As `initlint.network.Parameter.role`."""
    owner: str = ""
    """Class of the module that holds it."""
    values: Statistics
    constant: float | None = None
    """The one value of every entry, if there is one."""
    is_trained: bool = True
    """Whether it requires a gradient."""
    is_registered: bool = True
    """False for one that the forward pass used and ``parameters()`` does not give."""
    is_computed: bool = False
    """Whether it is no parameter but computed in the forward pass, from others as a rule."""
    gradient: Gradient | None = None
    """``None``: it got none."""
    built: Place | None = None
    writes: tuple[InitCall, ...] = ()
    twin_units: float | None = None
    """Share of the units (rows) whose weights equal another unit's, 0 to 1; ``None`` for what has no units."""
    twin_gradients: float | None = None
    """Share of the units whose weights *and* gradients equal another unit's."""
    update_ratio: float | None = None
    """RMS of the first optimiser step over RMS of the weight."""


class InitialLoss(Struct, frozen=True, kw_only=True):
    """The loss before the first step."""

    kind: str
    """``"cross-entropy"``, ``"regression"``, ``"cotangent"``, ``"given"``, ``"output"``."""
    description: str
    value: float | None = None
    expected: float | None = None
    """What a model that knows nothing gives, where that is known: ln C for C classes."""
    classes: int | None = None


class Cost(Struct, frozen=True, kw_only=True):
    """Seconds of wall-clock time."""

    building: float = 0.0
    step: float = 0.0
    """The one recorded forward and backward pass."""
    passes: float = 0.0
    """All extra passes."""


class Recording(Struct, frozen=True, kw_only=True):
    """One target, probed."""

    target: str
    model: str
    """Name of the model's class."""
    framework: str = "torch"
    """As `initlint.network.Network.framework`."""
    place: Place | None = None
    """Where the target is defined."""
    device: str
    dtype: str
    torch: str
    """Version."""
    seeds: tuple[int, ...] = (0,)
    batch: int
    inputs: str
    """How the inputs were found, in words."""
    shapes: dict[str, tuple[int, ...]] = {}
    """Of the inputs, by argument."""
    rows: tuple[Row, ...]
    outputs: tuple[int, ...] = ()
    """Ids of the rows that are outputs of the model."""
    parameters: tuple[ParameterRow, ...]
    loss: InitialLoss
    conditioning: Conditioning | None = None
    """Of the input-output Jacobian."""
    times: tuple[TimeGradient, ...] = ()
    """Gradient over the time steps of recurrent modules."""
    unwritten: tuple[Unwritten, ...] = ()
    replicas: tuple[Replicas, ...] = ()
    steps: tuple[Step, ...] = ()
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    """What `steps` and the update ratios are for."""
    notes: tuple[str, ...] = ()
    cost: Cost = Cost()
