"""Tensors that are no signals: constructed, read, and above all written to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from statistics import NormalDist
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import DiscardedInit, LateInit, Parameter, Shape, VectorInit, Write
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, fans
from initlint.signal.size import Size, as_float
from initlint.tracing.values import (
    ContainerValue,
    Instance,
    LayerValue,
    ListValue,
    Method,
    Row,
    Scope,
    TensorValue,
    Unknown,
    Value,
    describe,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

LAWS: dict[str, Distribution | None] = {
    "zeros": Distribution.constant(0),
    "ones": Distribution.constant(1),
    "randn": Distribution.normal(0, 1),
    "rand": Distribution.uniform(0, 1),
    "zeros_like": Distribution.constant(0),
    "ones_like": Distribution.constant(1),
    "randn_like": Distribution.normal(0, 1),
    "rand_like": Distribution.uniform(0, 1),
    "eye": Distribution.identity(1),
    "full": None,
    "full_like": None,
    "tensor": None,
    "as_tensor": None,
    "from_numpy": None,
    "arange": None,
    "linspace": None,
    "normal": None,
    "randint": None,
    "randperm": None,
    "scalar_tensor": None,
}
"""Tensor constructors under ``torch.`` and what their entries are drawn from."""


# --------------------------------------------------------------------------------------------------------- construction


def construct(
    tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place, scope: Scope
) -> TensorValue | None:
    """What ``torch.<name>(...)`` makes, if it makes a tensor out of no tensor."""
    is_empty = name in framework.UNINITIALISED
    if not is_empty and name not in LAWS:
        return None
    shape = _constructed_shape(name, arguments, keywords)
    is_filled = bool(arguments) and name.endswith("Tensor") and not _are_surely_sizes(arguments)
    law = _constructed_law(name, arguments, keywords)
    made = Parameter("", "tensor", None if is_filled else shape, place)
    writer = "unknown" if is_filled else "empty" if is_empty else name
    made.writes = (Write(writer, place, law, {}, function=scope.function_name),)
    tracer.heap.born(made)
    numbers = _spaced(arguments, keywords) if name == "linspace" else ()
    if numbers:
        return Row((len(numbers),), None, made, place=place, numbers=numbers)
    return TensorValue(made.shape, law, made, place=place)


MOST_NUMBERS = 1_024
"""Entries of a ``linspace`` that are worked out."""


def _spaced(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[float, ...]:
    """The entries of ``torch.linspace(start, end, steps)``; none if they are not known."""
    given = dict(zip(("start", "end", "steps"), arguments, strict=False)) | dict(keywords)
    start, end, steps = (given.get(name) for name in ("start", "end", "steps"))
    if not isinstance(start, (int, float)) or not isinstance(end, (int, float)) or not isinstance(steps, int):
        return ()
    if steps > MOST_NUMBERS:
        return ()
    return tuple(start + (end - start) * step / max(steps - 1, 1) for step in range(steps))


def part(row: Row, numbers: Sequence[float]) -> Row:
    """Some entries of a row."""
    return replace(row, shape=(len(numbers),), numbers=tuple(numbers), is_part=True)


def call_row(row: Row, name: str, arguments: Sequence[Value]) -> Value:
    """A method of a row that gives its entries; `None` for any other."""
    if name == "tolist":
        return ListValue(list(row.numbers))
    sizes = arguments[0] if arguments else None
    if name != "split" or not isinstance(sizes, (int, tuple, ListValue)):
        return None
    counts = sizes.items if isinstance(sizes, ListValue) else sizes
    if isinstance(counts, int):
        counts = (counts,) * -(-len(row.numbers) // counts) if counts > 0 else ()
    ends = list(accumulate(count for count in counts if isinstance(count, int)))
    if len(ends) < len(counts):
        return None
    return tuple(part(row, row.numbers[start:end]) for start, end in zip([0, *ends], ends, strict=False))


def _constructed_law(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Distribution | None:
    if name in ("full", "full_like"):
        value = arguments[1] if len(arguments) > 1 else keywords.get("fill_value")
        return Distribution.constant(value) if isinstance(value, (int, float, Size)) else None
    if name == "normal":
        return _normal_law(arguments, keywords)
    if name in ("tensor", "as_tensor", "scalar_tensor") and arguments and isinstance(arguments[0], (int, float)):
        return Distribution.constant(arguments[0])
    return LAWS.get(name)


def _normal_law(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Distribution | None:
    given = [*arguments[:2], *(keywords.get(key, 0) for key in ("mean", "std")[len(arguments) :])]
    mean, std = ([*given, 1.0])[:2]
    if isinstance(mean, (int, float, Size)) and isinstance(std, (int, float, Size)):
        return Distribution.normal(mean, std)
    return None


def _are_sizes(arguments: Sequence[Value]) -> bool:
    return all(isinstance(value, (int, Size, Unknown)) and not isinstance(value, bool) for value in arguments)


def _are_surely_sizes(arguments: Sequence[Value]) -> bool:
    """Whether ``torch.Tensor(...)`` gets sizes: one argument that is not known may as well be the values."""
    return _are_sizes(arguments) and (len(arguments) > 1 or isinstance(arguments[0], int))


def _constructed_shape(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Shape | None:
    if name in ("tensor", "as_tensor", "scalar_tensor"):
        return () if arguments and isinstance(arguments[0], (int, float)) else None
    if name.endswith("_like"):
        return arguments[0].shape if arguments and isinstance(arguments[0], TensorValue) else None
    if name == "normal":
        sizes = [keywords.get("size", arguments[2] if len(arguments) > 2 else None)]
    else:
        sizes = list(arguments) or [keywords.get("size")]
    if name == "full":
        sizes = sizes[:1]
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, ListValue)):
        sizes = list(sizes[0] if isinstance(sizes[0], tuple) else sizes[0].items)
    if name == "eye":
        sizes = (sizes * 2)[:2]
    if not sizes or not _are_sizes(sizes):
        return None
    return tuple(as_number(size) for size in sizes)


def as_number(value: Value) -> int | float | Size | None:
    """A width: the number, or the symbol of one that is not known; `None` for what is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Size)):
        return value
    return Size.symbol(f"?{id(value):x}") if isinstance(value, Unknown) else None


