"""The framework's functions: pools, and whatever the tables describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.tables import FunctionSpec, signature
from initlint.tracing import construction, layouts, tensors, windows
from initlint.tracing.arithmetic import binary
from initlint.tracing.matrices import name_axes
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import ListValue, Scope, Signal, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


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
            options["window"] = windows.window(value, name_axes(name))
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
            else windows.window_of(construction.bind(POOLED[spec.activation], arguments[1:], keywords), name_axes(name))
        )
        options.update(places)
    if spec.op in ("multiply", "add") and len(signals) == 1 and name not in framework.GATES:
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
    weight, bias = (tensors.parameter(bound.get(name)) for name in ("weight", "bias"))
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
        return {"output": windows.whole_sides(size, name_axes(name))}
    if name not in ("mean", "sum", "amax", "max"):
        return {}
    given = arguments[1] if len(arguments) > 1 else keywords.get("dim", keywords.get("axis"))
    axes = tuple(given.items) if isinstance(given, ListValue) else given if isinstance(given, tuple) else (given,)
    whole = tuple(axis for axis in axes if isinstance(axis, int))
    return {"axes": whole if len(whole) == len(axes) else None}


def _combine_with_other(
    tracer: Tracer, spec: FunctionSpec, name: str, signal: Signal, given: Sequence[Value], place: Place
) -> Value:
    other = next((value for value in given if not isinstance(value, Signal)), None)
    symbol = "*" if spec.op == "multiply" else "+"
    return binary(tracer, symbol, signal, other, place, Scope(None))  # type: ignore[arg-type]
