"""What a call did to a module, and how that is done again to another one.

A call that only wrote to its module's parameters, set plain attributes and put layers on record can be done again: its layers
are copied, with the other module's parameters in them and the other signals before them. What it read decides whether it would
go the same way: attributes, sizes and dtypes are read again and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from initlint.network import DiscardedInit, Layer, Observation, Parameter, TypeTest, VectorInit, Write
from initlint.tracing import dtypes, layouts, likeness, tensors
from initlint.tracing.heap import Branch
from initlint.tracing.joining import MISSING
from initlint.tracing.likeness import Survey
from initlint.tracing.values import ModuleValue, Signal, TensorValue, Value

if TYPE_CHECKING:
    from initlint.finding import Place
    from initlint.tracing.tracer import Tracer

Held = TypeVar("Held")
NEW = object()
"""Says that a call would go another way."""


@dataclass(frozen=True)
class Attribute:
    """An attribute that was read or asked for."""

    owner: ModuleValue
    name: str
    value: Value


@dataclass(frozen=True)
class Measure:
    """What was read of a signal: its size along an axis; of no axis, its dtype."""

    node: int
    axis: int | None
    value: Value


Read = Attribute | Measure


@dataclass
class Given:
    """What a call is given."""

    held: list[Value]
    """All of it, kept alive since some is known by identity."""
    signals: list[Signal] = field(default_factory=list)


@dataclass
class Deed:
    """What a call did to the module of a survey."""

    survey: Survey
    given: Given
    prefix: str
    """Path of the module."""
    start: int
    """The first layer put on record."""
    layers: list[Layer]
    owners: list[int | None]
    """Which module of the survey made each layer."""
    reads: list[Attribute]
    measures: list[Measure]
    observations: list[Observation]
    reasons: list[tuple[Place, str]]
    followed: list[int]
    """Modules of the survey whose `forward` was run."""
    result: Value
    writes: list[tuple[int, tuple[Write, ...]]] = field(default_factory=list)
    """What it added to those of parameters."""
    attributes: list[tuple[int, str, Value]] = field(default_factory=list)
    """What it set on modules."""
    marks: list[tuple[int, str, Value]] = field(default_factory=list)
    """What it set on parameters."""


# ------------------------------------------------------------------------------------------------------------- watching


def watched(tracer: Tracer, survey: Survey, given: Given, run: Callable[[], Value]) -> tuple[Deed | None, Value]:
    """What a call did, and its result; no deed if it did what cannot be done again."""
    record, repeats = tracer.record, tracer.repeats
    before, layers = _state(tracer, given), record.layers
    starts = len(layers), len(record.observations), len(record.reasons)
    with repeats.reading() as reads, tracer.heap.watching() as branch:
        result = run()
    if before != _state(tracer, given) or record.layers is not layers or not _is_mappable(survey, result):
        return None, result
    start, seen, reasons = starts
    deed = Deed(
        survey,
        given,
        tracer.name_of(survey.modules[0]),
        start,
        [_copied(layer) for layer in layers[start:]],
        [_owner(tracer, survey, layer) for layer in layers[start:]],
        _first_reads([*_overwritten(survey, branch), *reads]),
        [each for each in reads if isinstance(each, Measure)],
        record.observations[seen:],
        record.reasons[reasons:],
        [index for index, module in enumerate(survey.modules) if id(module) in record.followed],
        result,
    )
    is_known = all(isinstance(each, (TypeTest, DiscardedInit, VectorInit)) for each in deed.observations)
    return (deed if is_known and _note_changes(tracer, deed, branch) else None), result


def _state(tracer: Tracer, given: Given) -> tuple[object, ...]:
    """What a call leaves as it is that can be done again."""
    record = tracer.record
    inputs = [record.layers[signal.node] for signal in given.signals]
    applied = sum(map(len, tracer.applied.values()))
    lasting = len(record.parameters), len(record.made), record.fails, len(tracer.loaded), applied, len(tracer.shells)
    return *lasting, *((layer.bias, layer.reason) for layer in inputs)


def _copied(layer: Layer) -> Layer:
    """As it is now: operations that come later may still put a bias into it."""
    fields = dict(vars(layer))
    return Layer(**{**fields, "options": dict(layer.options)})


def _owner(tracer: Tracer, survey: Survey, layer: Layer) -> int | None:
    owner = tracer.layer_owner.get(layer.id)
    return None if owner is None else survey.places.get(id(getattr(owner, "attributes", None)))


def _overwritten(survey: Survey, branch: Branch) -> Iterator[Attribute]:
    """What attributes were before they were set: where that may not happen, both values count."""
    modules = {id(module.attributes): module for module in survey.modules}
    for target, name, old, _ in branch.changes():
        if id(target) in modules:
            yield Attribute(modules[id(target)], str(name), old)


def _first_reads(reads: Sequence[Read]) -> list[Attribute]:
    """What is read later may be what the call itself set."""
    found: dict[tuple[int, str], Attribute] = {}
    for each in reads:
        if isinstance(each, Attribute):
            found.setdefault((id(each.owner), each.name), each)
    return list(found.values())


def _is_mappable(survey: Survey, value: Value) -> bool:
    """Whether it is clear what a result is for another module."""
    if isinstance(value, tuple):
        return all(_is_mappable(survey, each) for each in value)
    if isinstance(value, TensorValue):
        return value.parameter is None
    return isinstance(value, Signal) or id(value) in survey.places or likeness.is_plain(value)


def _note_changes(tracer: Tracer, deed: Deed, branch: Branch) -> bool:
    """Keeps what a call changed in its module; False if it changed more."""
    places = deed.survey.places
    marks = {id(tracer.marks.get(id(each))): index for index, each in enumerate(deed.survey.parameters)}
    for target, key, old, new in branch.changes():
        is_writes = isinstance(target, Parameter) and key == "writes" and id(target) in places
        if is_writes and isinstance(old, tuple) and isinstance(new, tuple):
            if new[: len(old)] != old:
                return False
            deed.writes.append((places[id(target)], new[len(old) :]))
        elif isinstance(target, dict) and likeness.is_plain(new) and id(target) in places:
            deed.attributes.append((places[id(target)], str(key), new))
        elif isinstance(target, dict) and likeness.is_plain(new) and id(target) in marks:
            deed.marks.append((marks[id(target)], str(key), new))
        elif new is not old:
            return False
    return True


# --------------------------------------------------------------------------------------------------------- doing it again


@dataclass
class _Other:
    """The module and the signals that a call is done to again."""

    deed: Deed
    survey: Survey
    nodes: dict[int, int]
    """Which signal takes the place of each that was given."""
    start: int

    def node(self, node: int) -> int:
        return node - self.deed.start + self.start if node >= self.deed.start else self.nodes.get(node, node)

    def parameter(self, parameter: Parameter | None) -> Parameter | None:
        index = self.deed.survey.places.get(id(parameter))
        return parameter if index is None else self.survey.parameters[index]

    def module(self, value: Held) -> Held | ModuleValue:
        index = self.deed.survey.places.get(id(value))
        return value if index is None else self.survey.modules[index]


def again(tracer: Tracer, deed: Deed, survey: Survey, signals: Sequence[Signal]) -> Value:
    """Does to another module what a call did, and gives its result; `NEW` if the call would go another way."""
    nodes = {old.node: new.node for old, new in zip(deed.given.signals, signals, strict=True)}
    other = _Other(deed, survey, nodes, len(tracer.record.layers))
    reads = [_read_again(other, each) for each in deed.reads]
    if not all(_is_alike(other, one.value, two.value) for one, two in zip(deed.reads, reads, strict=True)):
        return NEW
    _add_layers(tracer, other)
    measures = [_measured_again(tracer, other, each) for each in deed.measures]
    if not all(_is_alike(other, one.value, two.value) for one, two in zip(deed.measures, measures, strict=True)):
        del tracer.record.layers[other.start :]
        return NEW
    if tracer.repeats.watching:
        tracer.repeats.reads += [*reads, *measures]
    _change(tracer, other)
    return _mapped(other, deed.result)


def _read_again(other: _Other, read: Attribute) -> Attribute:
    owner = other.module(read.owner)
    return Attribute(owner, read.name, owner.attributes.get(read.name, MISSING))


def _measured_again(tracer: Tracer, other: _Other, read: Measure) -> Measure:
    node = other.node(read.node)
    if read.axis is None:
        return Measure(node, None, dtypes.of_signal(tracer, Signal(node)))
    return Measure(node, read.axis, layouts.measured(tracer.record.layers, node, read.axis))


def _is_alike(other: _Other, one: Value, two: Value) -> bool:
    """Whether a value is to another module what `one` was to the first."""
    if one is two:
        return id(one) not in other.deed.survey.places or other.survey is other.deed.survey
    if id(one) in other.deed.survey.places:
        return other.deed.survey.places[id(one)] == other.survey.places.get(id(two))
    if isinstance(one, TensorValue) and isinstance(two, TensorValue):
        return other.parameter(one.parameter) is two.parameter and one.place is two.place
    if isinstance(one, tuple) and isinstance(two, tuple) and len(one) == len(two):
        return all(_is_alike(other, left, right) for left, right in zip(one, two, strict=True))
    return likeness.is_plain(one) and likeness.mark(one) == likeness.mark(two)


def _add_layers(tracer: Tracer, other: _Other) -> None:
    prefix = tracer.name_of(other.survey.modules[0])
    for layer, owner in zip(other.deed.layers, other.deed.owners, strict=True):
        tracer.step()
        made = _copied(layer)
        made.id = len(tracer.record.layers)
        made.inputs = tuple(map(other.node, layer.inputs))
        made.weight, made.bias = other.parameter(layer.weight), other.parameter(layer.bias)
        made.parameters = tuple(each for owned in layer.parameters if (each := other.parameter(owned)) is not None)
        made.name = _renamed(layer.name, other.deed.prefix, prefix)
        tracer.record.layers.append(made)
        if owner is not None:
            tracer.layer_owner[made.id] = other.survey.modules[owner]


def _renamed(name: str, old: str, new: str) -> str:
    is_inside = old and (name == old or name.startswith(f"{old}."))
    return f"{new}{name[len(old) :]}" if is_inside else name


def _change(tracer: Tracer, other: _Other) -> None:
    """Writes what the call wrote, and records what it recorded."""
    deed, survey, heap = other.deed, other.survey, tracer.heap
    for index, added in deed.writes:
        parameter = survey.parameters[index]
        heap.set_field(parameter, "writes", (*parameter.writes, *added))
    for index, name, value in deed.attributes:
        heap.set(survey.modules[index].attributes, name, value)
    for index, name, value in deed.marks:
        tensors.mark(tracer, survey.parameters[index], name, value)
    tracer.record.observations += deed.observations
    tracer.record.reasons += deed.reasons
    tracer.record.followed.update(id(survey.modules[index]) for index in deed.followed)


def _mapped(other: _Other, value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(_mapped(other, each) for each in value)
    return Signal(other.node(value.node)) if isinstance(value, Signal) else other.module(value)
