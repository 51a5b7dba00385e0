"""Attributes that a program sets on classes outside it, as ``setattr(torch.nn.Module, "name", function)`` does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.tracing.values import (
    BoundMethod,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ModuleValue,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def load(tracer: Tracer, owner: str, name: str) -> Value:
    """What the program set as `name` of the thing with that dotted name; `None` if it did not."""
    return tracer.patches.get(f"{owner}.{name}")


def inherited(tracer: Tracer, module: ModuleValue, name: str) -> Value:
    """What a module has from a class outside the program that the program changed; `None` if there is nothing."""
    if not tracer.patches:
        return None
    found = next((value for base in _bases(module) if (value := load(tracer, base, name)) is not None), None)
    return BoundMethod(found, module) if isinstance(found, FunctionValue) else found


def _bases(module: ModuleValue) -> Iterator[str]:
    if isinstance(module, Instance):
        yield from (base.name for base in module.cls.order if isinstance(base, ExternalValue))
    else:
        yield from ([module.name] if isinstance(module, LayerValue) else [])
        yield framework.MODULE
