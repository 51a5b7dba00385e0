"""The framework's functions: linear maps by a matrix, pools, and whatever the tables describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks.tables import FunctionSpec, signature
from initlint.network import Number, Shape
from initlint.network.layout import Layout
from initlint.signal.size import combine
from initlint.tracing import computed_tensors, construction, layers, layouts, tensor_shapes
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import ListValue, Scope, Signal, TensorValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


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
    fans = _matrix_fans(tensor.shape, is_transposed, op)
    layout = layouts.mapped_from_left(fans[1]) if is_transposed and not kind else None
    return apply_weight(
        tracer, signal, tensor, fans, place=place, bias=bias, op=op, kind=kind or "matmul", layout=layout
    )


def apply_weight(
    tracer: Tracer,
    signal: Signal,
    tensor: TensorValue,
    fans: tuple[Number | None, Number | None],
    *,
    place: Place,
    bias: Value = None,
    op: str = "linear",
    kind: str,
    layout: Layout | None = None,
) -> Signal:
    """A linear map by a tensor with these fans in and out."""
    parameter, offset = tensor.parameter, layers.parameter(bias)
    return tracer.add_layer(
        op,
        kind,
        parameter.place if parameter is not None else place,
        (signal,),
        weight=parameter or computed_tensors.computed(tensor, place),
        bias=offset,
        parameters=tuple(each for each in (parameter, offset) if each is not None),
        fan_in=fans[0],
        fan_out=fans[1],
        options={} if layout is None else {"layout": layout},
        name=parameter.name if parameter is not None else "",
    )


def convolve(
    tracer: Tracer,
    function: str,
    op: str,
    signal: Signal,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
) -> Signal:
    """``F.conv2d(signal, weight, bias, stride, ...)``, whose weight is a tensor."""
    bound = construction.bind(CONVOLVED, arguments[1:], keywords)
    tensor, axes = bound["weight"], name_axes(function)
    assert isinstance(tensor, TensorValue)
    made = apply_matrix(
        tracer, signal, tensor, is_transposed=True, place=place, bias=bound["bias"], op=op, kind=function
    )
    layer = tracer.record.layers[made.node]
    groups = bound["groups"]
    layer.options |= {
        "groups": groups if isinstance(groups, int) else None,
        "stride": layers.window(bound["stride"], axes),
    }
    if op == "conv" and tensor.shape is not None:
        layer.window = layers.window_of({**bound, "kernel_size": tensor_shapes.shape_value(tensor.shape[2:])}, axes)
    return made


CONVOLVED = signature("weight", bias=None, stride=1, padding=0, dilation=1, groups=1)
"""What a function that convolves takes after the signal."""


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
    given = [*arguments, *keywords.values()]
    signals = [signal for value in given for signal in signals_in(value)]
    if spec.op not in ("concat", "add", "multiply", "matmul", "attention"):
        signals = signals[:1]
    bound = construction.bind(spec.signature, arguments[1:], keywords)
    options: dict[str, object] = {}
    for option, argument in spec.options.items():
        value = bound.get(argument)
        if option == "kernel_size":
            options["window"] = layers.window(value, name_axes(name))
        else:
            options[option] = value if isinstance(value, (int, float, str)) else None
    window = None
    if spec.op == "reshape":
        options["layout"] = layouts.layout_of(name, arguments[1:], keywords)
    if spec.op == "attention":
        options["causal"] = _is_causal(bound.get("is_causal", False))
    if spec.op == "concat":
        axis = arguments[1] if len(arguments) > 1 else keywords.get("dim", keywords.get("axis", 0))
        options["axis"] = axis if isinstance(axis, int) else None
    if spec.op in ("pool", "dropout"):
        options["variant"] = spec.activation
    if spec.op == "pool":
        places = _pooled_places(name, arguments, keywords)
        window = (
            None
            if places
            else layers.window_of(construction.bind(POOLED[spec.activation], arguments[1:], keywords), name_axes(name))
        )
        options.update(places)
    if spec.op in ("multiply", "add") and len(signals) == 1 and name not in ("glu",):
        return _combine_with_other(tracer, spec, name, signals[0], given, place)
    activation = spec.activation if spec.op == "activation" else ""
    details = _affine(bound) if spec.op == "norm" else {}
    return tracer.add_layer(
        spec.op, name, place, signals, activation=activation, options=options, window=window, **details
    )


def _is_causal(value: Value) -> bool | None:
    """Whether a place sees only those before it; where that has a condition, a mask says the same where it fails."""
    if isinstance(value, Unknown):
        return True if value.is_conditional else None
    return value is True


def _affine(bound: Mapping[str, Value]) -> dict[str, object]:
    """The parameters of a norm that is called as a function."""
    weight, bias = (layers.parameter(bound.get(name)) for name in ("weight", "bias"))
    return {"weight": weight, "bias": bias, "parameters": tuple(each for each in (weight, bias) if each is not None)}


POOLED = {
    "max": signature(kernel_size=None, stride=None, padding=0, dilation=1, ceil_mode=False),
    "avg": signature(kernel_size=None, stride=None, padding=0, ceil_mode=False, count_include_pad=True),
}
"""What a function that pools takes after the signal."""


def _pooled_places(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, object]:
    """Of an adaptive pool the sides of its output; of a mean the axes that it goes over."""
    if name.startswith("adaptive"):
        size = arguments[1] if len(arguments) > 1 else keywords.get("output_size")
        return {"output": layers.whole_sides(size, name_axes(name))}
    if name not in ("mean", "sum", "amax", "max"):
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
