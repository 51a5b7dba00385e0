"""What layers are called in frameworks that name them themselves, where PyTorch has only paths of attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from initlint.frameworks.composites import OWN_NAMES, PARAMETERS
from initlint.network import Layer
from initlint.tracing import modules
from initlint.tracing.values import (
    ClassValue,
    ContainerValue,
    DictValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

NAME = "name"
"""Attribute of a layer: the name that it was given."""


def framework_of(tracer: Tracer, module: Value) -> str:
    """The framework of the first class it derives from that is one's own."""
    order = module.cls.order if isinstance(module, Instance) else ()
    known = (tracer.composites.get(base.scope.module) for base in order if isinstance(base, ClassValue))
    return next((kind for kind in known if kind is not None), "torch")


class Names:
    """The names of the layers that one root makes, by what each was given or by its class and number."""

    def __init__(self, tracer: Tracer, framework: str) -> None:
        self._tracer = tracer
        self._framework = framework
        self._own: dict[int, str] = {}
        self._paths: dict[int, str] = {}
        numbers: Counter[str] = Counter()
        for module in tracer.record.made:
            if isinstance(module, Instance) and framework_of(tracer, module) == framework:
                self._own[id(module)] = self._named(module, OWN_NAMES[framework], numbers)

    def _named(self, module: Instance, automatic: Callable[[str], str], numbers: Counter[str]) -> str:
        given = module.attributes.get(NAME)
        if isinstance(given, str):
            return given
        kind = automatic(module.type_name)
        numbers[kind] += 1
        return f"{kind}_{numbers[kind] - 1}" if numbers[kind] > 1 else kind

    def give(self, model: Value, layers: Iterable[Layer], *, is_graph: bool) -> None:
        """Names the layers of a network and their parameters."""
        holders: dict[int, Value] = {}
        for path, module in self._of_graph() if is_graph else self._within(model, ""):
            self._paths.setdefault(id(module), path)
            for name, tensor in modules.own_tensors(module):
                if tensor.parameter is not None:
                    tensor.parameter.name = _parameter(path, module, name)
                    holders[id(tensor.parameter)] = module
        for layer in layers:
            owner = holders.get(id(layer.weight)) or self._tracer.layer_owner.get(layer.id)
            if owner is not None and id(owner) in self._paths and _stands_at(owner, layer):
                layer.name = self._paths[id(owner)]

    # ------------------------------------------------------------------------------------------------------------ paths

    def _of_graph(self) -> Iterator[tuple[str, Value]]:
        """Everything that is kept in no layer, and what that holds."""
        made = [one for one in self._tracer.record.made if id(one) in self._own]
        kept = {id(inner) for one in made for _, inner in self._children(one)}
        for module in made:
            if id(module) not in kept:
                yield from self._within(module, self._own[id(module)])

    def _within(self, module: Value, path: str) -> Iterator[tuple[str, Value]]:
        waiting, seen = [(path, module)], {id(module)}
        while waiting:
            where, current = waiting.pop()
            yield where, current
            for name, inner in self._children(current):
                if id(inner) not in seen:
                    seen.add(id(inner))
                    waiting.append((".".join(filter(None, (where, name))), inner))

    def _children(self, module: Value) -> list[tuple[str, Value]]:
        """Modules kept in one, under the attribute, or in a list under their own names; parts of the framework's own
        layers have none, unless there are several."""
        attributes = module.attributes if isinstance(module, Instance) else {}
        parts = _inner(module)
        found: list[tuple[str, Value]] = []
        for name, value in attributes.items():
            if any(value is part for part in parts):
                found.append(("" if len(parts) == 1 else name, value))
            elif isinstance(value, Instance) and framework_of(self._tracer, value) == self._framework:
                found.append((name, value))
            else:
                found += [(self._own[id(one)], one) for one in _items(value) if id(one) in self._own]
        return found


def _parameter(path: str, module: Value, name: str) -> str:
    spec = module.spec if isinstance(module, LayerValue) else None
    known = PARAMETERS.get(spec.op, {}) if spec is not None else {}
    return ".".join(filter(None, (path, known.get(name, name))))


def _inner(module: Value) -> list[Value]:
    """The layers of PyTorch that a layer of another framework is written out with."""
    attributes = module.attributes if isinstance(module, Instance) else {}
    return [value for value in attributes.values() if isinstance(value, LayerValue)]


def _items(value: Value) -> Iterator[Value]:
    """The modules in a list, tuple, dictionary or container."""
    if isinstance(value, Many):
        yield from (one for one in value.items if is_module(one))
    inner: Iterable[Value] = ()
    if isinstance(value, ListValue):
        inner = value.items
    elif isinstance(value, (DictValue, ContainerValue)):
        inner = value.items.values()
    elif isinstance(value, tuple):
        inner = value
    for one in inner:
        yield from [one] if is_module(one) and not isinstance(one, ContainerValue) else _items(one)


def _stands_at(owner: Value, layer: Layer) -> bool:
    """Whether a layer on record may be what its owner did: one of another model may have had its number before."""
    return layer.place == getattr(owner, "place", None)


def kept_in_lists(tracer: Tracer) -> set[int]:
    """The modules, by identity, that others of such frameworks keep in lists and dictionaries."""
    found: set[int] = set()
    for module in tracer.record.made:
        if isinstance(module, Instance) and framework_of(tracer, module) in OWN_NAMES:
            found |= {id(one) for value in module.attributes.values() for one in _items(value)}
    return found
