"""The network of one model: its forward run on a signal for each input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.composites import FINDS_IN_LISTS, OWN_NAMES, SPOKEN
from initlint.network import Network, Observation, Parameter, Training, UnregisteredLayers
from initlint.reading import facts
from initlint.tracing import layers, members, modules, silence
from initlint.tracing.naming import Names, framework_of
from initlint.tracing.tracer import OutOfBudgetError, Tracer
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import (
    DictValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    ModuleValue,
    TensorValue,
    Unknown,
    Value,
    is_module,
)


def trace_model(tracer: Tracer, model: ModuleValue, observations: list[Observation]) -> Iterator[Network]:
    """Runs a model's `forward` on one signal for each input it needs."""
    parts = modules.named_modules(model)
    for path, inner in parts:
        tracer.names[id(inner)] = path
    _name_parameters(parts)
    graph = _graph(tracer, model)
    tracer.record.layers = tracer.record.graph if graph else []
    tracer.signal_marks.clear()
    place = _place_of(tracer, model)
    network = Network(getattr(model, "type_name", "model"), place, framework=framework_of(tracer, model))
    before = _states(parts)
    try:
        network.outputs = graph or _run_forward(tracer, model, network)
    except (OutOfBudgetError, RecursionError):
        tracer.record.reasons.append((place, "it takes more steps than the budget allows"))
    _forget_signals(tracer, before)
    network.layers = tracer.record.layers
    if network.framework in OWN_NAMES:
        Names(tracer, network.framework).give(model, network.layers, is_graph=bool(graph))
    parts = modules.named_modules(model)  # `forward` may have made some
    network.parameters = modules.parameters_in(parts)
    network.observations = [*observations, *_unregistered(tracer, parts, network)]
    network.reasons = list(dict.fromkeys(tracer.record.reasons))
    network.training = _training(tracer, model)
    network.is_complete = all(layer.op != "unknown" for layer in network.live()) and bool(network.outputs)
    yield network


States = Sequence[tuple[Instance | LayerValue, Mapping[str, Value]]]
"""Modules with their attributes as they were at some time."""


def _states(parts: Sequence[tuple[str, Value]]) -> States:
    return [(inner, dict(inner.attributes)) for _, inner in parts if isinstance(inner, (Instance, LayerValue))]


def _forget_signals(tracer: Tracer, before: States) -> None:
    """Puts back what `forward` replaced by a signal, as a moving average is: it is of this run alone."""
    for inner, attributes in before:
        for name, value in list(inner.attributes.items()):
            known = attributes.get(name, Unknown("a value of an earlier run"))
            if value is not known and signals_in(value):
                tracer.heap.set(inner.attributes, name, known)


COMPILED = "compiled"
"""Attribute of a model: kind of its loss, whether that takes logits, whether its optimiser clips."""


def _training(tracer: Tracer, model: ModuleValue) -> Training | None:
    """What a model was compiled with."""
    given = _own(tracer, model, COMPILED)
    place = tracer.stored.get((id(model), COMPILED))
    if not isinstance(given, tuple) or place is None:
        return None
    loss, *flags = given
    takes_logits, clips = (flag if isinstance(flag, bool) else None for flag in flags)
    return Training(place, loss if isinstance(loss, str) else "", takes_logits, clips)


def _own(tracer: Tracer, model: Value, name: str) -> Value:
    """An attribute that a framework's class gives a model; `None` for a model that only has one of that name."""
    is_framework_s = isinstance(model, Instance) and framework_of(tracer, model) in SPOKEN
    return model.attributes.get(name) if isinstance(model, Instance) and is_framework_s else None


def _graph(tracer: Tracer, model: ModuleValue) -> tuple[int, ...]:
    """The outputs of a model that was made of a graph of signals, rather than of a `forward`."""
    return tuple(dict.fromkeys(signal.node for signal in signals_in(_own(tracer, model, GRAPH))))


GRAPH = "functional_outputs"
"""Attribute of a model that was made of a graph: its outputs."""


BUILT = "built"
"""Attribute of a layer: whether it was called."""


def is_in_graph(tracer: Tracer, model: Value) -> bool:
    """Whether a layer has been called already, as one of a graph."""
    return _own(tracer, model, BUILT) is True


def _place_of(tracer: Tracer, model: ModuleValue) -> Place:
    """Where a model's class is defined; of a framework's: where it is built."""
    if isinstance(model, Instance) and model.cls.scope.module not in tracer.composites:
        return tracer.place(model.cls.node, model.cls.scope)
    return model.place


def _name_parameters(parts: Sequence[tuple[str, Value]]) -> None:
    for path, tensor in modules.tensors_in(parts):
        if tensor.parameter is not None:
            tensor.parameter.name = path


