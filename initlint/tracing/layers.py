"""The framework's layers: made with their parameters, and called on signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.tables import REQUIRED, FunctionSpec, LayerSpec, signature
from initlint.network import Number, Parameter, Shape, Write
from initlint.network.window import Window
from initlint.signal.defaults import DEFAULTS, Defaults
from initlint.signal.distribution import Distribution
from initlint.signal.size import combine
from initlint.tracing import attributes, iteration
from initlint.tracing.heap import Branch
from initlint.tracing.tensors import as_number
from initlint.tracing.values import (
    BoundMethod,
    ContainerValue,
    DictValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Scope,
    Signal,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

GATES = {"rnn": 1, "lstm": 4, "gru": 3}

# ------------------------------------------------------------------------------------------------------------- making


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
        attributes.extend_container(tracer, made, _named_pairs(tracer, made, arguments))
    elif only is not None:
        attributes.extend_container(tracer, made, _named_pairs(tracer, made, iteration.items(tracer, only)))
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
    made = LayerValue(name, spec, bound, place)
    tracer.heap.born(made, made.attributes)
    if spec is not None:
        _add_parameters(tracer, made, spec, place)
    tracer.record.made.append(made)
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


SPREAD = frozenset({"kernel_size", "stride", "padding", "dilation"})
"""Arguments of a convolution that it keeps with one number for each axis."""


def kept_argument(made: LayerValue, name: str) -> Value:
    """An argument as the layer's attribute of that name gives it."""
    value = made.arguments[name]
    is_spread = made.spec is not None and made.spec.op in ("conv", "conv_transpose") and name in SPREAD
    return (value,) * made.spec.axes if is_spread and made.spec and isinstance(value, int) else value


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


# ------------------------------------------------------------------------------------------------------------- calling


