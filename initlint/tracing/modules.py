"""What a module holds: its submodules, tensors and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import Parameter, Write
from initlint.tracing.values import (
    ContainerValue,
    Either,
    Instance,
    LayerValue,
    ListValue,
    Many,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def submodules(module: Value) -> Iterator[tuple[str, Value]]:
    """Names and values of the modules kept directly in a module; a `Many` for those that may be there."""
    shell = getattr(module, "container", None)
    if isinstance(shell, ContainerValue):
        yield from shell.items.items()
    if isinstance(module, ContainerValue):
        yield from module.items.items()
    elif isinstance(module, (Instance, LayerValue)):
        for name, value in module.attributes.items():
            if is_module(value) or (isinstance(value, Unknown) and value.loaded is not None):
                yield name, value
            elif isinstance(value, Either):
                yield name, Many(value.values)


def named_modules(module: Value) -> list[tuple[str, Value]]:
    """A module and all modules in it with their paths, as ``named_modules`` gives them."""
    found: list[tuple[str, Value]] = []
    _gather(module, "", set(), found)
    return found


def _gather(module: Value, path: str, seen: set[int], found: list[tuple[str, Value]]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    found.append((path, module))
    for name, inner in submodules(module):
        for each in alternatives(inner):
            if is_module(each):
                _gather(each, f"{path}.{name}" if path else name, seen, found)


def modules_of(tracer: Tracer, module: Value) -> list[Value]:
    """A module and all modules in it."""
    return [inner for _, inner in named_modules(module)]


def own_tensors(module: Value) -> Iterator[tuple[str, TensorValue]]:
    """Names and tensors of the parameters kept directly in a module."""
    if isinstance(module, (Instance, LayerValue)):
        for name, value in module.attributes.items():
            if isinstance(value, TensorValue) and value.is_trained:
                yield name, value
    elif isinstance(module, ContainerValue):
        for name, value in module.items.items():
            for each in alternatives(value):
                if isinstance(each, TensorValue) and each.is_trained:
                    yield name, each


def own_parameters(module: Value) -> list[Parameter]:
    """The parameters kept directly in a module."""
    return [tensor.parameter for _, tensor in own_tensors(module) if tensor.parameter is not None]


def named_tensors(module: Value) -> Iterator[tuple[str, TensorValue]]:
    """Every parameter of a module with its path, each once."""
    return tensors_in(named_modules(module))


def tensors_in(parts: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, TensorValue]]:
    """The parameters kept directly in modules with paths, each once with its own."""
    seen: set[int] = set()
    for path, inner in parts:
        for name, tensor in own_tensors(inner):
            if id(tensor.parameter) not in seen:
                seen.add(id(tensor.parameter))
                yield (f"{path}.{name}" if path else name), tensor


def parameters_of(tracer: Tracer, module: Value) -> list[Parameter]:
    """Every parameter of a module."""
    return parameters_in(named_modules(module))


def parameters_in(parts: Iterable[tuple[str, Value]]) -> list[Parameter]:
    """Every parameter kept directly in modules with paths."""
    return [tensor.parameter for _, tensor in tensors_in(parts) if tensor.parameter is not None]


def disturb(tracer: Tracer, value: Value, place: Place) -> None:
    """Says that something unknown may have written to a value: its parameters are unknown from here on."""
    if isinstance(value, TensorValue):
        if value.parameter is not None and value.parameter.role != "tensor":
            _overwrite(tracer, value.parameter, place)
    elif isinstance(value, (Instance, LayerValue, ContainerValue)):
        for parameter in parameters_of(tracer, value):
            _overwrite(tracer, parameter, place)
        if isinstance(value, Instance):
            tracer.heap.set_field(value, "is_complete", False)
    elif isinstance(value, (ListValue, Either)):
        for item in value.items if isinstance(value, ListValue) else value.values:
            disturb(tracer, item, place)


def _overwrite(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    tracer.heap.set_field(parameter, "writes", (*parameter.writes, Write("unknown", place, None)))
