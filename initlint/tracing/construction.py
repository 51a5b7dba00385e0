"""Modules of the framework's classes, with their parameters as their constructors fill them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import einops
from initlint.frameworks import torch as framework
from initlint.frameworks.tables import REQUIRED, LayerSpec
from initlint.network import Number, Parameter, Shape, Write
from initlint.signal.defaults import DEFAULTS, Defaults
from initlint.signal.distribution import Distribution
from initlint.signal.size import combine
from initlint.tracing import iteration, subscripts
from initlint.tracing.tensors import as_number
from initlint.tracing.values import (
    ContainerValue,
    DictValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def make_container(
    tracer: Tracer, kind: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place
) -> ContainerValue:
    """``nn.Sequential(...)``, ``nn.ModuleList(...)``, ``nn.ModuleDict(...)``."""
    made = ContainerValue(
        kind, place, type_name={"sequential": "Sequential", "list": "ModuleList"}.get(kind, "ModuleDict")
    )
    tracer.heap.born(made, made.items)
    tracer.record.made.append(made)
    only = arguments[0] if len(arguments) == 1 else next(iter(keywords.values()), None)
    if isinstance(only, DictValue):
        for name, value in only.items.items():
            _adopt(tracer, made, str(name), value)
        made.is_open = only.is_open
    elif kind == "sequential" and not isinstance(only, ListValue):
        subscripts.extend_container(tracer, made, _named_pairs(tracer, made, arguments))
    elif only is not None:
        subscripts.extend_container(tracer, made, _named_pairs(tracer, made, iteration.items(tracer, only)))
    return made


def _named_pairs(tracer: Tracer, made: ContainerValue, given: Sequence[Value] | None) -> Sequence[Value] | None:
    """Puts ``(name, module)`` pairs into the container; gives back what is no pair."""
    if given is None:
        return None
    rest: list[Value] = []
    for value in given:
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            _adopt(tracer, made, value[0], value[1])
        else:
            rest.append(value)
    return rest


def _adopt(tracer: Tracer, made: ContainerValue, name: str, value: Value) -> None:
    made.items[name] = value
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        tracer.heap.set_field(value, "parents", value.parents + 1)


def make_layer(
    tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place
) -> LayerValue:
    """An instance of one of the framework's layer classes, its parameters at their defaults."""
    spec = framework.layer_spec(name)
    bound = bind(spec.signature, arguments, keywords) if spec is not None else dict(keywords)
    if einops.PATTERN in bound:
        bound[einops.SIZES] = DictValue(dict(keywords.items()))
    made = LayerValue(name, spec, bound, place)
    tracer.heap.born(made, made.attributes)
    if spec is not None:
        _add_parameters(tracer, made, spec, place)
    tracer.record.made.append(made)
    tracer.repeats.note_made(made)
    return made


