"""What a loop, a splat or an unpacking gets out of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.network.layout import Drop, Same
from initlint.tracing import layouts, structures, tensors
from initlint.tracing.derived import container_base, held
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import (
    ContainerValue,
    DictValue,
    Instance,
    ListValue,
    Many,
    Row,
    ShapeOf,
    Signal,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

LONGEST = 1_024
"""Items of a `range` that are unrolled; a longer one counts as unknown."""


def items(tracer: Tracer, value: Value) -> list[Value] | None:
    """The items of an iterable in order, a `Many` among them where some may be missing; `None` if nothing is known."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, ListValue):
        rest = [Many((Unknown("an unknown item"),))] if value.is_open else []
        return [*value.items, *rest]
    if isinstance(value, DictValue):
        return None if value.is_open else list(value.items)
    if isinstance(value, ContainerValue):
        inside = list(value.items) if value.kind == "dict" else list(value.items.values())
        return [*inside, *([Many((Unknown("an unknown layer"),))] if value.is_open else [])]
    if isinstance(value, Instance) and container_base(value.cls) is not None:
        return items(tracer, held(value))
    if isinstance(value, Instance) and not value.cls.is_module:
        from initlint.tracing import protocols

        return protocols.items(tracer, value)
    if isinstance(value, Row):
        return list(value.numbers)
    if isinstance(value, NamespaceValue):
        return list(value.attributes.values()) if value.is_sequence else None
    if isinstance(value, range):
        return list(value) if len(value) <= LONGEST else None
    if isinstance(value, str):
        return list(value)
    if isinstance(value, TensorValue):
        return [Many((tensors.load_item(value, Unknown("an index")),))]
    if isinstance(value, Signal) and value.node < len(tracer.record.layers):
        is_cut = tracer.record.layers[value.node].kind in framework.SPLITS
        return [Many((_pieces(tracer, value, 1)[0],))] if is_cut else structures.items(tracer, value)
    return None


def _pieces(tracer: Tracer, value: Signal, count: int) -> list[Value]:
    """What a signal is cut into, or what lies along its first axis."""
    cut = tracer.record.layers[value.node]
    options = {"layout": Same() if cut.kind in framework.SPLITS else Drop((0,))}
    return [tracer.add_layer("reshape", "unpack", cut.place, (value,), options=options) for _ in range(count)]


def unpack(tracer: Tracer, value: Value, count: int) -> list[Value] | None:
    """The items that a target of `count` names gets; `None` if they are not known."""
    if isinstance(value, Signal):
        return _pieces(tracer, value, count)
    if isinstance(value, ShapeOf):
        return layouts.sizes(tracer, value.signal, count)
    if isinstance(value, TensorValue) and value.shape is not None and len(value.shape) == count:
        return None
    found = items(tracer, value)
    if found is None or any(isinstance(item, Many) for item in found):
        return None
    return found