def make_parameter(tracer: Tracer, value: Value, place: Place, is_trained: bool = True) -> Value:
    """``nn.Parameter(value)``."""
    if not isinstance(value, TensorValue):
        found = Parameter("", "raw", None, place)
        found.writes = (Write("unknown", place, None),)
    elif value.parameter is not None and not value.is_part and not value.is_trained:
        found = value.parameter
        tracer.heap.set_field(found, "role", "raw")
    else:
        found = Parameter("", "raw", value.shape, place)
        law = value.distribution if value.parameter is None else value.parameter.distribution
        found.writes = (Write("tensor", place, law),)
    found.place = place
    found.is_frozen = not is_trained
    tracer.heap.born(found)
    tracer.record.parameters.append(found)
    return TensorValue(found.shape, None, found, is_trained=True, place=place)


# -------------------------------------------------------------------------------------------------------------- reading


def load(tracer: Tracer, owner: TensorValue, name: str, place: Place) -> Value:
    """``tensor.name``."""
    if name == "data":
        return _alias(owner, owner.shape)
    if name in ("T", "mT"):
        return _alias(owner, None if owner.shape is None else tuple(reversed(owner.shape)))
    if name == "shape":
        return Unknown("a shape that is not known", place) if owner.shape is None else shape_value(owner.shape)
    if name == "ndim":
        return Unknown("a shape that is not known", place) if owner.shape is None else len(owner.shape)
    if name in ("grad", "dtype", "device", "is_cuda", "layout", "names", "grad_fn"):
        return Unknown(f"the {name} of a tensor", place)
    if name == "requires_grad":
        return True if owner.parameter is None else not owner.parameter.is_frozen
    return Method(owner, name)


def shape_value(shape: Shape) -> Value:
    """A shape as the program sees it."""
    return tuple(Unknown("a size that is not known") if size is None else size for size in shape)


def _alias(owner: TensorValue, shape: Shape | None) -> TensorValue:
    return TensorValue(shape, owner.distribution, owner.parameter, owner.is_part, place=owner.place)


def load_item(owner: TensorValue, index: Value) -> TensorValue:
    """``tensor[index]``: some of its memory; all of it for ``[:]``."""
    is_whole = index == slice(None)
    shape = owner.shape if is_whole else None
    if owner.shape and not is_whole and isinstance(index, (int, slice)):
        shape = owner.shape[1:] if isinstance(index, int) else (None, *owner.shape[1:])
    return TensorValue(shape, owner.distribution, owner.parameter, owner.is_part or not is_whole, place=owner.place)


def _part(owner: TensorValue) -> TensorValue:
    return TensorValue(None, owner.distribution, owner.parameter, True, place=owner.place)


# -------------------------------------------------------------------------------------------------------------- writing


