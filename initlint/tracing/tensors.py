"""Tensors that are no signals: read, and above all written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.torch.attributes import TENSOR_NAMES
from initlint.network import DiscardedInit, LateInit, Parameter, Shape, VectorInit, Write
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, fans
from initlint.signal.size import Size
from initlint.tracing.values import (
    ContainerValue,
    Instance,
    LayerValue,
    Method,
    Row,
    Scope,
    TensorValue,
    Turn,
    Unknown,
    Value,
    describe,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def as_number(value: Value) -> int | float | Size | None:
    """A width: the number, or the symbol of one that is not known; `None` for what is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Size)):
        return value
    return Size.symbol(f"?{id(value):x}") if isinstance(value, Unknown) else None


def load(tracer: Tracer, owner: TensorValue, name: str, place: Place) -> Value:
    """``tensor.name``."""
    if name == "data":
        return alias(owner, owner.shape)
    if name == "T":
        return alias(owner, moved(owner.shape, "permute", ()))
    if name == "mT":
        return alias(owner, moved(owner.shape, "transpose", (-2, -1)))
    if name == "shape":
        return Unknown("a shape that is not known", place) if owner.shape is None else shape_value(owner.shape)
    if name == "ndim":
        return Unknown("a shape that is not known", place) if owner.shape is None else len(owner.shape)
    if name == "device" and owner.device is not None:
        return owner.device
    if owner.parameter is not None and not owner.is_part and (id(owner.parameter), name) in tracer.marks:
        return tracer.marks[id(owner.parameter), name]
    if name in ("grad", "dtype", "device", "is_cuda", "layout", "names", "grad_fn"):
        return Unknown(f"the {name} of a tensor", place)
    if name == "requires_grad":
        return True if owner.parameter is None else not owner.parameter.is_frozen
    return Method(owner, name)


def shape_value(shape: Shape) -> Value:
    """A shape as the program sees it."""
    return tuple(Unknown("a size that is not known") if size is None else size for size in shape)


def alias(owner: TensorValue, shape: Shape | None) -> TensorValue:
    if isinstance(owner, Turn):
        return replace(owner, shape=shape)
    return TensorValue(shape, owner.distribution, owner.parameter, owner.is_part, place=owner.place)


def moved(shape: Shape | None, name: str, axes: Sequence[Value]) -> Shape | None:
    """The shape behind ``permute(axes)``, or behind a swap of two axes; without axes, all of them turned round."""
    given = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple) else axes
    whole = [axis for axis in given if isinstance(axis, int)]
    if shape is None or len(whole) != len(given) or any(not -len(shape) <= axis < len(shape) for axis in whole):
        return None
    if not whole:
        return tuple(reversed(shape))
    if name == "permute":
        return tuple(shape[axis] for axis in whole) if len(whole) == len(shape) else None
    if len(whole) != 2:
        return None
    sizes = list(shape)
    sizes[whole[0]], sizes[whole[1]] = sizes[whole[1]], sizes[whole[0]]
    return tuple(sizes)


def squeezed(shape: Shape | None, name: str, axes: Sequence[Value]) -> Shape | None:
    """The shape behind ``squeeze(axis)`` or ``unsqueeze(axis)``."""
    axis = axes[0] if len(axes) == 1 else None
    if shape is None or not isinstance(axis, int):
        return None
    length = len(shape) + (name == "unsqueeze")
    if not -length <= axis < length:
        return None
    at = axis % length
    if name == "unsqueeze":
        return (*shape[:at], 1, *shape[at:])
    if not isinstance(shape[at], int):
        return None
    return (*shape[:at], *shape[at + 1 :]) if shape[at] == 1 else shape


def expanded(shape: Shape | None, sizes: Sequence[Value]) -> Shape | None:
    """The shape behind ``expand(sizes)``, of which -1 leaves an axis as it is."""
    given = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple) else sizes
    if shape is None or len(given) < len(shape):
        return None
    before = (None,) * (len(given) - len(shape)) + tuple(shape)
    return tuple(
        old if size == -1 else size if isinstance(size, int) else None for old, size in zip(before, given, strict=True)
    )


def load_item(owner: TensorValue, index: Value) -> TensorValue:
    """``tensor[index]``: some of its memory; all of it for ``[:]``."""
    if isinstance(owner, Turn):
        return replace(owner, shape=None)
    is_whole = index == slice(None)
    shape = owner.shape if is_whole else None
    if owner.shape and not is_whole and isinstance(index, (int, slice)):
        shape = owner.shape[1:] if isinstance(index, int) else (None, *owner.shape[1:])
    rows = 1 if isinstance(index, int) and owner.shape and not owner.is_part else None
    is_part = owner.is_part or not is_whole
    return TensorValue(shape, owner.distribution, owner.parameter, is_part, place=owner.place, rows=rows)


def buffered(value: Value) -> Value:
    """A tensor as a module keeps it that does not train it."""
    if isinstance(value, (Row, Turn)):
        return replace(value, parameter=None)
    return TensorValue(value.shape, law_of(value), place=value.place) if isinstance(value, TensorValue) else value


def part(owner: TensorValue) -> TensorValue:
    return TensorValue(None, owner.distribution, owner.parameter, True, place=owner.place)


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
    made = Write(
        initializer,
        place,
        law,
        arguments or {},
        is_partial=target.is_part,
        function=scope.function_name,
        rows=target.rows,
    )
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
    elif owner.parameter is not None and not owner.is_part and name not in TENSOR_NAMES:
        tracer.heap.set(tracer.marks, (id(owner.parameter), name), value)


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
    from initlint.tracing.construction import bind

    if function not in framework.BATCH_NORMS:
        return None
    bound = bind(framework.FUNCTIONS[function].signature, arguments[1:], keywords)
    scale = bound["weight"]
    law = Distribution.constant(1) if scale is None else law_of(scale)
    if bound["mean"] is not None or law is None:
        return None
    return TensorValue(tensor.shape, Distribution.standardised(law.second), place=tensor.place)


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
        if is_module(target) and not tracer.guards and tracer.heap.is_certain:
            tracer.record.observations.append(DiscardedInit(place, name, describe(target)))
    elif isinstance(target, TensorValue):
        if name in framework.NEEDS_FANS and target.shape is not None and len(target.shape) < 2:
            if not tracer.guards and tracer.heap.is_certain:
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
