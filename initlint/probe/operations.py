"""What a call that PyTorch dispatches means to a network, by the same tables that `check` reads source with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch.overrides import resolve_name

from initlint.frameworks import torch as framework

PASS, IGNORE, UNKNOWN = "pass", "ignore", "unknown"
"""Operations that hand the signal on unchanged, that give none, and that the tables do not know."""
FLAT = frozenset({"round", "floor", "ceil", "trunc", "sign", "sgn", "heaviside"})
"""Functions with slope 0 everywhere: the signal goes on and the gradient ends, which a measurement must see."""


@dataclass(frozen=True)
class Operation:
    """A function as the recorder treats it."""

    name: str
    """Without module and underscores: ``"relu"`` for ``torch.relu_`` and ``Tensor.relu``."""
    op: str
    """As `initlint.network.Layer.op`, or `PASS` or `IGNORE`."""
    activation: str = ""
    signature: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def read_options(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers that the theory needs, out of the call's arguments."""
        if not self.options:
            return {}
        given = {**self.signature, **dict(zip(self.signature, args[1:], strict=False)), **kwargs}
        found = {key: given.get(name) for key, name in self.options.items()}
        return {key: value for key, value in found.items() if isinstance(value, (int, float, str, tuple, list))}

    def argument(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The argument of that name, or its default."""
        given = dict(zip(self.signature, args[1:], strict=False))
        return {**self.signature, **given, **kwargs}.get(name)


@functools.cache
def operation(function: Callable[..., Any]) -> Operation:
    """What `function` does. Cached by the function."""
    full = resolve_name(function) or getattr(function, "__name__", "") or ""
    if full.endswith(".__get__"):
        attribute = full.split(".")[-2]
        return Operation(attribute, PASS if attribute in framework.SHAPE_ATTRIBUTES else IGNORE)
    name = full.rpartition(".")[2].strip("_")
    return _by_name(name)


def _by_name(name: str) -> Operation:
    if name in FLAT:
        return Operation(name, UNKNOWN)
    if name in framework.NO_SIGNAL or name.startswith(("is_", "has_", "retain_", "register_")):
        return Operation(name, IGNORE)
    if name in framework.SPLITS or name in framework.HANDED_ON:
        return Operation(name, PASS)
    if name in framework.WEIGHTED_FUNCTIONS:
        return Operation(name, framework.WEIGHTED_FUNCTIONS[name])
    if name in framework.DISPATCHED:
        return Operation(name, framework.DISPATCHED[name])
    spec = framework.FUNCTIONS.get(name)
    if spec is None:
        return Operation(name, UNKNOWN)
    op = PASS if spec.op == "reshape" and name not in framework.RESAMPLING else spec.op
    activation = spec.activation if op in ("activation", "pool") else ""
    options = spec.options if op != "pool" else {}
    return Operation(name, op, activation, spec.signature, options)
