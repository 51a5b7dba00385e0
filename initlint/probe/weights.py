"""Which parameters an operation uses as weights, and how many terms its sums have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from initlint.probe.keras_models import parameter_names
from initlint.probe.operations import Operation

WEIGHT_ARGUMENT = {"linear": 1, "conv": 1, "conv_transpose": 1, "embedding": 1}
"""Position of the weight among the arguments; the bias follows it."""

Fan = int | float | None


@dataclass(frozen=True)
class Use:
    """The parameters of one operation."""

    weight: str = ""
    bias: str = ""
    parameters: tuple[str, ...] = ()
    fan_in: Fan = None
    fan_out: Fan = None
    is_linear: bool = False
    """Whether a product of matrices turned out to have a parameter as one factor."""


NOTHING = Use()


class Weights:
    """The parameters of a model by identity, and what else its operations use as weights."""

    def __init__(self, model: nn.Module) -> None:
        self.registered: dict[str, nn.Parameter] = {}
        self.aliases: dict[str, list[str]] = {}
        self.others: dict[str, Tensor] = {}
        """Parameters registered nowhere, and weights computed from parameters, by name."""
        self._names: dict[int, str] = {}
        known = parameter_names(model)
        for registered, parameter in model.named_parameters(remove_duplicate=False):
            name = known.get(id(parameter), registered)
            first = self._names.setdefault(id(parameter), name)
            if first == name:
                self.registered[name] = parameter
            else:
                self.aliases.setdefault(first, []).append(name)

    def use(self, what: Operation, module: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Use:
        """What the operation, called in the module of that path, is given as weights."""
        if what.op in WEIGHT_ARGUMENT:
            return self._of_map(what, module, args, kwargs)
        given = (self._parameter(tensor, module) for tensor in _flat((*args, *kwargs.values())))
        known = tuple(dict.fromkeys(filter(None, given)))
        if not known:
            return NOTHING
        if what.op == "matmul":
            return self._of_product(known, args)
        if what.op == "recurrent":
            return self._of_recurrent(known)
        weight = next((name for name in known if not name.rpartition(".")[2].startswith("bias")), "")
        bias = next((name for name in known if name != weight), "")
        return Use(weight, bias, known)

    def tensor(self, name: str) -> Tensor:
        """The parameter or computed weight of that name."""
        return self.registered[name] if name in self.registered else self.others[name]

    def _name(self, tensor: Tensor) -> str:
        """The registered name of a parameter or of a view of one, else empty."""
        base = tensor._base if tensor._base is not None else tensor
        return self._names.get(id(base), "")

    def _parameter(self, tensor: Tensor, module: str) -> str:
        """The name of a parameter or of a view of one, also of one that nothing registers; else empty."""
        base = tensor._base if tensor._base is not None else tensor
        is_unknown = isinstance(base, nn.Parameter) and id(base) not in self._names
        return self._other(base, module, "parameter") if is_unknown else self._name(tensor)

    def _of_map(self, what: Operation, module: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Use:
        position = WEIGHT_ARGUMENT[what.op]
        weight = _argument(args, kwargs, position, "weight")
        bias = _argument(args, kwargs, position + 1, "bias") if what.op != "embedding" else None
        if not isinstance(weight, Tensor):
            return NOTHING
        names = [self._name(weight) or self._other(weight, module, "weight")]
        if isinstance(bias, Tensor):
            names.append(self._name(bias) or self._other(bias, module, "bias"))
        fan_in, fan_out = fans(what.op, weight, args, kwargs)
        return Use(names[0], names[1] if len(names) > 1 else "", tuple(names), fan_in, fan_out)

    def _of_product(self, known: tuple[str, ...], args: tuple[Any, ...]) -> Use:
        """``x @ W`` contracts the second last axis of W, ``W @ x`` the last."""
        for position, factor in enumerate(args):
            if isinstance(factor, Tensor) and factor.dim() >= 2 and self._name(factor):
                axes = (factor.shape[-2], factor.shape[-1])
                fan_in, fan_out = axes if position else axes[::-1]
                return Use(self._name(factor), "", known, fan_in, fan_out, is_linear=True)
        return Use(known[0], "", known)

    def _of_recurrent(self, known: tuple[str, ...]) -> Use:
        hidden = next((name for name in known if "weight_hh" in name), known[0])
        bias = next((name for name in known if "bias" in name), "")
        size = self.tensor(hidden).shape[-1]
        return Use(hidden, bias, known, size, size)

    def _other(self, tensor: Tensor, module: str, role: str) -> str:
        """A name for a weight that is no registered parameter: computed, or kept where nothing registers it."""
        if id(tensor) in self._names:
            return self._names[id(tensor)]
        wanted = f"{module}.{role}".lstrip(".")
        name, number = wanted, 1
        while name in self.registered or name in self.others:
            number += 1
            name = f"{wanted}#{number}"
        self.others[name] = tensor
        if tensor.is_leaf:  # a computed one is a new tensor at each call: its identity may be used again
            self._names[id(tensor)] = name
        return name


def fans(op: str, weight: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Fan, Fan]:
    """Terms of the sum that makes one output, and outputs that one input goes into: with a stride, on average."""
    if op == "embedding":
        return 1, 1
    if weight.dim() < 2:
        return None, None
    first, second, window = weight.shape[0], weight.shape[1], math.prod(weight.shape[2:])
    if op == "linear":
        return second, first
    groups = _argument(args, kwargs, 6, "groups") or 1
    stride = _argument(args, kwargs, 3, "stride") or 1
    steps = math.prod(stride) if isinstance(stride, (tuple, list)) else stride ** (weight.dim() - 2)
    if op == "conv":
        return second * window, _share(first * window, groups * steps)
    return _share(first * window, groups * steps), second * window


def _share(whole: int, parts: int) -> int | float:
    return whole // parts if whole % parts == 0 else whole / parts


def _argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, name: str) -> Any:
    return args[position] if len(args) > position else kwargs.get(name)


def _flat(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)
