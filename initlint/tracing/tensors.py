"""Tensors that are no signals: read, and above all written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks.torch.attributes import TENSOR_NAMES
from initlint.network import LateInit, Parameter, RecomputedInit, Shape, Write
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS
from initlint.signal.size import Size
from initlint.tracing.tensor_shapes import moved, shape_value
from initlint.tracing.values import Method, Row, Scope, TensorValue, Turn, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def as_number(value: Value) -> int | float | Size | None:
    """A width: the number, or the symbol of one that is not known; `None` for what is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Size)):
        return value
    return Size.symbol(f"?{id(value):x}") if isinstance(value, Unknown) else None


def load(tracer: Tracer, owner: TensorValue, name: str, place: Place) -> Value:
    """``tensor.name``."""
    if name == "data":
        return alias(owner, owner.shape)
    if name == "T":
        return alias(owner, moved(owner.shape, "permute", ()))
    if name == "mT":
        return alias(owner, moved(owner.shape, "transpose", (-2, -1)))
    if name == "shape":
        return Unknown("a shape that is not known", place) if owner.shape is None else shape_value(owner.shape)
    if name == "ndim":
        return Unknown("a shape that is not known", place) if owner.shape is None else len(owner.shape)
    if name == "device" and owner.device is not None:
        return owner.device
    if has_mark(tracer, owner, name):
        return tracer.marks[id(owner.parameter)][name]
    if name in ("grad", "dtype", "device", "is_cuda", "layout", "names", "grad_fn"):
        return Unknown(f"the {name} of a tensor", place)
    if name == "requires_grad":
        return True if owner.parameter is None else not owner.parameter.is_frozen
    return Method(owner, name)


def alias(owner: TensorValue, shape: Shape | None) -> TensorValue:
    if isinstance(owner, Turn):
        return replace(owner, shape=shape)
    return TensorValue(shape, owner.distribution, owner.parameter, owner.is_part, place=owner.place)


def load_item(owner: TensorValue, index: Value) -> TensorValue:
    """``tensor[index]``: some of its memory; all of it for ``[:]``."""
    if isinstance(owner, Turn):
        return replace(owner, shape=None)
    is_whole = index == slice(None)
    shape = owner.shape if is_whole else None
    if owner.shape and not is_whole and isinstance(index, (int, slice)):
        shape = owner.shape[1:] if isinstance(index, int) else (None, *owner.shape[1:])
    rows = 1 if isinstance(index, int) and owner.shape and not owner.is_part else None
    is_part = owner.is_part or not is_whole
    return TensorValue(shape, owner.distribution, owner.parameter, is_part, place=owner.place, rows=rows)


def buffered(value: Value) -> Value:
    """A tensor as a module keeps it that does not train it."""
    if isinstance(value, (Row, Turn)):
        return replace(value, parameter=None)
    return TensorValue(value.shape, law_of(value), place=value.place) if isinstance(value, TensorValue) else value


def part(owner: TensorValue) -> TensorValue:
    return TensorValue(None, owner.distribution, owner.parameter, True, place=owner.place)


def write(
    tracer: Tracer,
    target: TensorValue,
    initializer: str,
    law: Distribution | None,
    place: Place,
    scope: Scope,
    arguments: Mapping[str, object] | None = None,
) -> None:
    """Writes to a tensor's memory."""
    if target.parameter is None:
        return
    if tracer.marks.get(id(target.parameter), {}).get(RECOMPUTED):
        if not tracer.guards and tracer.heap.is_certain:
            tracer.record.observations.append(RecomputedInit(place, initializer, target.parameter.name or "weight"))
        return
    if target.parameter.role == LOADED:
        if is_drawn(initializer, law):
            _note_late_init(tracer, target.parameter, place)
        return
    made = Write(
        initializer,
        place,
        law,
        arguments or {},
        is_partial=target.is_part,
        function=scope.function_name,
        rows=target.rows,
    )
    tracer.heap.set_field(target.parameter, "writes", (*target.parameter.writes, made))


def is_drawn(initializer: str, law: Distribution | None) -> bool:
    """Whether a write puts new values in place of those before: a cast or a copy of them is none whose law is known."""
    return law is not None or initializer in INITIALIZERS


RECOMPUTED = "recomputed"
"""Mark of a weight that its layer computes anew before each forward pass: what is written to it is lost."""
LOADED = "loaded"
"""Role of a parameter of a model that came with its weights and was not traced."""


def loaded_tensor(name: str, loaded: Place) -> TensorValue:
    """A parameter called `name` of some layer of a model whose weights were loaded."""
    found = Parameter(name, LOADED, None, loaded)
    found.writes = (Write("loaded", loaded, None),)
    return TensorValue(None, None, found, is_trained=True, place=loaded)


def add_load(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    """Says that a parameter's values come from a file."""
    tracer.heap.set_field(parameter, "writes", (*parameter.writes, Write("loaded", place, None)))


def _note_late_init(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    """Puts on record, once for each model, that loaded weights are overwritten."""
    seen = tracer.record.observations
    if parameter.name == "weight" and not any(isinstance(o, LateInit) and o.loaded == parameter.place for o in seen):
        seen.append(LateInit(place, parameter.place, is_applied=False))


def store(tracer: Tracer, owner: TensorValue, name: str, value: Value, place: Place, scope: Scope) -> None:
    """``tensor.name = value``."""
    if name == "data":
        if not _is_same_memory(owner, value):
            write(tracer, owner, "data=", law_of(value), place, scope)
    elif name == "requires_grad" and owner.parameter is not None and isinstance(value, bool):
        tracer.heap.set_field(owner.parameter, "is_frozen", not value)
    elif owner.parameter is not None and not owner.is_part and name not in TENSOR_NAMES:
        mark(tracer, owner.parameter, name, value)


def has_mark(tracer: Tracer, owner: TensorValue, name: str) -> bool:
    """Whether the program has set an attribute on a parameter that no tensor has by itself."""
    return owner.parameter is not None and not owner.is_part and name in tracer.marks.get(id(owner.parameter), {})


def mark(tracer: Tracer, parameter: Parameter, name: str, value: Value) -> None:
    """Sets an attribute of a parameter that is none of a tensor's own."""
    tracer.heap.set(tracer.marks.setdefault(id(parameter), {}), name, value)


def _is_same_memory(owner: TensorValue, value: Value) -> bool:
    """Whether a tensor is given its own values back, as in ``p.data = p.data.contiguous()``."""
    if not isinstance(value, TensorValue) or value.is_part:
        return False
    return owner.parameter is not None and owner.parameter is value.parameter


def store_item(tracer: Tracer, owner: TensorValue, index: Value, value: Value, place: Place, scope: Scope) -> None:
    """``tensor[index] = value``."""
    write(tracer, load_item(owner, index), "[]=", law_of(value), place, scope)


def law_of(value: Value) -> Distribution | None:
    """What the entries of a value are drawn from."""
    if isinstance(value, TensorValue):
        return value.distribution if value.parameter is None else value.parameter.distribution
    if isinstance(value, (int, float, Size)):
        return Distribution.constant(value)
    return None


def replaced(tracer: Tracer, old: Value, value: TensorValue, place: Place, scope: Scope) -> TensorValue:
    """``layer.weight = value``: a new parameter takes the name and role of the one it replaces."""
    before, after = parameter(old), value.parameter
    if before is not None and after is not None and after.role == "raw":
        tracer.heap.set_field(after, "role", before.role)
        tracer.heap.set_field(after, "name", after.name or before.name)
    return value


def parameter(value: Value) -> Parameter | None:
    return value.parameter if isinstance(value, TensorValue) else None
