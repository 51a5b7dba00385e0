"""Functions outside the program: the framework's, and those that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import einops
from initlint.frameworks import torch as framework
from initlint.signal.initializers import calculate_gain
from initlint.tracing import (
    applying,
    base_methods,
    builtins,
    computed_tensors,
    construction,
    initializing,
    introspection,
    methods,
    modules,
    patterns,
    rearranging,
    rows,
    standard_library,
    tensor_construction,
    tensor_methods,
    tensors,
    unknown_calls,
)
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.signal_functions import call_on_signals
from initlint.tracing.unknown_calls import call_unknown
from initlint.tracing.values import (
    Arguments,
    ExternalValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Method,
    NamedGain,
    Scope,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.network import Parameter
    from initlint.tracing.tracer import Tracer


def call_external(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """A call of something outside the program."""
    found = _call_framework(tracer, name, arguments, keywords, place, scope)
    if found is not NOTHING:
        return found
    if name in framework.NOT_AS_WRITTEN:
        return False
    if name.startswith("builtins."):
        return builtins.call_builtin(tracer, name[len("builtins.") :], arguments, keywords, place, scope)
    if name == framework.IS_TENSOR:
        return introspection.call_isinstance(tracer, (*arguments, ExternalValue(framework.TENSOR)), {}, place, scope)
    if name in standard_library.PYTHON:
        return standard_library.PYTHON[name](tracer, arguments, keywords, place, scope)
    if name in patterns.FUNCTIONS and not keywords:
        return patterns.call(name, arguments)
    if name == "re.compile" and not keywords:
        return patterns.compile_pattern(arguments)
    return _call_foreign(tracer, name, arguments, keywords, place, scope)


NOTHING = object()
"""Stands for "not one of mine", where `None` is a value."""


def _call_framework(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    if name in framework.CONTAINERS:
        return construction.make_container(tracer, framework.CONTAINERS[name], arguments, keywords, place)
    if name in einops.FUNCTIONS:
        return rearranging.call(tracer, name, arguments, keywords, place)
    if framework.layer_spec(name) is not None:
        return construction.make_layer(tracer, name, arguments, keywords, place)
    if name == framework.PLACEHOLDER:
        given = next((each for each in arguments if isinstance(each, str)), "input")
        return tracer.add_layer("input", given, place)
    if name == framework.PARAMETER:
        return _make_parameter(tracer, arguments, keywords, place)
    if name == framework.BUFFER:
        return tensors.buffered(arguments[0] if arguments else keywords.get("data"))
    initializer = framework.initializer_name(name)
    if initializer is not None:
        return _call_init(tracer, initializer, arguments, keywords, place, scope)
    if name in framework.WRAPPERS:
        return arguments[0] if arguments else next(iter(keywords.values()), None)
    if name == framework.LIMITS:
        return NamespaceValue(dict(framework.LIMITS_OF_FLOATS))
    if name in framework.REPARAMETRISATIONS:
        return _reparametrise(tracer, name, arguments, keywords, place)
    if name in framework.UNDONE_REPARAMETRISATIONS:
        _plain_again(tracer, arguments)
        return NOTHING
    if name in framework.CHECKPOINTS and arguments:
        plain = {key: value for key, value in keywords.items() if key not in ("use_reentrant", "preserve_rng_state")}
        return tracer.call(arguments[0], arguments[1:], plain, place, scope)
    if _is_method_of_layer(name) and arguments and isinstance(arguments[0], Instance):
        base = SuperValue(arguments[0].cls, arguments[0])
        return base_methods.call_on_super(tracer, base, name.rpartition(".")[2], arguments[1:], keywords, place, scope)
    if name.startswith(f"{framework.MODULE}."):
        return _call_base(tracer, name.rpartition(".")[2], arguments, keywords, place, scope)
    return _call_function(tracer, name, arguments, keywords, place, scope)


def _is_method_of_layer(name: str) -> bool:
    """Whether it is ``nn.Linear.forward`` or ``nn.Linear.__init__``, as a class derived from the layer calls them."""
    owner, _, method = name.rpartition(".")
    return method in ("forward", "__init__") and framework.layer_spec(owner) is not None


def _make_parameter(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place) -> Value:
    value = arguments[0] if arguments else keywords.get("data")
    flag = arguments[1] if len(arguments) > 1 else keywords.get("requires_grad", True)
    return tensor_construction.make_parameter(tracer, value, place, flag is not False)


def _call_init(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    if name == "calculate_gain_":
        given = [initializing.as_argument(value) for value in (*arguments, *keywords.values())]
        if given and isinstance(given[0], str) and not any(isinstance(value, Unknown) for value in given):
            try:
                parameters = [value for value in given[1:2] if value is not None]
                gain = calculate_gain(given[0], *parameters)  # type: ignore[arg-type]
                return NamedGain.made(float(gain), given[0]) if isinstance(gain, (int, float)) else gain
            except (ValueError, TypeError):
                pass
        return Unknown("a gain that is not known", place)
    if name == framework.FANS:
        return initializing.fans_of(arguments[0] if arguments else keywords.get("tensor"))
    return initializing.initialise(tracer, name, arguments, keywords, place, scope)


def _reparametrise(tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place) -> Value:
    layer = arguments[0] if arguments else None
    kind = arguments[1] if len(arguments) > 1 else keywords.get("name", "weight")
    for parameter in _called(kind, layer):
        tensors.mark(tracer, parameter, tensors.RECOMPUTED, True)
    if not framework.REPARAMETRISATIONS[name] and isinstance(layer, LayerValue):
        for parameter in modules.own_parameters(layer):
            if parameter.role != "bias":
                modules.disturb(tracer, TensorValue(None, None, parameter), place)
    return layer


def _called(name: Value, layer: Value) -> list[Parameter]:
    """The parameter of a layer of the framework that has a name."""
    found = modules.own_tensors(layer) if isinstance(layer, LayerValue) else ()
    return [tensor.parameter for own, tensor in found if own == name and tensor.parameter is not None]


def _plain_again(tracer: Tracer, arguments: Arguments) -> None:
    """Takes a reparametrisation off a layer."""
    for parameter in modules.own_parameters(arguments[0]) if arguments else ():
        tensors.mark(tracer, parameter, tensors.RECOMPUTED, False)


def _call_base(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``nn.Module.method(self, ...)``."""
    if not arguments or name == "__init__":
        return None
    return methods.call_method(tracer, Method(arguments[0], name), arguments[1:], keywords, place, scope)


