"""From what was seen while a model ran to the rows of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.tables import LayerSpec
from initlint.network.measurement import Gradient
from initlint.probe.operations import UNKNOWN
from initlint.probe.origins import Origins
from initlint.probe.passes.precision import update_ratio
from initlint.probe.passes.symmetry import symmetry
from initlint.probe.recorder import Event, Recorder
from initlint.probe.recording import ParameterRow, Row
from initlint.probe.statistics import Collector, Resolved, statistics_of
from initlint.probe.weights import Weights


def rows(recorder: Recorder, resolved: Resolved, origins: Origins) -> tuple[Row, ...]:
    """A row for each recorded operation, in the order in which they ran."""
    return tuple(_row(number, event, resolved, origins) for number, event in enumerate(recorder.events))


def _row(number: int, event: Event, resolved: Resolved, origins: Origins) -> Row:
    what, use = event.operation, event.use
    spec = layer_spec(type(event.owner)) if event.owner is not None else None
    is_module = spec is not None and spec.op == what.op
    built = origins.of_module(event.owner)
    return Row(
        id=number,
        name=event.name,
        op="linear" if use.is_linear else what.op if what.op != UNKNOWN else "unknown",
        kind=_kind(event, is_module),
        is_module=is_module,
        call=event.call,
        inputs=event.inputs,
        built=built.place() if built is not None else None,
        called=event.spot.place() if event.spot is not None else None,
        activation=what.activation if what.op == "activation" else "",
        options=event.options,
        weight=use.weight,
        bias=use.bias,
        parameters=use.parameters,
        fan_in=use.fan_in,
        fan_out=use.fan_out,
        output=resolved.signal(event.signal),
        gradient=resolved.gradient(event.gradient) if event.gradient is not None else None,
        is_observable=event.is_observable,
        logits=statistics_of(event.logits) if event.logits is not None else None,
    )


def _kind(event: Event, is_module: bool) -> str:
    return type_before_parametrizations(event.owner).__name__ if is_module and event.owner else event.operation.name


def layer_spec(kind: type[nn.Module]) -> LayerSpec | None:
    """What the tables say of the class, or of the nearest of its bases that they know."""
    for base in kind.__mro__:
        spec = framework.layer_spec(framework.canonical(f"{base.__module__}.{base.__qualname__}"))
        if spec is not None:
            return spec
    return None


# --------------------------------------------------------------------------------------------------------- parameters


def parameter_rows(
    model: nn.Module, weights: Weights, origins: Origins, batch: int, optimizer: str, learning_rate: float
) -> tuple[ParameterRow, ...]:
    """A row for each parameter of the model, and for each other weight that its forward pass used."""
    gradients = _gradients(weights, batch)
    owners = dict(model.named_modules(remove_duplicate=False))

    def row(name: str, tensor: Tensor) -> ParameterRow:
        owner = owners.get(name.rpartition(".")[0])
        return _parameter_row(name, tensor, owner, weights, origins, gradients.get(name), (optimizer, learning_rate))

    return tuple(row(name, tensor) for name, tensor in _all_tensors(weights))


def _all_tensors(weights: Weights) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in (*weights.registered.items(), *weights.others.items()):
        if not isinstance(tensor, nn.parameter.UninitializedParameter) and tensor.numel():
            yield name, tensor


def _gradients(weights: Weights, batch: int) -> Mapping[str, Gradient]:
    collector = Collector(batch)
    handles = {
        name: collector.take_gradient(tensor.grad.to_dense() if tensor.grad.is_sparse else tensor.grad)
        for name, tensor in _all_tensors(weights)
        if tensor.is_leaf and tensor.grad is not None
    }
    resolved = collector.resolve()
    return {name: resolved.gradient(handle) for name, handle in handles.items()}


def _parameter_row(
    name: str,
    tensor: Tensor,
    owner: nn.Module | None,
    weights: Weights,
    origins: Origins,
    gradient: Gradient | None,
    optimizer: tuple[str, float],
) -> ParameterRow:
    values = tensor.detach()
    role = role_of(name, tensor, owner)
    has_units = role in ("weight", "recurrent", "raw") and values.dim() >= 2
    twins = symmetry(name, tensor, owner) if has_units else None
    return ParameterRow(
        name=name,
        aliases=tuple(weights.aliases.get(name, ())),
        role=role,
        owner=type(owner).__name__ if owner is not None else "",
        values=statistics_of(values),
        constant=_constant(values),
        is_trained=tensor.requires_grad,
        is_registered=name in weights.registered or not tensor.is_leaf,
        is_computed=name in weights.others and not tensor.is_leaf,
        gradient=gradient,
        built=_built(tensor, owner, origins),
        writes=origins.writes(tensor),
        twin_units=twins.weights if twins is not None else None,
        twin_gradients=twins.both if twins is not None else None,
        update_ratio=_update_ratio(tensor, optimizer),
    )


def _built(tensor: Tensor, owner: nn.Module | None, origins: Origins) -> Place | None:
    spot = origins.of_parameter(tensor) or origins.of_module(owner)
    return spot.place() if spot is not None else None


def _constant(values: Tensor) -> float | None:
    """The one value of all entries: by comparison, since a spread computed in floating point is rarely 0."""
    first, row = values[(0,) * values.dim()], values[:1] if values.dim() else values
    if values.is_complex() or not all(bool((part == first).all()) for part in (row, values)):  # a row mostly decides
        return None
    return float(first)


def _update_ratio(tensor: Tensor, optimizer: tuple[str, float]) -> float | None:
    if not tensor.is_leaf or tensor.grad is None or tensor.grad.is_sparse or tensor.is_complex():
        return None
    return update_ratio(tensor, tensor.grad, *optimizer)


def role_of(name: str, tensor: Tensor, owner: nn.Module | None) -> str:
    """What a parameter is for, as `initlint.network.Parameter.role`."""
    last = name.rpartition(".")[2].partition("#")[0]
    spec = layer_spec(type(owner)) if owner is not None else None
    if last.startswith("bias") or last.endswith("bias"):
        return "bias"
    if spec is None:
        return "raw"
    for test, role in _ROLES:
        if test(spec.op, last):
            return role
    return "weight" if tensor.dim() >= 2 else "scale"


_ROLES: tuple[tuple[Callable[[str, str], bool], str], ...] = (
    (lambda op, last: op in ("norm", "activation"), "scale"),
    (lambda op, last: op == "embedding", "embedding"),
    (lambda op, last: op == "recurrent" and last.startswith("weight_hh"), "recurrent"),
)
