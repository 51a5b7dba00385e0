"""Linear maps by a matrix or a kernel that the program holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks.tables import signature
from initlint.network import Number, Shape
from initlint.network.layout import Layout
from initlint.signal.size import combine
from initlint.tracing import computed_tensors, construction, layouts, tensor_shapes, tensors, windows
from initlint.tracing.values import Signal, TensorValue, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

CONVOLVED = signature("weight", bias=None, stride=1, padding=0, dilation=1, groups=1)
"""What a function that convolves takes after the signal."""


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
    parameter, offset = tensor.parameter, tensors.parameter(bias)
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
        "stride": windows.window(bound["stride"], axes),
    }
    if op == "conv" and tensor.shape is not None:
        layer.window = windows.window_of({**bound, "kernel_size": tensor_shapes.shape_value(tensor.shape[2:])}, axes)
    return made


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


def name_axes(name: str) -> int:
    """Spatial axes of a function by its name: 2 for ``max_pool2d``."""
    return next((axes for axes in (1, 2, 3) if f"{axes}d" in name), 1)