def _call_function(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    function = framework.function_name(name)
    if function is None:
        return NOTHING
    made = tensor_construction.construct(tracer, name.rpartition(".")[2], arguments, keywords, place, scope)
    if made is not None:
        return made
    known = rows.call(function, arguments)
    if known is not None:
        return known
    found = call_on_signals(tracer, function, arguments, keywords, place)
    if found is not None:
        return found
    if name.startswith("torch.optim"):
        return Unknown(name, place)
    signals = [signal for value in arguments for signal in unknown_calls.signals_in(value)]
    if signals and arguments and isinstance(arguments[0], TensorValue):
        return tracer.add_layer("unknown", function, place, signals, reason=f"{name} is not followed")
    if arguments and isinstance(arguments[0], TensorValue) and not function.startswith("is_"):
        owner = arguments[0]
        if (
            function in framework.COPIES | framework.ALIASES | framework.PARTS | framework.PICKS | TURNS
            or name.endswith("_")
        ):
            return tensor_methods.call(tracer, owner, name.rpartition(".")[2], arguments[1:], keywords, place, scope)
        each = rows.OF_EACH.get(function) if len(arguments) == 1 else None
        found = computed_tensors.of_each(owner, each) if each is not None else None
        return found or computed_tensors.normalised(function, owner, arguments, keywords) or TensorValue(None)
    is_joined = function in framework.FUNCTIONS and framework.FUNCTIONS[function].op == "concat"
    return TensorValue(None) if is_joined and arguments and _are_tensors(arguments[0]) else NOTHING


TURNS = frozenset({"cos", "sin"})
"""Functions of angles."""


def _are_tensors(value: Value) -> bool:
    """Whether it is a list or tuple of tensors that are no signals."""
    items = value.items if isinstance(value, ListValue) else value if isinstance(value, tuple) else ()
    return bool(items) and all(isinstance(each, TensorValue) for each in items)


LOADING = ("from_pretrained", "load_from_checkpoint", "torch.hub.load")


WRITING_NAMES = ("init", "reset", "load", "weight")


def _call_foreign(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """A call of a library's function: it may write to tensors it is given, and to modules if its name says so."""
    if name.startswith(framework.HARMLESS_ROOTS):
        return Unknown(f"{name} is not followed", place)
    if name.endswith(".from_pretrained") and framework.layer_spec(name.rpartition(".")[0]) is not None:
        return _load_layer(tracer, name.rpartition(".")[0], keywords, place)
    if _is_loaded(name, arguments, keywords):
        return Unknown(f"{name} comes with its weights", place, loaded=place)
    last = name.rpartition(".")[2].lower()
    if any(is_module(value) for value in arguments) and not any(word in last for word in WRITING_NAMES):
        arguments = tuple(value for value in arguments if not is_module(value))
    return call_unknown(tracer, Unknown(f"{name} is not followed"), arguments, keywords, place)


def _load_layer(tracer: Tracer, name: str, keywords: Keywords, place: Place) -> Value:
    """``nn.Embedding.from_pretrained(...)``: one layer with weights from elsewhere, frozen unless told otherwise."""
    made = construction.make_layer(tracer, name, (), {}, place)
    applying.mark_loaded(tracer, made, place)
    for parameter in modules.parameters_of(tracer, made):
        parameter.is_frozen = keywords.get("freeze", True) is True
    return made


def _is_loaded(name: str, arguments: Arguments, keywords: Keywords) -> bool:
    if name.endswith(LOADING):
        return keywords.get("pretrained", True) is not False
    weights = keywords.get("weights")
    if name.startswith("torchvision.models.") and (isinstance(weights, (str, ExternalValue, Unknown))):
        return not isinstance(weights, Unknown)
    return keywords.get("pretrained") is True and not name.startswith("builtins.")
