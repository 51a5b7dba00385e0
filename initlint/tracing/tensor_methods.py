"""Methods of tensors that are no signals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Parameter, Write
from initlint.signal.distribution import Distribution
from initlint.signal.size import Size, as_float
from initlint.tracing import computed_tensors, initializing, overwriting, rows, signal_functions, tensor_shapes, tensors
from initlint.tracing.arithmetic import scaled_law
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import ListValue, Scope, Signal, TensorValue, Turn, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def folded(law: Distribution | None) -> Distribution | None:
    """Of ``|w|`` for centred w: mean ``std sqrt(2/pi)`` for a normal, ``std sqrt(3)/2`` for a uniform; E[w²] stays."""
    share = {"normal": (2 / math.pi) ** 0.5, "truncated_normal": (2 / math.pi) ** 0.5, "uniform": 3**0.5 / 2}
    if law is None or law.mean != 0 or law.family not in share or law.std is None:
        return None
    mean = law.std * share[law.family]
    return Distribution(
        "other", mean, law.variance * (1 - share[law.family] ** 2) if law.variance is not None else None
    )


def call(
    tracer: Tracer,
    owner: TensorValue,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    """``tensor.name(...)``."""
    if (found := _on_signals(tracer, owner, name, arguments, keywords, place)) is not None:
        return found
    if name in framework.IN_PLACE_INITS:
        _write_in_place(tracer, owner, name, arguments, keywords, place, scope)
        return owner
    if name in ("mul_", "div_", "add_", "sub_", "multiply_", "divide_", "neg_"):
        _scale_in_place(tracer, owner, name, arguments, place, scope)
        return owner
    if name in ("size", "dim", "ndimension", "numel", "nelement", "__len__"):
        return _measure(owner, name, arguments, keywords)
    if name in framework.COPIES:
        return _copy(tracer, owner, place)
    if name in ("t", "transpose", "permute"):
        return tensors.alias(owner, tensor_shapes.moved(owner.shape, name, [*arguments, *keywords.values()]))
    if name in ("squeeze", "unsqueeze"):
        return tensors.alias(owner, tensor_shapes.squeezed(owner.shape, name, [*arguments, *keywords.values()]))
    if name in ("reshape_as", "view_as") and arguments and isinstance(arguments[0], TensorValue):
        return tensors.alias(owner, arguments[0].shape)
    if name in framework.ALIASES:
        return tensors.alias(owner, owner.shape if name in ("detach", "requires_grad_") else None)
    if name in framework.PARTS:
        return ListValue([tensors.part(owner) for _ in range(_pieces(name, arguments, keywords))])
    if name in ("to", "float", "half", "double", "cuda", "type", "bfloat16"):
        return owner
    if name == "erfinv_":
        tensors.write(tracer, owner, name, inverse_erf(tensors.law_of(owner)), place, scope)
        return owner
    if name in ("clamp_", "clip_"):
        tensors.write(tracer, owner, name, _clamped(tensors.law_of(owner), arguments, keywords), place, scope)
        return owner
    if name == "abs_":
        tensors.write(tracer, owner, name, folded(tensors.law_of(owner)), place, scope)
        return owner
    if name.endswith("_") and not name.endswith("__"):
        tensors.write(tracer, owner, name, None, place, scope)
        return owner
    if name in ("cos", "sin"):
        return Turn(owner.shape, part=name, angle=owner)
    if (
        name in rows.OF_EACH
        and not arguments
        and (found := computed_tensors.of_each(owner, rows.OF_EACH[name])) is not None
    ):
        return found
    if name in ("expand", "repeat", "expand_as"):
        shape = tensor_shapes.expanded(owner.shape, arguments) if name == "expand" else None
        return TensorValue(shape, tensors.law_of(owner), owner.parameter, owner.is_part)
    if name in framework.PICKS:
        return TensorValue(None, tensors.law_of(owner), place=place)
    return TensorValue(None) if name not in ("item", "tolist") else Unknown(f"the {name} of a tensor", place)


def _on_signals(
    tracer: Tracer,
    owner: TensorValue,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
) -> Value:
    """What a method makes of a tensor and of signals, where it takes entries of both; `None` where it does not."""
    if (
        not arguments
        or not overwriting.is_free(owner)
        or not any(signals_in(value) for value in (*arguments, *keywords.values()))
    ):
        return None
    function = name.rstrip("_")
    if function in framework.IN_PLACE_COPIES and isinstance(arguments[0], Signal):
        return arguments[0]
    if function not in framework.WITHOUT_LAW and function not in framework.OF_TWO_TENSORS:
        return None
    return signal_functions.call_on_signals(tracer, function, (owner, *arguments), keywords, place)


FARTHEST = 6.0
"""Standard deviations beyond which the inverse of erf counts as infinite: 1e-9 of the mass lies there."""


def inverse_erf(law: Distribution | None) -> Distribution | None:
    """erfinv of U(a, b) within [-1, 1]: a truncated normal of std ``1 / sqrt(2)``, as it is drawn by hand."""
    mean, variance = (as_float(law.mean), as_float(law.variance)) if law is not None else (None, None)
    if law is None or law.family != "uniform" or mean is None or variance is None:
        return None
    low, high = mean - math.sqrt(3 * variance), mean + math.sqrt(3 * variance)
    if low < -1 - ROUNDING or high > 1 + ROUNDING:
        return None
    return Distribution.truncated_normal(0, SQRT_HALF, _inverse_erf(low), _inverse_erf(high))


SQRT_HALF, ROUNDING = math.sqrt(0.5), 1e-9


def _inverse_erf(value: float) -> float:
    share = (1 + value) / 2
    least = NormalDist().cdf(-FARTHEST)
    return NormalDist().inv_cdf(min(max(share, least), 1 - least)) * SQRT_HALF


UNTOUCHED = {"truncated_normal": 2.0, "normal": 4.0, "uniform": math.sqrt(3)}
"""Distance of both bounds from the mean, in standard deviations, from which on a clamp changes nothing that matters:
1e-4 of a normal's mass; a truncated one and a uniform one end there."""


