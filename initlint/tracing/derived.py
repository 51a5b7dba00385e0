"""Classes derived from the framework's containers, or from Python's."""

from __future__ import annotations

from initlint.frameworks import torch as framework
from initlint.tracing.values import ClassValue, ContainerValue, ExternalValue, Instance


def container_base(cls: ClassValue) -> str | None:
    """The kind of container that a class derives from."""
    for base in cls.order:
        if isinstance(base, ExternalValue) and base.name in framework.CONTAINERS:
            return framework.CONTAINERS[base.name]
    return None


class ContainerInstance(Instance):
    """The ``self`` of a class derived from a container while its constructor runs."""

    container: ContainerValue


ITEMS = "<items>"
"""Attribute under which an instance of a class derived from a dict keeps what it was made from."""


def is_dict(cls: ClassValue) -> bool:
    names = {base.name.rpartition(".")[2] for base in cls.order if isinstance(base, ExternalValue)}
    return not cls.is_module and not names.isdisjoint({"dict", "OrderedDict", "UserDict"})