def _run_forward(tracer: Tracer, model: ModuleValue, network: Network) -> tuple[int, ...]:
    place = _place_of(tracer, model)
    scope = model.cls.scope if isinstance(model, Instance) else None
    arguments = tuple([tracer.add_layer("input", name, place) for name in _inputs(tracer, model)])
    keywords: dict[str, Value] = {}
    more = _optional_inputs(tracer, model, len(arguments))
    reasons = len(tracer.record.reasons)
    while True:
        tracer.record.fails = False
        with tracer.heap.watching() as done:
            result = layers.call_module(tracer, model, arguments, keywords, place, scope)  # type: ignore[arg-type]
        if not tracer.record.fails or not more:
            break
        if more[0] not in framework.INPUT_NAMES and signals_in(_contents(result)):
            break
        tracer.heap.undo(done)  # signals may have been kept in any object
        del tracer.record.layers[len(arguments) + len(keywords) :], tracer.record.reasons[reasons:]
        name = more.pop(0)
        keywords[name] = tracer.add_layer("input", name, place)
    network.gives_no_signal = not tracer.record.fails and silence.is_silent(result)
    return tuple(dict.fromkeys(signal.node for signal in signals_in(_contents(result))))


def _contents(result: Value) -> Value:
    """What a result holds: an output object's attributes are what it was made with."""
    return tuple(result.attributes.values()) if isinstance(result, Instance) else result


def _inputs(tracer: Tracer, model: Value) -> list[str]:
    if not isinstance(model, Instance):
        return ["input"]
    function = members.class_member(tracer, model.cls, "forward") or model.attributes.get("forward")
    if isinstance(function, FunctionValue) and function.scope.module in tracer.composites:
        function = members.class_member(tracer, model.cls, HANDED_TO) or function
    if not isinstance(function, FunctionValue):
        return []
    taken = [each for each in function.node.parameters[1:] if each.kind not in ("keyword", "**")]
    needed = [each.name for each in taken if each.default is None]
    return needed or [each.name for each in taken[:1] if _is_none(each.default)]


MOST_TRIED = 3
"""Arguments with names that say nothing which a `forward` that fails without them is given, one after the other."""


def _optional_inputs(tracer: Tracer, model: Value, given: int) -> list[str]:
    """Behind the first arguments that a `forward` gets, what it may need all the same: text, images, an index."""
    function = members.class_member(tracer, model.cls, "forward") if isinstance(model, Instance) else None
    taken = function.node.parameters[1 + given :] if isinstance(function, FunctionValue) else ()
    names = [each.name for each in taken if _is_none(each.default)]
    data = [name for name in names if name in framework.INPUT_NAMES]
    return data or names[:MOST_TRIED]


HANDED_TO = "call"
"""The method that a framework's own `forward` hands its inputs to, if the program's class has it."""


def _is_none(node: facts.Expression | None) -> bool:
    """Of a `forward` in which nothing is required, the first argument is the input if it would be `None`."""
    return isinstance(node, facts.Literal) and node.value is None


def _unregistered(tracer: Tracer, parts: Sequence[tuple[str, Value]], network: Network) -> list[Observation]:
    """Plain lists, dicts and tuples of modules with parameters that no module registers."""
    registered = {id(parameter) for parameter in network.parameters}
    used = {id(parameter) for layer in network.layers for parameter in layer.parameters}
    found: list[Observation] = []
    for path, inner in parts:
        if isinstance(inner, Instance) and inner.cls.is_module and framework_of(tracer, inner) not in FINDS_IN_LISTS:
            for name, value in inner.attributes.items():
                held = _held(tracer, value)
                lost = {key: parameters for key, parameters in held if not any(id(p) in registered for p in parameters)}
                if len(held) > 1 and len(lost) == len(dict(held)) and not name.startswith("__"):
                    is_used = any(id(p) in used for parameters in lost.values() for p in parameters)
                    place = getattr(value, "place", None) or tracer.stored.get((id(inner), name), inner.place)
                    kind = {ListValue: "list", DictValue: "dict"}.get(type(value), "tuple")
                    label = f"{path}.{name}" if path else name
                    found.append(UnregisteredLayers(place, label, kind, tuple(lost), is_used))
    return found


def _held(tracer: Tracer, value: Value) -> list[tuple[str, list[Parameter]]]:
    """Descriptions and parameters of the modules and parameters in a plain collection."""
    items: list[Value] = []
    if isinstance(value, ListValue):
        items = value.items
    elif isinstance(value, DictValue):
        items = list(value.items.values())
    elif isinstance(value, tuple):
        items = list(value)
    items = [each for item in items for each in (item.items if isinstance(item, Many) else (item,))]
    found: list[tuple[str, list[Parameter]]] = []
    for index, item in enumerate(items):
        if is_module(item):
            parameters = [p for p in modules.parameters_of(tracer, item) if not p.is_frozen]
            if parameters:
                found.append((f"{getattr(item, 'type_name', 'layer')} {index}", parameters))
        elif isinstance(item, TensorValue) and item.is_trained and item.parameter and not item.parameter.is_frozen:
            found.append((f"parameter {index}", [item.parameter]))
    return found