def bind(
    signature: Mapping[str, object], arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> dict[str, Value]:
    """Arguments by name, defaults filled in."""
    bound: dict[str, Value] = {}
    queue = [value for value in arguments if not isinstance(value, Many)]
    is_cut = len(queue) < len(arguments) or "**" in keywords
    for name, default in signature.items():
        if queue:
            bound[name] = queue.pop(0)
        elif name in keywords:
            bound[name] = keywords[name]
        elif default is REQUIRED or is_cut:
            bound[name] = Unknown(f"argument {name} is not given")
        else:
            bound[name] = default
    return bound


def _add_parameters(tracer: Tracer, made: LayerValue, spec: LayerSpec, place: Place) -> None:
    for name, role, shape, law in _parameters(made, spec):
        parameter = Parameter(name, role, shape, place)
        parameter.writes = (Write("default", place, law),)
        tracer.heap.born(parameter)
        tracer.record.parameters.append(parameter)
        made.attributes[name] = TensorValue(shape, None, parameter, is_trained=True, place=place)
    if spec.op == "attention":
        _add_output_projection(tracer, made, place)
    has_bias = spec.op in ("linear", "conv", "conv_transpose", "bilinear", "norm")
    if has_bias:
        made.attributes.setdefault("bias", None)
        made.attributes.setdefault("weight", None)


def _add_output_projection(tracer: Tracer, made: LayerValue, place: Place) -> None:
    width, bias = made.arguments["embed_dim"], made.arguments["bias"]
    inner = make_layer(tracer, "torch.nn.NonDynamicallyQuantizableLinear", (width, width, bias), {}, place)
    made.attributes["out_proj"] = inner
    bound = inner.attributes.get("bias")
    if isinstance(bound, TensorValue) and bound.parameter is not None:
        bound.parameter.writes = (Write("default", place, Distribution.constant(0)),)


Described = tuple[str, str, Shape | None, Distribution | None]


def _parameters(made: LayerValue, spec: LayerSpec) -> list[Described]:
    """Name, role, shape and default law of every parameter of a layer."""
    if spec.op in ("linear", "conv", "conv_transpose", "bilinear"):
        return _map_parameters(made, spec)
    if spec.op == "embedding":
        rows, width = (as_number(made.arguments[key]) for key in ("num_embeddings", "embedding_dim"))
        return [("weight", "embedding", (rows, width), Distribution.normal(0, 1))]
    if spec.op == "recurrent":
        return _recurrent_parameters(made, spec)
    if spec.op == "attention":
        return _attention_parameters(made)
    if spec.op == "norm":
        return _norm_parameters(made)
    if spec.activation == "prelu":
        slope = made.arguments["init"]
        law = Distribution.constant(slope) if isinstance(slope, (int, float)) else None
        return [("weight", "scale", (as_number(made.arguments["num_parameters"]),), law)]
    return []


def _map_parameters(made: LayerValue, spec: LayerSpec) -> list[Described]:
    shape = weight_shape(made, spec)
    law = layer_defaults(made, spec)
    rows: list[Described] = [("weight", "weight", shape, law.weight)]
    if made.arguments.get("bias") is not False:
        out = shape[1] if spec.op == "conv_transpose" else shape[0]
        rows.append(("bias", "bias", (out,), law.bias))
    return rows


def weight_shape(made: LayerValue, spec: LayerSpec) -> Shape:
    """The shape of a linear map's weight."""
    given = {key: as_number(value) for key, value in made.arguments.items() if key != "kernel_size"}
    if spec.op == "bilinear":
        return given["out_features"], given["in1_features"], given["in2_features"]
    if spec.op == "linear":
        return given["out_features"], given.get("in_features")
    share = combine(lambda channels, groups: channels / groups, given.get("in_channels"), given["groups"])
    kernel = kernel_sides(made.arguments["kernel_size"], spec.axes)
    if spec.op == "conv":
        return given["out_channels"], _whole(share), *kernel
    out = combine(lambda channels, groups: channels / groups, given["out_channels"], given["groups"])
    return given.get("in_channels"), _whole(out), *kernel


def _whole(value: Number | None) -> Number | None:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def kernel_sides(value: Value, axes: int) -> Shape:
    """A kernel's, window's or stride's side along each axis."""
    if isinstance(value, ListValue):
        value = tuple(value.items)
    sides = value if isinstance(value, tuple) else (value,) * axes
    return tuple(as_number(side) for side in sides)


def layer_defaults(made: LayerValue, spec: LayerSpec) -> Defaults:
    """Default laws and fans of a linear map."""
    given = {key: as_number(value) for key, value in made.arguments.items()}
    function = DEFAULTS[made.type_name]
    if spec.op == "linear":
        return function(given.get("in_features"), given["out_features"])
    if spec.op == "bilinear":
        return function(given["in1_features"], given["in2_features"], given["out_features"])
    kernel, stride = (kernel_sides(made.arguments[key], spec.axes) for key in ("kernel_size", "stride"))
    return function(given.get("in_channels"), given["out_channels"], kernel, given["groups"], stride)


def _recurrent_parameters(made: LayerValue, spec: LayerSpec) -> list[Described]:
    given = {key: as_number(value) for key, value in made.arguments.items()}
    width, hidden, gates = given["input_size"], given["hidden_size"], GATES[spec.variant]
    law = DEFAULTS[made.type_name](width, hidden).parameters["weight_hh"]
    rows = combine(lambda h: gates * h, hidden)
    is_cell = made.type_name.endswith("Cell")
    layers = given.get("num_layers", 1)
    count = layers if isinstance(layers, int) and layers < 64 else 1
    ways = ("", "_reverse") if made.arguments.get("bidirectional") is True else ("",)
    found: list[Described] = []
    for index in range(count):
        below = width if index == 0 else combine(lambda h: len(ways) * h, hidden)
        for way in ways:
            suffix = "" if is_cell else f"_l{index}{way}"
            found.append((f"weight_ih{suffix}", "weight", (rows, below), law))
            found.append((f"weight_hh{suffix}", "recurrent", (rows, hidden), law))
            if made.arguments.get("bias") is not False:
                found += [(f"bias_{side}{suffix}", "bias", (rows,), law) for side in ("ih", "hh")]
    return found


def _attention_parameters(made: LayerValue) -> list[Described]:
    given = {key: as_number(value) for key, value in made.arguments.items()}
    width = given["embed_dim"]
    sides = (given["kdim"], given["vdim"]) if made.arguments["kdim"] is not None else (None, None)
    laws = DEFAULTS["MultiheadAttention"](width, None, *sides).parameters
    found: list[Described] = []
    for name, law in laws.items():
        if name.startswith("in_proj") or name.endswith("_proj_weight"):
            rows = combine(lambda n: 3 * n, width) if name.startswith("in_proj") else width
            is_bias = name.endswith("bias")
            shape: Shape = (rows,) if is_bias else (rows, width)
            if not is_bias or made.arguments["bias"] is not False:
                found.append((name, "bias" if is_bias else "weight", shape, law))
    return found


def _norm_parameters(made: LayerValue) -> list[Described]:
    given = made.arguments
    is_scaled = given.get("affine", given.get("elementwise_affine", True))
    if is_scaled is False or made.type_name in ("LocalResponseNorm", "CrossMapLRN2d"):
        return []
    width = given.get("num_features", given.get("num_channels", given.get("normalized_shape")))
    shape: Shape = kernel_sides(width, 1)
    rows: list[Described] = [("weight", "scale", shape, Distribution.constant(1))]
    if made.type_name != "RMSNorm" and given.get("bias") is not False:
        rows.append(("bias", "bias", shape, Distribution.constant(0)))
    return rows
