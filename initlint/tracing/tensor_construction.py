"""Tensors that are made, by constructors or as parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Parameter, Shape, Write
from initlint.signal.distribution import Distribution
from initlint.signal.size import Size
from initlint.tracing import rows, tensors
from initlint.tracing.values import (
    Device,
    ListValue,
    Row,
    Scope,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


LAWS: dict[str, Distribution | None] = {
    "zeros": Distribution.constant(0),
    "ones": Distribution.constant(1),
    "randn": Distribution.normal(0, 1),
    "rand": Distribution.uniform(0, 1),
    "zeros_like": Distribution.constant(0),
    "ones_like": Distribution.constant(1),
    "randn_like": Distribution.normal(0, 1),
    "rand_like": Distribution.uniform(0, 1),
    "eye": Distribution.identity(1),
    "full": None,
    "full_like": None,
    "tensor": None,
    "as_tensor": None,
    "from_numpy": None,
    "arange": None,
    "linspace": None,
    "normal": None,
    "randint": None,
    "randperm": None,
    "scalar_tensor": None,
}
"""Tensor constructors under ``torch.`` and what their entries are drawn from."""


def construct(
    tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place, scope: Scope
) -> TensorValue | None:
    """What ``torch.<name>(...)`` makes, if it makes a tensor out of no tensor."""
    is_empty = name in framework.UNINITIALISED
    if not is_empty and name not in LAWS:
        return None
    shape = _constructed_shape(name, arguments, keywords)
    is_filled = bool(arguments) and name.endswith("Tensor") and not _are_surely_sizes(arguments)
    law = _constructed_law(name, arguments, keywords)
    made = Parameter("", "tensor", None if is_filled else shape, place)
    writer = "unknown" if is_filled else "empty" if is_empty else name
    made.writes = (Write(writer, place, law, {}, function=scope.function_name),)
    tracer.heap.born(made)
    numbers = rows.made(name, arguments, keywords)
    if numbers:
        made.shape = (len(numbers),)
        return Row((len(numbers),), None, made, place=place, numbers=numbers)
    device = keywords.get("device")
    where = device if isinstance(device, Device) else tracer.default_device if device is None else None
    return TensorValue(made.shape, law, made, place=place, device=where)


def _constructed_law(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Distribution | None:
    if name in ("full", "full_like"):
        value = arguments[1] if len(arguments) > 1 else keywords.get("fill_value")
        return Distribution.constant(value) if isinstance(value, (int, float, Size)) else None
    if name == "normal":
        return _normal_law(arguments, keywords)
    if name in ("tensor", "as_tensor", "scalar_tensor") and arguments and isinstance(arguments[0], (int, float)):
        return Distribution.constant(arguments[0])
    return LAWS.get(name)


def _normal_law(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Distribution | None:
    given = [*arguments[:2], *(keywords.get(key, 0) for key in ("mean", "std")[len(arguments) :])]
    mean, std = ([*given, 1.0])[:2]
    if isinstance(mean, (int, float, Size)) and isinstance(std, (int, float, Size)):
        return Distribution.normal(mean, std)
    return None


def _are_sizes(arguments: Sequence[Value]) -> bool:
    return all(isinstance(value, (int, Size, Unknown)) and not isinstance(value, bool) for value in arguments)


def _are_surely_sizes(arguments: Sequence[Value]) -> bool:
    """Whether ``torch.Tensor(...)`` gets sizes: one argument that is not known may as well be the values."""
    return _are_sizes(arguments) and (len(arguments) > 1 or isinstance(arguments[0], int))


def _constructed_shape(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Shape | None:
    if name in ("tensor", "as_tensor", "scalar_tensor"):
        return () if arguments and isinstance(arguments[0], (int, float)) else None
    if name.endswith("_like"):
        return arguments[0].shape if arguments and isinstance(arguments[0], TensorValue) else None
    if name == "normal":
        sizes = [keywords.get("size", arguments[2] if len(arguments) > 2 else None)]
    else:
        sizes = list(arguments) or [keywords.get("size")]
    if name == "full":
        sizes = sizes[:1]
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, ListValue)):
        sizes = list(sizes[0] if isinstance(sizes[0], tuple) else sizes[0].items)
    if name == "eye":
        sizes = (sizes * 2)[:2]
    if not sizes or not _are_sizes(sizes):
        return None
    return tuple(tensors.as_number(size) for size in sizes)


def make_parameter(tracer: Tracer, value: Value, place: Place, is_trained: bool = True) -> Value:
    """``nn.Parameter(value)``."""
    if not isinstance(value, TensorValue):
        found = Parameter("", "raw", None, place)
        found.writes = (Write("unknown", place, None),)
    elif value.parameter is not None and not value.is_part and not value.is_trained:
        found = value.parameter
        tracer.heap.set_field(found, "role", "raw")
    else:
        found = Parameter("", "raw", value.shape, place)
        law = value.distribution if value.parameter is None else value.parameter.distribution
        found.writes = (Write("tensor", place, law),)
    found.place = place
    found.is_frozen = not is_trained
    tracer.heap.born(found)
    tracer.record.parameters.append(found)
    return TensorValue(found.shape, None, found, is_trained=True, place=place)
