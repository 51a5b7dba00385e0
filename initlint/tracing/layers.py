"""Modules called on signals: instances of the program's classes, containers and the framework's layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import einops
from initlint.frameworks.tables import LayerSpec
from initlint.network import Number, Parameter
from initlint.tracing import construction, members, rearranging
from initlint.tracing.heap import Branch
from initlint.tracing.tensors import as_number, law_of, parameter
from initlint.tracing.unknown_calls import call_unknown, signals_in
from initlint.tracing.values import (
    BoundMethod,
    ContainerValue,
    FunctionValue,
    Instance,
    LayerValue,
    Many,
    Scope,
    Signal,
    TensorValue,
    Unknown,
    Value,
)
from initlint.tracing.windows import whole_sides, window, window_of

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


SPREAD = frozenset({"kernel_size", "stride", "padding", "dilation"})
"""Arguments of a convolution that it keeps with one number for each axis."""


def kept_argument(made: LayerValue, name: str) -> Value:
    """An argument as the layer's attribute of that name gives it."""
    value = made.arguments[name]
    is_spread = made.spec is not None and made.spec.op in ("conv", "conv_transpose") and name in SPREAD
    return (value,) * made.spec.axes if is_spread and made.spec and isinstance(value, int) else value


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
    return _call_layer(tracer, module, arguments, keywords)


def _call_instance(
    tracer: Tracer,
    module: Instance,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
    name = "forward" if module.cls.is_module else "__call__"
    function = members.class_member(tracer, module.cls, name) or module.attributes.get(name)
    shell = tracer.shells.get(id(module))
    if function is None and shell is not None:
        return call_shell(tracer, module, shell, arguments, keywords)
    if not isinstance(function, FunctionValue):
        return call_unknown(
            tracer, Unknown(f"{module.cls.name} has no {name} that can be read"), arguments, keywords, place
        )
    tracer.record.followed.add(id(module))
    tracer.calling.append(module)
    try:
        return tracer.call(BoundMethod(function, module), arguments, keywords, place, scope)
    finally:
        tracer.calling.pop()


def call_shell(
    tracer: Tracer,
    module: Instance,
    shell: LayerValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
) -> Value:
    """The inherited `forward` of a framework layer, on the parameters that the instance has now."""
    stand_in = LayerValue(shell.name, shell.spec, shell.arguments, module.place, module.attributes)
    tracer.names[id(stand_in)] = tracer.name_of(module)
    tracer.stand_ins.append(stand_in)
    return _call_layer(tracer, stand_in, arguments, keywords)


def _call_container(
    tracer: Tracer,
    module: ContainerValue,
    arguments: tuple[Value, ...],
    keywords: Mapping[str, Value],
    place: Place,
    scope: Scope,
) -> Value:
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
    tracer: Tracer, module: LayerValue, arguments: tuple[Value, ...], keywords: Mapping[str, Value]
) -> Value:
    given = (*arguments, *keywords.values())
    signals = [signal for value in given for signal in signals_in(value)]
    if module.spec is None or module.spec.op == "unknown":
        reason = f"{module.name} is not in the tables" if module.spec is None else f"{module.type_name} is not modelled"
        return call_unknown(tracer, Unknown(reason), arguments, keywords, module.place)
    if not signals:
        if module.spec.op != "embedding":
            return Unknown(f"{module.type_name} on something that is not known to be a signal", module.place)
        return _look_up(tracer, module, module.spec, given)
    return _record_layer(tracer, module, module.spec, signals)


def _look_up(tracer: Tracer, module: LayerValue, spec: LayerSpec, given: Sequence[Value]) -> Value:
    """Rows of an embedding by numbers that are no signal: of positions, or one and the same row everywhere."""
    found = _record_layer(tracer, module, spec, ())
    law = law_of(given[0]) if given and isinstance(given[0], TensorValue) else None
    if isinstance(found, Signal) and law is not None and law.is_constant:
        tracer.record.layers[found.node].options["is_one_row"] = True
    return found


def _record_layer(tracer: Tracer, module: LayerValue, spec: LayerSpec, signals: Sequence[Signal]) -> Value:
    if spec.op == "reshape" and module.type_name == "Identity":
        return signals[0]
    owned = _owned(module)
    weight, bias = (parameter(module.attributes.get(name)) for name in ("weight", "bias"))
    inputs = signals if spec.op in ("attention", "bilinear", "function") else signals[:1]
    details: dict[str, object] = {
        "parameters": tuple(owned),
        "weight": weight,
        "bias": bias,
        "activation": spec.activation,
    }
    is_by_words = einops.PATTERN in module.arguments
    details["options"] = rearranging.options_of(module) if is_by_words else _options(module, spec)
    if spec.op in ("conv", "pool") and not is_by_words:
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


def _options(module: LayerValue, spec: LayerSpec) -> dict[str, object]:
    found: dict[str, object] = {}
    if "output_size" in module.arguments:
        found["output"] = whole_sides(module.arguments["output_size"], spec.axes)
    for option, argument in spec.options.items():
        value = module.arguments.get(argument)
        if option == "kernel_size":
            found["window"] = window(value, spec.axes)
        else:
            found[option] = value if isinstance(value, (int, float, str)) else None
    if spec.variant:
        found["variant"] = spec.variant
    if spec.op in ("conv", "conv_transpose"):
        groups = module.arguments["groups"]
        found["groups"] = groups if isinstance(groups, int) else None
        found["stride"] = window(module.arguments["stride"], spec.axes)
    return found


def _fans(module: LayerValue, spec: LayerSpec) -> tuple[Number | None, Number | None]:
    if spec.op in ("linear", "conv", "conv_transpose", "bilinear"):
        if module.spec is spec and _has_replaced_weight(module):
            return None, None
        found = construction.layer_defaults(module, spec)
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