def _clamped(
    law: Distribution | None, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Distribution | None:
    bounds = [*arguments, *(keywords[key] for key in ("min", "max") if key in keywords)]
    mean, std = (as_float(law.mean), as_float(law.std)) if law is not None else (None, None)
    reach = UNTOUCHED.get(law.family) if law is not None else None
    if reach is None or mean is None or std is None or len(bounds) != 2:
        return None
    numbers = [bound for bound in bounds if isinstance(bound, (int, float))]
    is_far = len(numbers) == 2 and min(abs(bound - mean) for bound in numbers) >= reach * std
    return law if is_far else None


def _copy(tracer: Tracer, owner: TensorValue, place: Place) -> TensorValue:
    """``tensor.clone()``: memory of its own, while models are built; the tensor's values, when they run."""
    if tracer.calling:
        return TensorValue(owner.shape, tensors.law_of(owner), place=place)
    made = Parameter("", "tensor", owner.shape, place)
    made.writes = (Write("copy", place, tensors.law_of(owner)),)
    tracer.heap.born(made)
    return TensorValue(owner.shape, None, made, place=place)


def _pieces(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> int:
    first = arguments[0] if arguments else keywords.get("chunks")
    return first if name == "chunk" and isinstance(first, int) and 0 < first < 64 else 1


def _measure(owner: TensorValue, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if owner.shape is None:
        return Unknown("a shape that is not known")
    if name in ("dim", "ndimension"):
        return len(owner.shape)
    if name == "size":
        axis = arguments[0] if arguments else keywords.get("dim")
        sizes = tensor_shapes.shape_value(owner.shape)
        assert isinstance(sizes, tuple)
        if axis is None:
            return sizes
        return sizes[axis] if isinstance(axis, int) and -len(sizes) <= axis < len(sizes) else Unknown("a size")
    total: int | float | Size = 1
    for size in owner.shape:
        if size is None:
            return Unknown("a size that is not known")
        total = total * size
    return total


def _write_in_place(
    tracer: Tracer,
    owner: TensorValue,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> None:
    """``normal_``, ``uniform_``, ``fill_``, ``zero_``, ``copy_`` and the like, as methods."""
    if name == "copy_":
        source = arguments[0] if arguments else keywords.get("src")
        tensors.write(tracer, owner, name, tensors.law_of(source), place, scope)
        return
    if name in ("zero_", "fill_"):
        value = 0 if name == "zero_" else (arguments[0] if arguments else keywords.get("value"))
        law = Distribution.constant(value) if isinstance(value, (int, float, Size)) else None
        tensors.write(tracer, owner, name, law, place, scope, {"val": value})
        return
    if name == "bernoulli_":
        rate = arguments[0] if arguments else keywords.get("p", 0.5)
        is_rate = isinstance(rate, (int, float)) and 0 <= rate <= 1
        law = Distribution("other", rate, rate * (1 - rate)) if is_rate else None  # type: ignore[operator, arg-type]
        tensors.write(tracer, owner, name, law, place, scope)
        return
    renamed = {{"from": "a", "to": "b"}.get(key, key): value for key, value in keywords.items() if key != "generator"}
    law = initializing.law_of_initializer(name, owner.shape, arguments, renamed)
    tensors.write(tracer, owner, name, law, place, scope, initializing.named_arguments(name, arguments, renamed))


def _scale_in_place(
    tracer: Tracer, owner: TensorValue, name: str, arguments: Sequence[Value], place: Place, scope: Scope
) -> None:
    law, number = tensors.law_of(owner), arguments[0] if arguments else None
    result = None
    if law is not None and name == "neg_":
        result = law.scaled(-1)
    elif law is not None and isinstance(number, (int, float, Size)) and len(arguments) == 1:
        symbol = {"mul_": "*", "multiply_": "*", "div_": "/", "divide_": "/", "add_": "+", "sub_": "-"}[name]
        result = scaled_law(symbol, law, number, True)
    tensors.write(tracer, owner, name, result, place, scope)
