"""Tensors that are computed of others: entry by entry, or as weights that are made anew each time the model runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Parameter, Write
from initlint.signal.distribution import Distribution
from initlint.tracing.construction import bind
from initlint.tracing.tensors import law_of
from initlint.tracing.values import TensorValue, Value


def number_in(tensor: TensorValue) -> int | float | None:
    """The number that all entries of a tensor are which no model trains; `None` where they differ or are not known."""
    law, owner = law_of(tensor), tensor.parameter
    if law is None or not law.is_constant or (owner is not None and owner.role != "tensor"):
        return None
    return law.mean if isinstance(law.mean, (int, float)) else None


def of_each(tensor: TensorValue, function: Callable[[float], float]) -> TensorValue | None:
    """What a function of each entry makes of a tensor that is one number; `None` of any other."""
    number = number_in(tensor)
    try:
        return None if number is None else TensorValue(tensor.shape, Distribution.constant(function(number)))
    except (ArithmeticError, ValueError):
        return None


def computed(tensor: TensorValue, place: Place) -> Parameter | None:
    """A weight that is computed from parameters each time the model runs; `None` if it is not known what it holds."""
    if tensor.distribution is None:
        return None
    made = Parameter("", "computed", tensor.shape, place)
    made.writes = (Write("computed", place, tensor.distribution),)
    return made


def normalised(
    function: str, tensor: TensorValue, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> TensorValue | None:
    """A weight whose units are standardised, as a batch norm of its own entries does; `None` for any other function."""
    if function not in framework.BATCH_NORMS:
        return None
    bound = bind(framework.FUNCTIONS[function].signature, arguments[1:], keywords)
    scale = bound["weight"]
    law = Distribution.constant(1) if scale is None else law_of(scale)
    if bound["mean"] is not None or law is None:
        return None
    return TensorValue(tensor.shape, Distribution.standardised(law.second), place=tensor.place)
