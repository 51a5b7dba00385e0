"""Deep copies of modules and of what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.network import Parameter
from initlint.tracing.values import (
    ContainerValue,
    DictValue,
    Either,
    Instance,
    LayerValue,
    ListValue,
    Many,
    TensorValue,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def deep_copy(tracer: Tracer, value: Value, memo: dict[int, Value] | None = None) -> Value:
    """``copy.deepcopy``: the same modules again, with parameters of their own that hold the same values."""
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        made = _copy_module(tracer, value, memo)
        tracer.heap.born(made, made.items if isinstance(made, ContainerValue) else made.attributes)
        return made
    if isinstance(value, TensorValue) and value.is_trained and value.parameter is not None:
        return _copy_tensor(tracer, value, value.parameter, memo)
    if isinstance(value, ListValue):
        copied = ListValue([deep_copy(tracer, item, memo) for item in value.items], value.is_open, value.place)
        tracer.heap.born(copied)
        return copied
    if isinstance(value, DictValue):
        return DictValue({key: deep_copy(tracer, item, memo) for key, item in value.items.items()}, value.is_open)
    if isinstance(value, Many):
        return Many(tuple(deep_copy(tracer, item, memo) for item in value.items))
    if isinstance(value, Either):
        return replace(value, values=tuple(deep_copy(tracer, item, memo) for item in value.values))
    if isinstance(value, tuple):
        return tuple(deep_copy(tracer, item, memo) for item in value)
    return value


def _copy_module(
    tracer: Tracer, value: Instance | LayerValue | ContainerValue, memo: dict[int, Value]
) -> Instance | LayerValue | ContainerValue:
    made: Instance | LayerValue | ContainerValue
    if isinstance(value, ContainerValue):
        made = ContainerValue(value.kind, value.place, {}, value.is_open, value.type_name)
    elif isinstance(value, LayerValue):
        made = LayerValue(value.name, value.spec, value.arguments, value.place)
    else:
        made = Instance(value.cls, value.place, {}, value.is_complete)
    memo[id(value)] = made
    source = value.items if isinstance(value, ContainerValue) else value.attributes
    target = made.items if isinstance(made, ContainerValue) else made.attributes
    for name, item in source.items():
        target[name] = deep_copy(tracer, item, memo)
    if isinstance(value, ContainerValue):
        made.attributes.update(value.attributes)
    return made


def _copy_tensor(tracer: Tracer, value: TensorValue, parameter: Parameter, memo: dict[int, Value]) -> TensorValue:
    copied = Parameter(parameter.name, parameter.role, parameter.shape, parameter.place)
    copied.writes, copied.is_frozen = parameter.writes, parameter.is_frozen
    tracer.heap.born(copied)
    tracer.record.parameters.append(copied)
    made = TensorValue(value.shape, value.distribution, copied, is_trained=True, place=value.place)
    memo[id(value)] = made
    return made