def write(
    tracer: Tracer,
    target: TensorValue,
    initializer: str,
    law: Distribution | None,
    place: Place,
    scope: Scope,
    arguments: Mapping[str, object] | None = None,
) -> None:
    """Writes to a tensor's memory."""
    if target.parameter is None:
        return
    if target.parameter.role == LOADED:
        _note_late_init(tracer, target.parameter, place)
        return
    made = Write(initializer, place, law, arguments or {}, is_partial=target.is_part, function=scope.function_name)
    tracer.heap.set_field(target.parameter, "writes", (*target.parameter.writes, made))


LOADED = "loaded"
"""Role of a parameter of a model that came with its weights and was not traced."""


def loaded_tensor(name: str, loaded: Place) -> TensorValue:
    """A parameter called `name` of some layer of a model whose weights were loaded."""
    found = Parameter(name, LOADED, None, loaded)
    found.writes = (Write("loaded", loaded, None),)
    return TensorValue(None, None, found, is_trained=True, place=loaded)


def add_load(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    """Says that a parameter's values come from a file."""
    tracer.heap.set_field(parameter, "writes", (*parameter.writes, Write("loaded", place, None)))


def _note_late_init(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    """Puts on record, once for each model, that loaded weights are overwritten."""
    seen = tracer.record.observations
    if parameter.name == "weight" and not any(isinstance(o, LateInit) and o.loaded == parameter.place for o in seen):
        seen.append(LateInit(place, parameter.place, is_applied=False))


def store(tracer: Tracer, owner: TensorValue, name: str, value: Value, place: Place, scope: Scope) -> None:
    """``tensor.name = value``."""
    if name == "data":
        write(tracer, owner, "data=", law_of(value), place, scope)
    elif name == "requires_grad" and owner.parameter is not None and isinstance(value, bool):
        tracer.heap.set_field(owner.parameter, "is_frozen", not value)


def store_item(tracer: Tracer, owner: TensorValue, index: Value, value: Value, place: Place, scope: Scope) -> None:
    """``tensor[index] = value``."""
    write(tracer, load_item(owner, index), "[]=", law_of(value), place, scope)


def law_of(value: Value) -> Distribution | None:
    """What the entries of a value are drawn from."""
    if isinstance(value, TensorValue):
        return value.distribution if value.parameter is None else value.parameter.distribution
    if isinstance(value, (int, float, Size)):
        return Distribution.constant(value)
    return None


def replaced(tracer: Tracer, old: Value, value: TensorValue, place: Place, scope: Scope) -> TensorValue:
    """``layer.weight = value``: a new parameter takes the name and role of the one it replaces."""
    before, after = old.parameter if isinstance(old, TensorValue) else None, value.parameter
    if before is not None and after is not None and after.role == "raw":
        tracer.heap.set_field(after, "role", before.role)
        tracer.heap.set_field(after, "name", after.name or before.name)
    return value


def initialise(
    tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place, scope: Scope
) -> Value:
    """``nn.init.<name>(tensor, ...)``."""
    target = arguments[0] if arguments else keywords.get("tensor")
    rest = list(arguments[1:])
    options = {key: value for key, value in keywords.items() if key not in ("tensor", "generator")}
    if isinstance(target, (LayerValue, Instance, ContainerValue)):
        if is_module(target) and not tracer.guards and not tracer.heap.depth:
            tracer.record.observations.append(DiscardedInit(place, name, describe(target)))
    elif isinstance(target, TensorValue):
        if name in framework.NEEDS_FANS and target.shape is not None and len(target.shape) < 2:
            if not tracer.guards and not tracer.heap.depth:
                owner = target.parameter.name if target.parameter is not None else ""
                tracer.record.observations.append(VectorInit(place, name, owner, target.shape))
            return target
        law = law_of_initializer(name, target.shape, rest, options)
        write(tracer, target, name, law, place, scope, named_arguments(name, rest, options))
    return target


def law_of_initializer(
    name: str, shape: Shape | None, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Distribution | None:
    """What an initialiser of ``torch.nn.init`` draws; `None` where an argument is not known."""
    function = INITIALIZERS.get(name)
    if function is None:
        return None
    plain = [as_argument(value) for value in arguments]
    named = {key: as_argument(value) for key, value in keywords.items()}
    if any(isinstance(value, Unknown) for value in (*plain, *named.values())):
        return None
    try:
        found = function(shape if shape is not None else (None, None), *plain, **named)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return None if found.mean is None and found.variance is None else found


def fans_of(value: Value) -> Value:
    """The fan in and the fan out of a tensor, as an initialiser written by hand asks for them."""
    if not isinstance(value, TensorValue) or value.shape is None or len(value.shape) < 2:
        return Unknown("the fans of a tensor whose shape is not known")
    return shape_value(fans(value.shape))


def as_argument(value: Value) -> Value:
    """An argument as the theory takes it: plain numbers, strings and symbols."""
    return value if value is None or isinstance(value, (int, float, str, Size)) else Unknown("no number")


SIGNATURES: dict[str, tuple[str, ...]] = {
    "uniform_": ("a", "b"),
    "normal_": ("mean", "std"),
    "trunc_normal_": ("mean", "std", "a", "b"),
    "constant_": ("val",),
    "xavier_uniform_": ("gain",),
    "xavier_normal_": ("gain",),
    "kaiming_uniform_": ("a", "mode", "nonlinearity"),
    "kaiming_normal_": ("a", "mode", "nonlinearity"),
    "orthogonal_": ("gain",),
    "sparse_": ("sparsity", "std"),
    "dirac_": ("groups",),
}


def named_arguments(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, object]:
    """The arguments of an initialiser by name."""
    return {**dict(zip(SIGNATURES.get(name, ()), arguments)), **keywords}  # noqa: B905


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
        shape = owner.shape
        return _alias(owner, tuple(reversed(shape)) if shape is not None and len(shape) == 2 else None)
    if name in framework.ALIASES:
        return _alias(owner, owner.shape if name in ("detach", "requires_grad_") else None)
    if name in framework.PARTS:
        return ListValue([_part(owner) for _ in range(_pieces(name, arguments, keywords))])
    if name in ("to", "float", "half", "double", "cuda", "type", "bfloat16"):
        return owner
    if name == "erfinv_":
        write(tracer, owner, name, inverse_erf(law_of(owner)), place, scope)
        return owner
    if name in ("clamp_", "clip_"):
        write(tracer, owner, name, _clamped(law_of(owner), arguments, keywords), place, scope)
        return owner
    if name == "abs_":
        write(tracer, owner, name, folded(law_of(owner)), place, scope)
        return owner
    if name.endswith("_") and not name.endswith("__"):
        write(tracer, owner, name, None, place, scope)
        return owner
    if name in ("expand", "repeat", "expand_as"):
        return TensorValue(None, law_of(owner), owner.parameter, owner.is_part)
    return TensorValue(None) if name not in ("item", "tolist") else Unknown(f"the {name} of a tensor", place)


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
        return TensorValue(owner.shape, law_of(owner), place=place)
    made = Parameter("", "tensor", owner.shape, place)
    made.writes = (Write("copy", place, law_of(owner)),)
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
        sizes = shape_value(owner.shape)
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
        write(tracer, owner, name, law_of(source), place, scope)
        return
    if name in ("zero_", "fill_"):
        value = 0 if name == "zero_" else (arguments[0] if arguments else keywords.get("value"))
        law = Distribution.constant(value) if isinstance(value, (int, float, Size)) else None
        write(tracer, owner, name, law, place, scope, {"val": value})
        return
    if name == "bernoulli_":
        rate = arguments[0] if arguments else keywords.get("p", 0.5)
        is_rate = isinstance(rate, (int, float)) and 0 <= rate <= 1
        law = Distribution("other", rate, rate * (1 - rate)) if is_rate else None  # type: ignore[operator, arg-type]
        write(tracer, owner, name, law, place, scope)
        return
    renamed = {{"from": "a", "to": "b"}.get(key, key): value for key, value in keywords.items() if key != "generator"}
    law = law_of_initializer(name, owner.shape, arguments, renamed)
    write(tracer, owner, name, law, place, scope, named_arguments(name, arguments, renamed))


def _scale_in_place(
    tracer: Tracer, owner: TensorValue, name: str, arguments: Sequence[Value], place: Place, scope: Scope
) -> None:
    law, number = law_of(owner), arguments[0] if arguments else None
    result = None
    if law is not None and name == "neg_":
        result = law.scaled(-1)
    elif law is not None and isinstance(number, (int, float, Size)) and len(arguments) == 1:
        symbol = {"mul_": "*", "multiply_": "*", "div_": "/", "divide_": "/", "add_": "+", "sub_": "-"}[name]
        from initlint.tracing.arithmetic import scaled_law

        result = scaled_law(symbol, law, number, True)
    write(tracer, owner, name, result, place, scope)
