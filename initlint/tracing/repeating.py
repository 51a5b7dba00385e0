"""Calls on modules that are alike, run once: deep networks are many equal blocks.

An init function runs on each block, and so does `forward`. The first time, the call is watched; where a module that is alike
is given to it, and all that it read would be read again, what it did is done again: see `initlint.tracing.deeds`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.network import Layer
from initlint.tracing import deeds, likeness
from initlint.tracing.deeds import Attribute, Deed, Measure, Read
from initlint.tracing.likeness import Survey
from initlint.tracing.values import (
    BoundMethod,
    FunctionValue,
    Instance,
    LayerValue,
    ModuleValue,
    Signal,
    TensorValue,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

LEAST_MODULES = 3
"""Of one class, before calls on them are watched: where there are fewer, hardly a call comes again."""
LEAST_STEPS, STEPS_PER_MODULE = 25, 3
"""What a call has to take to be worth it, and what comparing two modules takes for each module in them, about."""
MOST_IN_VAIN = 6
"""Calls of one function on modules of one class that were watched in a row, and none was done again."""
MOST_KNOWN = 4
"""Ways kept that one call can go, as what it reads differs."""
DEPTH = 3
"""Operations that a function is taken to look back at, from a signal that it is given."""


@dataclass
class Repeats:
    """What is known of the calls of one root."""

    known: dict[Hashable, list[Deed]] = field(default_factory=dict)
    in_vain: Counter[Hashable] = field(default_factory=Counter)
    """How often calls of a function on modules of a class were watched, since one was done again."""
    made: Counter[Hashable] = field(default_factory=Counter)
    """How many modules of a class were made."""
    reads: list[Read] = field(default_factory=list)
    """What was read since the outermost call that is watched began."""
    watching: int = 0
    """Calls inside each other that are watched."""

    @contextmanager
    def reading(self) -> Iterator[list[Read]]:
        """Gathers what is read, once it is over."""
        start, found = len(self.reads), list[Read]()
        self.watching += 1
        try:
            yield found
        finally:
            self.watching -= 1
            found += self.reads[start:]
            if not self.watching:
                self.reads.clear()

    def note_made(self, module: ModuleValue) -> None:
        self.made[_kind(module)] += 1

    def note_read(self, owner: ModuleValue, name: str, value: Value) -> None:
        if self.watching:
            self.reads.append(Attribute(owner, name, value))

    def note_measure(self, signal: Signal, axis: int | None, value: Value) -> None:
        if self.watching:
            self.reads.append(Measure(signal.node, axis, value))


def once(
    tracer: Tracer,
    function: FunctionValue,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    run: Callable[[], Value],
) -> Value:
    """The result of a call, which `run` runs unless it was run before on a module that is alike."""
    repeats, subject = tracer.repeats, _subject(tracer, function, arguments)
    kind = None if subject is None else (id(function.node), _kind(subject))
    if subject is None or repeats.in_vain[kind] >= MOST_IN_VAIN:
        return run()
    survey, given = likeness.survey(tracer, subject), deeds.Given([function, *arguments, *keywords.values()])
    key = None if survey is None else _key(tracer, function, survey, given, arguments, keywords)
    if survey is None or key is None:
        repeats.in_vain[kind] += 1
        return run()
    known = repeats.known.setdefault(key, [])
    for deed in known:
        result = deeds.again(tracer, deed, survey, given.signals)
        if result is not deeds.NEW:
            repeats.in_vain[kind] = 0
            return result
    steps = tracer.steps
    done, result = deeds.watched(tracer, survey, given, run)
    is_worth_it = tracer.steps - steps >= LEAST_STEPS + STEPS_PER_MODULE * len(survey.modules)
    repeats.in_vain[kind] += 1 if is_worth_it else 2
    if done is not None and is_worth_it and len(known) < MOST_KNOWN:
        known.append(done)
    return result


def _subject(tracer: Tracer, function: FunctionValue, arguments: Sequence[Value]) -> ModuleValue | None:
    """The module that a call is about: the one it is given, else the one whose method runs."""
    found = [each for each in arguments if isinstance(each, (Instance, LayerValue))]
    if len(found) > 1 and function.defining is not None and found[0] is arguments[0]:
        found = [each for each in found[1:] if each is not found[0]]
    if len(found) != 1 or tracer.repeats.made[_kind(found[0])] < LEAST_MODULES:
        return None
    subject = found[0]
    return subject if not isinstance(subject, Instance) or tracer.is_constructed(subject) else None


def _kind(module: ModuleValue) -> Hashable:
    return id(module.cls.node) if isinstance(module, Instance) else module.type_name


# ----------------------------------------------------------------------------------------------------- which call it is


def _key(
    tracer: Tracer,
    function: FunctionValue,
    survey: Survey,
    given: deeds.Given,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
) -> Hashable | None:
    """Equal for calls that go the same way, if they read the same; `None` if that cannot be said."""
    try:
        marks = [_mark(tracer, survey, given, value) for value in arguments]
        named = [(name, _mark(tracer, survey, given, value)) for name, value in keywords.items()]
    except likeness.UnlikeError:
        return None
    return id(function.node), id(function.scope), survey.key, tuple(marks), tuple(named), _circumstances(tracer)


def _circumstances(tracer: Tracer) -> Hashable:
    """What holds while a call runs, whatever it is given."""
    is_sure = tracer.heap.is_certain, tracer.guards > 0, tracer.repeated > 0
    building = tuple(map(id, tracer.constructing))
    return tracer.kept.changes, len(tracer.patches), tracer.default_device, tracer.default_dtype, building, is_sure


def _mark(tracer: Tracer, survey: Survey, given: deeds.Given, value: Value) -> Hashable:
    """What an argument is compared by."""
    if isinstance(value, Signal):
        given.signals.append(value)
        first = next(index for index, each in enumerate(given.signals) if each.node == value.node)
        return Signal, first, _history(tracer.record.layers, value.node, DEPTH)
    if isinstance(value, tuple):
        return tuple(_mark(tracer, survey, given, each) for each in value)
    if id(value) in survey.places:
        return Survey, survey.places[id(value)]
    if isinstance(value, BoundMethod):
        return id(value.function.node), id(value.function.scope), _mark(tracer, survey, given, value.receiver)
    if isinstance(value, FunctionValue):
        return id(value.node), id(value.scope)
    if likeness.is_plain(value) or isinstance(value, (TensorValue, Instance)):
        return likeness.mark(value)
    raise likeness.UnlikeError


def _history(layers: Sequence[Layer], node: int, depth: int) -> Hashable:
    """The operations that a signal comes from, as far as functions look back."""
    layer = layers[node]
    shape = layer.weight.shape if layer.weight is not None else None
    own = (id(layer.place), layer.op, layer.kind, layer.activation, layer.bias is None, shape)
    return (own, tuple(_history(layers, each, depth - 1) for each in layer.inputs)) if depth else own