def call_module(
    tracer: Tracer,
    module: Instance | LayerValue | ContainerValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    """``module(...)``."""
    if isinstance(module, Instance):
        return _call_instance(tracer, module, arguments, keywords, place, scope)
    if isinstance(module, ContainerValue):
        return _call_container(tracer, module, arguments, keywords, place, scope)
    return _call_layer(tracer, module, arguments, keywords, place)


def _call_instance(
    tracer: Tracer,
    module: Instance,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    from initlint.tracing.calls import call_unknown

    name = "forward" if module.cls.is_module else "__call__"
    function = attributes.class_member(tracer, module.cls, name) or module.attributes.get(name)
    shell = tracer.shells.get(id(module))
    if function is None and shell is not None:
        return _call_shell(tracer, module, shell, arguments, keywords, place)
    if not isinstance(function, FunctionValue):
        return call_unknown(
            tracer, Unknown(f"{module.cls.name} has no {name} that can be read"), arguments, keywords, place
        )
    tracer.calling.append(module)
    try:
        return tracer.call(BoundMethod(function, module), arguments, keywords, place, scope)
    finally:
        tracer.calling.pop()


def _call_shell(
    tracer: Tracer,
    module: Instance,
    shell: LayerValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
) -> Value:
    """The inherited `forward` of a framework layer, on the parameters that the instance has now."""
    stand_in = LayerValue(shell.name, shell.spec, shell.arguments, module.place, module.attributes)
    tracer.names[id(stand_in)] = tracer.name_of(module)
    tracer.stand_ins.append(stand_in)
    return _call_layer(tracer, stand_in, arguments, keywords, place)


def _call_container(
    tracer: Tracer,
    module: ContainerValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    from initlint.tracing.calls import call_unknown

    if module.kind != "sequential":
        return call_unknown(tracer, Unknown(f"a {module.type_name} cannot be called"), arguments, keywords, place)
    value: Value = arguments[0] if arguments else next(iter(keywords.values()), None)
    rest = arguments[1:]
    for item in module.items.values():
        if isinstance(item, Many):
            value = _call_many(tracer, item, value, place, scope)
        else:
            value = tracer.call(item, (value, *rest), {}, place, scope)
        rest = ()
    if module.is_open:
        value = call_unknown(tracer, Unknown("a Sequential with layers that are not known"), (value,), {}, place)
    return value


def _call_many(tracer: Tracer, item: Many, value: Value, place: Place, scope: Scope) -> Value:
    """Layers that may come any number of times."""
    for layer in item.items:
        tracer.heap.begin()
        result = tracer.call(layer, (value,), {}, place, scope)
        tracer.heap.merge(tracer.heap.take_back(), Branch())
        value = tracer.heap.join(value, result)
    return value


def _call_layer(
    tracer: Tracer, module: LayerValue, arguments: tuple[Value, ...], keywords: Mapping[str, Value], place: Place
) -> Value:
    from initlint.tracing.calls import call_unknown, signals_in

    given = (*arguments, *keywords.values())
    signals = [signal for value in given for signal in signals_in(value)]
    if module.spec is None or module.spec.op == "unknown":
        reason = f"{module.name} is not in the tables" if module.spec is None else f"{module.type_name} is not modelled"
        return call_unknown(tracer, Unknown(reason), arguments, keywords, module.place)
    if not signals:
        if module.spec.op != "embedding":
            return Unknown(f"{module.type_name} on something that is not known to be a signal", place)
        signals = []
    return _record_layer(tracer, module, module.spec, signals)


def _record_layer(tracer: Tracer, module: LayerValue, spec: LayerSpec, signals: Sequence[Signal]) -> Value:
    if spec.op == "reshape" and module.type_name == "Identity":
        return signals[0]
    owned = _owned(module)
    weight, bias = (_parameter(module.attributes.get(name)) for name in ("weight", "bias"))
    inputs = signals if spec.op in ("attention", "bilinear") else signals[:1]
    details: dict[str, object] = {
        "parameters": tuple(owned),
        "weight": weight,
        "bias": bias,
        "activation": spec.activation,
    }
    details["options"] = _options(module, spec)
    if spec.op in ("conv", "pool"):
        details["window"] = window_of(module.arguments, spec.axes)
    fans = _fans(module, spec)
    details["fan_in"], details["fan_out"] = fans
    signal = tracer.add_layer(spec.op, module.type_name, module.place, inputs, **details)
    layer = tracer.record.layers[signal.node]
    layer.name = tracer.name_of(module)
    tracer.layer_owner[signal.node] = module
    return _shaped_output(module, spec, signal)


def _owned(module: LayerValue) -> list[Parameter]:
    """Its parameters, and those of a projection that is kept in it."""
    found: list[Parameter] = []
    for value in module.attributes.values():
        if isinstance(value, TensorValue) and value.parameter:
            found.append(value.parameter)
        elif isinstance(value, LayerValue):
            found += _owned(value)
    return found


def _shaped_output(module: LayerValue, spec: LayerSpec, signal: Signal) -> Value:
    if spec.op == "attention":
        return (signal, Unknown("attention weights"))
    if spec.op != "recurrent" or module.type_name in ("RNNCell", "GRUCell"):
        return signal
    if module.type_name == "LSTMCell":
        return (signal, signal)
    return (signal, (signal, signal)) if spec.variant == "lstm" else (signal, signal)


def _parameter(value: Value) -> Parameter | None:
    return value.parameter if isinstance(value, TensorValue) else None


def _options(module: LayerValue, spec: LayerSpec) -> dict[str, object]:
    found: dict[str, object] = {}
    if "output_size" in module.arguments:
        found["output"] = _whole_sides(module.arguments["output_size"], spec.axes)
    for option, argument in spec.options.items():
        value = module.arguments.get(argument)
        if option == "kernel_size":
            found["window"] = _window(value, spec.axes)
        else:
            found[option] = value if isinstance(value, (int, float, str)) else None
    if spec.variant:
        found["variant"] = spec.variant
    if spec.op in ("conv", "conv_transpose"):
        groups = module.arguments["groups"]
        found["groups"] = groups if isinstance(groups, int) else None
        found["stride"] = _window(module.arguments["stride"], spec.axes)
    return found


def window_of(given: Mapping[str, Value], axes: int) -> Window | None:
    """The window that the arguments of a convolution or a pool describe; `None` if one of its sides is not known."""
    size, step = given.get("kernel_size"), given.get("stride")
    values = (size, size if step is None else step, given.get("padding", 0), given.get("dilation", 1))
    sides = [_whole_sides(value, axes) for value in values]
    if given.get("padding") == "same" and sides[0] is not None and sides[3] is not None:
        sides[2] = tuple((side - 1) * gap // 2 for side, gap in zip(sides[0], sides[3], strict=True))
    known = [each for each in sides if each is not None]
    if len(known) < len(values):
        return None
    kernel, stride, padding, dilation = known
    return Window(kernel, stride, padding, dilation, given.get("ceil_mode") is True)


def _whole_sides(value: Value, axes: int) -> tuple[int, ...] | None:
    sides = tuple(side for side in kernel_sides(value, axes) if isinstance(side, int))
    return sides if len(sides) == axes else None


def _window(value: Value, axes: int) -> int | None:
    total = 1
    for side in kernel_sides(value, axes):
        if not isinstance(side, int):
            return None
        total *= side
    return total


def _fans(module: LayerValue, spec: LayerSpec) -> tuple[Number | None, Number | None]:
    if spec.op in ("linear", "conv", "conv_transpose", "bilinear"):
        if module.spec is spec and _has_replaced_weight(module):
            return None, None
        found = layer_defaults(module, spec)
        return found.fan_in, found.fan_out
    if spec.op == "embedding":
        return 1, 1
    if spec.op == "recurrent":
        hidden = as_number(module.arguments["hidden_size"])
        return hidden, hidden
    return None, None


def _has_replaced_weight(module: LayerValue) -> bool:
    value = module.attributes.get("weight")
    return not isinstance(value, TensorValue) or value.parameter is None


# -------------------------------------------------------------------------------------------------- functional linear maps


def apply_matrix(
    tracer: Tracer,
    signal: Signal,
    tensor: TensorValue,
    *,
    is_transposed: bool,
    place: Place,
    bias: Value = None,
    op: str = "linear",
    kind: str = "",
) -> Signal:
    """A raw parameter used as a weight: ``x @ W`` contracts its second last axis, ``W @ x`` and ``F.linear`` its last."""
    parameter = tensor.parameter
    fan_in, fan_out = _matrix_fans(tensor.shape, is_transposed, op)
    owned = tuple(p for p in (parameter, _parameter(bias)) if p is not None)
    return tracer.add_layer(
        op,
        kind or "matmul",
        parameter.place if parameter is not None else place,
        (signal,),
        weight=parameter,
        bias=_parameter(bias),
        parameters=owned,
        fan_in=fan_in,
        fan_out=fan_out,
        name=parameter.name if parameter is not None else "",
    )


def _matrix_fans(shape: Shape | None, is_transposed: bool, op: str) -> tuple[Number | None, Number | None]:
    if shape is None or len(shape) < 2:
        return None, None
    if op == "conv":
        kernel: Number | None = 1
        for side in shape[2:]:
            kernel = combine(lambda total, each: total * each, kernel, side)
        first, second = (combine(lambda channels, k: channels * k, axis, kernel) for axis in shape[:2])
        return second, first
    if op != "linear":
        return None, None
    return (shape[-1], shape[-2]) if is_transposed else (shape[-2], shape[-1])


def call_function_spec(
    tracer: Tracer,
    name: str,
    spec: FunctionSpec,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
) -> Value:
    """A function of signals: ``F.relu(x)``, ``torch.cat([x, y])``, ``x.view(...)``."""
    from initlint.tracing.calls import signals_in

    given = [*arguments, *keywords.values()]
    signals = [signal for value in given for signal in signals_in(value)]
    if spec.op not in ("concat", "add", "multiply", "matmul", "attention"):
        signals = signals[:1]
    bound = bind(spec.signature, arguments[1:], keywords)
    options: dict[str, object] = {}
    for option, argument in spec.options.items():
        value = bound.get(argument)
        if option == "kernel_size":
            options["window"] = _window(value, name_axes(name))
        else:
            options[option] = value if isinstance(value, (int, float, str)) else None
    window = None
    if spec.op == "concat":
        axis = arguments[1] if len(arguments) > 1 else keywords.get("dim", keywords.get("axis", 0))
        options["axis"] = axis if isinstance(axis, int) else None
    if spec.op in ("pool", "dropout"):
        options["variant"] = spec.activation
    if spec.op == "pool":
        places = _pooled_places(name, arguments, keywords)
        window = None if places else window_of(bind(POOLED, arguments[1:], keywords), name_axes(name))
        options.update(places)
    if spec.op in ("multiply", "add") and len(signals) == 1 and name not in ("glu",):
        return _combine_with_other(tracer, spec, name, signals[0], given, place)
    activation = spec.activation if spec.op == "activation" else ""
    return tracer.add_layer(spec.op, name, place, signals, activation=activation, options=options, window=window)


POOLED = signature(kernel_size=None, stride=None, padding=0, ceil_mode=False)
"""What a function that pools takes after the signal."""


def _pooled_places(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, object]:
    """Of an adaptive pool the sides of its output; of a mean the axes that it goes over."""
    if name.startswith("adaptive"):
        size = arguments[1] if len(arguments) > 1 else keywords.get("output_size")
        return {"output": _whole_sides(size, name_axes(name))}
    if name not in ("mean", "amax", "max"):
        return {}
    given = arguments[1] if len(arguments) > 1 else keywords.get("dim", keywords.get("axis"))
    axes = tuple(given.items) if isinstance(given, ListValue) else given if isinstance(given, tuple) else (given,)
    whole = tuple(axis for axis in axes if isinstance(axis, int))
    return {"axes": whole if len(whole) == len(axes) else None}


def _combine_with_other(
    tracer: Tracer, spec: FunctionSpec, name: str, signal: Signal, given: Sequence[Value], place: Place
) -> Value:
    from initlint.tracing.arithmetic import binary

    other = next((value for value in given if not isinstance(value, Signal)), None)
    symbol = "*" if spec.op == "multiply" else "+"
    return binary(tracer, symbol, signal, other, place, Scope(None))  # type: ignore[arg-type]


def name_axes(name: str) -> int:
    """Spatial axes of a function by its name: 2 for ``max_pool2d``."""
    return next((axes for axes in (1, 2, 3) if f"{axes}d" in name), 1)
