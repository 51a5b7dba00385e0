"""Classes derived from the framework's containers, or from Python's."""

from __future__ import annotations

from initlint.frameworks import torch as framework
from initlint.tracing import modules
from initlint.tracing.values import ClassValue, ContainerValue, ExternalValue, Instance


def container_base(cls: ClassValue) -> str | None:
    """The kind of container that a class derives from."""
    for base in cls.order:
        if isinstance(base, ExternalValue) and base.name in framework.CONTAINERS:
            return framework.CONTAINERS[base.name]
    return None


def layer_base(cls: ClassValue) -> str | None:
    """The framework's layer that a class derives from, by its canonical name."""
    for base in cls.order:
        if isinstance(base, ExternalValue) and framework.layer_spec(base.name) is not None:
            return base.name
    return None


class ContainerInstance(Instance):
    """The ``self`` of a class derived from a container while its constructor runs."""

    container: ContainerValue


ITEMS = "<items>"
"""Attribute under which an instance of a class derived from a dict keeps what it was made from."""


def is_dict(cls: ClassValue) -> bool:
    names = {base.name.rpartition(".")[2] for base in cls.order if isinstance(base, ExternalValue)}
    return not cls.is_module and not names.isdisjoint({"dict", "OrderedDict", "UserDict"})


def held(module: Instance) -> ContainerValue:
    """The modules kept in an instance of a class derived from a container that has a ``forward`` of its own."""
    inside = ContainerValue(
        container_base(module.cls) or "dict", module.place, dict(modules.submodules(module)), not module.is_complete
    )
    inside.type_name = module.type_name
    return inside
