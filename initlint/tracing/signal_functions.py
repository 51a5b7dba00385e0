"""Functions of the framework on signals, and methods of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.tracing import arithmetic, einsum, functional, lawless, layouts, matrices
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import Keywords, Scope, Signal, TensorValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_on_signals(
    tracer: Tracer, function: str, arguments: Sequence[Value], keywords: Keywords, place: Place
) -> Value:
    """A function of the framework, or a method of the same name, on at least one signal; `None` if it is none."""
    signals = [signal for value in (*arguments, *keywords.values()) for signal in signals_in(value)]
    if not signals:
        return None
    if function in framework.SPLITS:
        count = arguments[1] if len(arguments) > 1 else keywords.get("chunks")
        pieces = count if function == "chunk" and isinstance(count, int) and 0 < count < 64 else None
        options = {"layout": layouts.cut(function, arguments[1:], keywords)}
        made = [tracer.add_layer("reshape", function, place, signals[:1], options=options) for _ in range(pieces or 1)]
        return made[0] if pieces is None else tuple(made)
    if function in framework.WEIGHTED_FUNCTIONS:
        return _call_weighted(tracer, function, arguments, keywords, signals[0], place)
    if function == "embedding" and len(arguments) > 1 and isinstance(arguments[1], TensorValue):
        owned = () if arguments[1].parameter is None else (arguments[1].parameter,)
        details: dict[str, object] = {"weight": arguments[1].parameter, "fan_in": 1, "fan_out": 1}
        return tracer.add_layer("embedding", function, place, signals[:1], parameters=owned, **details)
    if function in ("matmul", "mm", "bmm") and len(arguments) == 2 and len(signals) == 1:
        left, right = arguments
        tensor = right if isinstance(left, Signal) else left
        if isinstance(tensor, TensorValue):
            return matrices.apply_matrix(tracer, signals[0], tensor, is_transposed=tensor is left, place=place)
    if function == "addcmul" and len(arguments) == 3:
        product = arithmetic.binary(tracer, "*", arguments[1], arguments[2], place, Scope(None))  # type: ignore[arg-type]
        return arithmetic.binary(tracer, "+", arguments[0], product, place, Scope(None))  # type: ignore[arg-type]
    if function == "addmm" and len(arguments) == 3:
        bias, signal, weight = arguments
        if isinstance(signal, Signal) and isinstance(weight, TensorValue) and isinstance(bias, TensorValue):
            return matrices.apply_matrix(tracer, signal, weight, is_transposed=False, place=place, bias=bias)
    if function == "pow" and len(arguments) == 2:
        return arithmetic.binary(tracer, "**", arguments[0], arguments[1], place, Scope(None))  # type: ignore[arg-type]
    if function == "einsum" and arguments:
        return einsum.contract(tracer, arguments[0], arguments[1:], place)
    if (found := lawless.call(tracer, function, arguments, keywords, signals, place)) is not None:
        return found
    if function == "pad_packed_sequence":
        return tracer.add_layer("reshape", function, place, signals[:1]), Unknown("the lengths of sequences", place)
    spec = framework.FUNCTIONS.get(function)
    if spec is None:
        return None
    return functional.call_function_spec(tracer, function, spec, arguments, keywords, place)


def _call_weighted(
    tracer: Tracer, function: str, arguments: Sequence[Value], keywords: Keywords, signal: Signal, place: Place
) -> Value:
    weight = arguments[1] if len(arguments) > 1 else keywords.get("weight")
    bias = arguments[2] if len(arguments) > 2 else keywords.get("bias")
    if not isinstance(weight, TensorValue):
        reason = f"the weight of {function} is not known"
        return tracer.add_layer("unknown", function, place, (signal,), reason=reason)
    op = framework.WEIGHTED_FUNCTIONS[function]
    if op == "conv":
        return matrices.convolve(tracer, function, op, signal, arguments, keywords, place)
    return matrices.apply_matrix(
        tracer, signal, weight, is_transposed=True, place=place, bias=bias, op=op, kind=function
    )
