"""Which operation made a value last, and what a network says of its model's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from initlint.finding import Place
from initlint.frameworks import losses
from initlint.frameworks import torch as framework
from initlint.network import Layer, Network
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.routines import ClassScope, Routine
    from initlint.program.program import Program

CLASSIFIER = "classifier"
"""A ready-made model that gives logits."""
RAW = frozenset({"linear", "conv", "conv_transpose", "norm", CLASSIFIER})
"""Operations whose values have any sign and size."""
KEEPING = frozenset({"reshape", "dropout"})
"""Operations that leave the range of their values what it is, but for zeros."""


@dataclass(frozen=True)
class Call:
    """A call and the routine it stands in."""

    node: facts.Call
    routine: Routine

    @property
    def place(self) -> Place:
        return self.routine.module.source.place(self.node.start, self.node.end)


class Held(NamedTuple):
    """An attribute of a model under which it calls a part of itself."""

    name: str
    cls: ClassScope | None
    """The class that calls it; `None` where a network was asked."""


@dataclass(frozen=True)
class Ending:
    """An operation whose output a value is; or a model whose output it is, and that has to be asked."""

    place: Place
    """Of the call that computes it, or of the layer that does; of a model, its class or its outermost container."""
    op: str
    """``"activation"``, ``"softmax"``, one of `RAW`, or ``"model"``."""
    kind: str = ""
    """Of an activation as `initlint.network.Layer.activation`; of a softmax, ``"softmax"`` or ``"log_softmax"``."""
    is_default: bool = True
    """Whether an activation has no parameters of its own."""
    is_part: bool = False
    """Whether some entries of the output are picked."""
    call: Call | None = field(default=None, compare=False)
    """The call at that place, where it was found in the source; `None` where a network was asked."""
    is_layer: bool = field(default=False, compare=False)
    """Whether that call makes the layer rather than its output."""
    applied: Call | None = field(default=None, compare=False)
    """The call of that layer, where it is called by itself rather than by a container; of a function, the same call."""
    given: facts.Expression | None = field(default=None, compare=False)
    """What that call is given."""
    attributes: tuple[Held, ...] = field(default=(), compare=False)
    """Attributes of models that were called on the way to it, outermost first."""
    containers: tuple[facts.Call, ...] = field(default=(), compare=False)
    """Constructions of the containers that it was found in, outermost first."""


def asked(program: Program, endings: list[Ending]) -> tuple[Ending, ...]:
    """The endings, each model replaced by what its networks end in; nothing where one of these is not known."""
    found: list[Ending] = []
    for ending in endings:
        known = [ending] if ending.op != "model" else _of_model(program, ending)
        if not known:
            return ()
        found += known
    return tuple(dict.fromkeys(found))


def _of_model(program: Program, ending: Ending) -> list[Ending]:
    """What all networks of a model agree on."""
    networks = [network for network in program.networks() if network.place == ending.place]
    found = {_last(network) for network in networks}
    last = found.pop() if len(found) == 1 else None
    return [replace(last, is_part=ending.is_part)] if last is not None else []


def _last(network: Network) -> Ending | None:
    """The operation that makes the one output of a network."""
    known = {layer.id: layer for layer in network.layers}
    here: Layer | None = known[network.outputs[0]] if len(network.outputs) == 1 else None
    while here is not None and here.op in KEEPING and len(here.inputs) == 1:
        here = known[here.inputs[0]]
    return _of_layer(here) if here is not None else None


def _of_layer(layer: Layer) -> Ending | None:
    held = (Held(layer.name.partition(".")[0], None),) if layer.name else ()
    if layer.op == "activation":
        return Ending(layer.place, layer.op, layer.activation, _is_default(layer), attributes=held)
    if layer.op == "softmax":
        kind = losses.SOFTMAXES.get(layer.kind)
        return Ending(layer.place, layer.op, kind, attributes=held) if kind is not None else None
    is_raw = layer.op in RAW and layer.kind not in framework.FUNCTIONS
    return Ending(layer.place, layer.op, attributes=held) if is_raw else None


def _is_default(layer: Layer) -> bool:
    return all(layer.options.get(name, default) == default for name, default in _defaults(layer))


def _defaults(layer: Layer) -> Iterator[tuple[str, object]]:
    spec = framework.LAYERS.get(layer.kind) or framework.FUNCTIONS.get(layer.kind)
    for name, argument in spec.options.items() if spec is not None else ():
        yield name, spec.signature.get(argument) if spec is not None else None
