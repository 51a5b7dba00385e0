"""Initialisers, called on a tensor or asked what they would draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import DiscardedInit, Shape, VectorInit
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, fans
from initlint.signal.size import Size
from initlint.tracing.tensor_shapes import shape_value
from initlint.tracing.tensors import write
from initlint.tracing.values import (
    ContainerValue,
    Instance,
    LayerValue,
    Scope,
    TensorValue,
    Unknown,
    Value,
    describe,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def initialise(
    tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place, scope: Scope
) -> Value:
    """``nn.init.<name>(tensor, ...)``."""
    target = arguments[0] if arguments else keywords.get("tensor")
    rest = list(arguments[1:])
    options = {key: value for key, value in keywords.items() if key not in ("tensor", "generator")}
    if isinstance(target, (LayerValue, Instance, ContainerValue)):
        if is_module(target) and not tracer.guards and tracer.heap.is_certain:
            tracer.record.observations.append(DiscardedInit(place, name, describe(target)))
    elif isinstance(target, TensorValue):
        if name in framework.NEEDS_FANS and target.shape is not None and len(target.shape) < 2:
            if not tracer.guards and tracer.heap.is_certain:
                owner = target.parameter.name if target.parameter is not None else ""
                tracer.record.observations.append(VectorInit(place, name, owner, target.shape))
            return target
        law = law_of_initializer(name, target.shape, rest, options)
        write(tracer, target, name, law, place, scope, named_arguments(name, rest, options))
    return target


def law_of_initializer(
    name: str, shape: Shape | None, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Distribution | None:
    """What an initialiser of ``torch.nn.init`` draws; `None` where an argument is not known."""
    function = INITIALIZERS.get(name)
    if function is None:
        return None
    plain = [as_argument(value) for value in arguments]
    named = {key: as_argument(value) for key, value in keywords.items()}
    if any(isinstance(value, Unknown) for value in (*plain, *named.values())):
        return None
    try:
        found = function(shape if shape is not None else (None, None), *plain, **named)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return None if found.mean is None and found.variance is None else found


def fans_of(value: Value) -> Value:
    """The fan in and the fan out of a tensor, as an initialiser written by hand asks for them."""
    if not isinstance(value, TensorValue) or value.shape is None or len(value.shape) < 2:
        return Unknown("the fans of a tensor whose shape is not known")
    return shape_value(fans(value.shape))


def as_argument(value: Value) -> Value:
    """An argument as the theory takes it: plain numbers, strings and symbols."""
    return value if value is None or isinstance(value, (int, float, str, Size)) else Unknown("no number")


SIGNATURES: dict[str, tuple[str, ...]] = {
    "uniform_": ("a", "b"),
    "normal_": ("mean", "std"),
    "trunc_normal_": ("mean", "std", "a", "b"),
    "constant_": ("val",),
    "xavier_uniform_": ("gain",),
    "xavier_normal_": ("gain",),
    "kaiming_uniform_": ("a", "mode", "nonlinearity"),
    "kaiming_normal_": ("a", "mode", "nonlinearity"),
    "orthogonal_": ("gain",),
    "sparse_": ("sparsity", "std"),
    "dirac_": ("groups",),
}


def named_arguments(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, object]:
    """The arguments of an initialiser by name."""
    return {**dict(zip(SIGNATURES.get(name, ()), arguments)), **keywords}  # noqa: B905
