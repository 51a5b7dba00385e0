"""Functions outside the program: Python's builtins, the mathematics, and the framework's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Replication
from initlint.signal.initializers import calculate_gain
from initlint.signal.size import Size
from initlint.tracing import applying, attributes, introspection, iteration, layers, methods, patterns, tensors
from initlint.tracing.namespaces import NAMESPACES, PARSERS, NamespaceValue, ParserValue
from initlint.tracing.values import (
    BoundMethod,
    ClassName,
    ClassValue,
    ContainerValue,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    NamedGain,
    Partial,
    Scope,
    Signal,
    TensorValue,
    TypeName,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

Arguments = tuple[Value, ...]
Keywords = Mapping[str, Value]

CONSTANTS: dict[str, Value] = {
    "math.pi": math.pi,
    "math.e": math.e,
    "math.inf": math.inf,
    "numpy.pi": math.pi,
    "torch.pi": math.pi,
}


def call_external(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """A call of something outside the program."""
    found = _call_framework(tracer, name, arguments, keywords, place, scope)
    if found is not NOTHING:
        return found
    if name.startswith("builtins."):
        return _call_builtin(tracer, name[len("builtins.") :], arguments, keywords, place, scope)
    if name in PYTHON:
        return PYTHON[name](tracer, arguments, keywords, place, scope)
    if name in patterns.FUNCTIONS and not keywords:
        return patterns.call(name, arguments)
    return _call_foreign(tracer, name, arguments, keywords, place, scope)


NOTHING = object()
"""Stands for "not one of mine", where `None` is a value."""


# ------------------------------------------------------------------------------------------------------- the framework


def _call_framework(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    if name in framework.CONTAINERS:
        return layers.make_container(tracer, framework.CONTAINERS[name], arguments, keywords, place)
    if framework.layer_spec(name) is not None:
        return layers.make_layer(tracer, name, arguments, keywords, place)
    if name == framework.PARAMETER:
        return _make_parameter(tracer, arguments, keywords, place)
    initializer = framework.initializer_name(name)
    if initializer is not None:
        return _call_init(tracer, initializer, arguments, keywords, place, scope)
    if name in framework.WRAPPERS:
        return arguments[0] if arguments else next(iter(keywords.values()), None)
    if name in framework.REPARAMETRISATIONS:
        return _reparametrise(tracer, name, arguments, place)
    if name in framework.CHECKPOINTS and arguments:
        plain = {key: value for key, value in keywords.items() if key not in ("use_reentrant", "preserve_rng_state")}
        return tracer.call(arguments[0], arguments[1:], plain, place, scope)
    if name.startswith(f"{framework.MODULE}."):
        return _call_base(tracer, name.rpartition(".")[2], arguments, keywords, place, scope)
    return _call_function(tracer, name, arguments, keywords, place, scope)


def _make_parameter(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place) -> Value:
    value = arguments[0] if arguments else keywords.get("data")
    flag = arguments[1] if len(arguments) > 1 else keywords.get("requires_grad", True)
    return tensors.make_parameter(tracer, value, place, flag is not False)


def _call_init(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    if name == "calculate_gain_":
        given = [tensors.as_argument(value) for value in (*arguments, *keywords.values())]
        if given and isinstance(given[0], str) and not any(isinstance(value, Unknown) for value in given):
            try:
                parameters = [value for value in given[1:2] if value is not None]
                gain = calculate_gain(given[0], *parameters)  # type: ignore[arg-type]
                return NamedGain.made(float(gain), given[0]) if isinstance(gain, (int, float)) else gain
            except (ValueError, TypeError):
                pass
        return Unknown("a gain that is not known", place)
    if name == framework.FANS:
        return tensors.fans_of(arguments[0] if arguments else keywords.get("tensor"))
    return tensors.initialise(tracer, name, arguments, keywords, place, scope)


def _reparametrise(tracer: Tracer, name: str, arguments: Arguments, place: Place) -> Value:
    layer = arguments[0] if arguments else None
    if not framework.REPARAMETRISATIONS[name] and isinstance(layer, LayerValue):
        for parameter in methods.own_parameters(layer):
            if parameter.role != "bias":
                methods.disturb(tracer, TensorValue(None, None, parameter), place)
    return layer


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
    made = tensors.construct(tracer, name.rpartition(".")[2], arguments, keywords, place, scope)
    if made is not None:
        return made
    found = call_on_signals(tracer, function, arguments, keywords, place)
    if found is not None:
        return found
    if name.startswith("torch.optim"):
        return Unknown(name, place)
    if arguments and isinstance(arguments[0], TensorValue) and not function.startswith("is_"):
        owner = arguments[0]
        if function in framework.COPIES | framework.ALIASES | framework.PARTS or name.endswith("_"):
            return tensors.call(tracer, owner, name.rpartition(".")[2], arguments[1:], keywords, place, scope)
        return TensorValue(None)
    return NOTHING


def call_on_signals(
    tracer: Tracer, function: str, arguments: Sequence[Value], keywords: Keywords, place: Place
) -> Value:
    """A function of the framework, or a method of the same name, on at least one signal; `None` if it is none."""
    from initlint.tracing import arithmetic
    from initlint.tracing.calls import signals_in

    signals = [signal for value in (*arguments, *keywords.values()) for signal in signals_in(value)]
    if not signals:
        return None
    if function in framework.SPLITS:
        count = arguments[1] if len(arguments) > 1 else keywords.get("chunks")
        pieces = count if function == "chunk" and isinstance(count, int) and 0 < count < 64 else None
        if pieces is None:
            return tracer.add_layer("reshape", function, place, signals[:1])
        return tuple(tracer.add_layer("reshape", function, place, signals[:1]) for _ in range(pieces))
    if function in framework.WEIGHTED_FUNCTIONS:
        return _call_weighted(tracer, function, arguments, keywords, signals[0], place)
    if function in ("matmul", "mm", "bmm") and len(arguments) == 2 and len(signals) == 1:
        left, right = arguments
        tensor = right if isinstance(left, Signal) else left
        if isinstance(tensor, TensorValue):
            return layers.apply_matrix(tracer, signals[0], tensor, is_transposed=tensor is left, place=place)
    if function == "addcmul" and len(arguments) == 3:
        product = arithmetic.binary(tracer, "*", arguments[1], arguments[2], place, Scope(None))  # type: ignore[arg-type]
        return arithmetic.binary(tracer, "+", arguments[0], product, place, Scope(None))  # type: ignore[arg-type]
    if function == "einsum" and len(signals) == 1:
        return _call_einsum(tracer, arguments, signals[0], place)
    spec = framework.FUNCTIONS.get(function)
    if spec is None:
        return None
    return layers.call_function_spec(tracer, function, spec, arguments, keywords, place)


def _call_weighted(
    tracer: Tracer, function: str, arguments: Sequence[Value], keywords: Keywords, signal: Signal, place: Place
) -> Value:
    weight = arguments[1] if len(arguments) > 1 else keywords.get("weight")
    bias = arguments[2] if len(arguments) > 2 else keywords.get("bias")
    if not isinstance(weight, TensorValue):
        reason = f"the weight of {function} is not known"
        return tracer.add_layer("unknown", function, place, (signal,), reason=reason)
    op = framework.WEIGHTED_FUNCTIONS[function]
    return layers.apply_matrix(tracer, signal, weight, is_transposed=True, place=place, bias=bias, op=op, kind=function)


def _call_einsum(tracer: Tracer, arguments: Sequence[Value], signal: Signal, place: Place) -> Value:
    """A contraction of one signal with parameters: a linear map whose fans are not worked out."""
    owned = tuple(v.parameter for v in arguments if isinstance(v, TensorValue) and v.parameter is not None)
    return tracer.add_layer(
        "unknown", "einsum", place, (signal,), parameters=owned, reason="the fans of einsum are not worked out"
    )


# ------------------------------------------------------------------------------------------------------------- foreign

LOADING = ("from_pretrained", "load_from_checkpoint", "torch.hub.load")
WRITING_NAMES = ("init", "reset", "load", "weight")


def _call_foreign(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """A call of a library's function: it may write to tensors it is given, and to modules if its name says so."""
    from initlint.tracing.calls import call_unknown

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
    made = layers.make_layer(tracer, name, (), {}, place)
    applying.mark_loaded(tracer, made, place)
    for parameter in methods.parameters_of(tracer, made):
        parameter.is_frozen = keywords.get("freeze", True) is True
    return made


def _is_loaded(name: str, arguments: Arguments, keywords: Keywords) -> bool:
    if name.endswith(LOADING):
        return keywords.get("pretrained", True) is not False
    weights = keywords.get("weights")
    if name.startswith("torchvision.models.") and (isinstance(weights, (str, ExternalValue, Unknown))):
        return not isinstance(weights, Unknown)
    return keywords.get("pretrained") is True and not name.startswith("builtins.")


# -------------------------------------------------------------------------------------------------------------- builtins


def _call_builtin(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    function = BUILTINS.get(name)
    if function is None:
        return Unknown(f"{name} is not followed", place)
    return function(tracer, arguments, keywords, place, scope)


Builtin = Callable[["Tracer", Arguments, Keywords, Place, Scope], Value]


def _len(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, str):
        return len(value)
    if isinstance(value, TensorValue) and value.shape:
        return value.shape[0] if value.shape[0] is not None else Unknown("a size that is not known")
    if isinstance(value, (DictValue, ContainerValue)) and not value.is_open:
        return len(value.items)
    found = iteration.items(tracer, value)
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("the length of something unknown", place)
    return len(found)


def _range(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    whole = [int(v) for v in arguments if isinstance(v, int) or (isinstance(v, float) and v.is_integer())]
    if whole and len(whole) == len(arguments):
        try:
            return range(*whole)
        except (TypeError, ValueError):
            pass
    return Unknown("a range of unknown length", place)


def _enumerate(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    start = arguments[1] if len(arguments) > 1 else keywords.get("start", 0)
    if found is None or not isinstance(start, int):
        return Unknown("an enumeration of something unknown", place)
    pairs: list[Value] = []
    for index, item in enumerate(found, start):
        if isinstance(item, Many):
            pairs.append(Many(tuple((Unknown("an index"), each) for each in item.items)))
        else:
            pairs.append((index, item))
    return ListValue(pairs)


def _zip(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    columns = [iteration.items(tracer, value) for value in arguments]
    known = [column for column in columns if column is not None and not any(isinstance(i, Many) for i in column)]
    if not known:
        return Unknown("a zip of something unknown", place)
    if len(known) < len(columns):
        return Unknown("a zip with something unknown", place)
    return ListValue([tuple(row) for row in zip(*known)])  # noqa: B905


def _isinstance(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.expressions import note_type_test

    if len(arguments) != 2:
        return Unknown("isinstance", place)
    value, wanted = arguments
    kinds = list(wanted) if isinstance(wanted, tuple) else [wanted]
    answers = [_is_instance(value, kind) for kind in kinds]
    answer = True if True in answers else None if None in answers else False
    if is_module(value) and answer is not None:
        names = " or ".join(str(getattr(kind, "name", kind)) for kind in kinds)
        note_type_test(tracer, TypeName(value), names, answer, "==", place, scope)
    return Unknown("isinstance of something unknown") if answer is None else answer


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "str": (str,),
    "bool": (bool,),
    "tuple": (tuple,),
    "list": (ListValue,),
    "dict": (DictValue,),
    "set": (ListValue,),
}
ABSTRACT_TYPES: dict[str, tuple[type, ...]] = {
    "Iterable": (tuple, ListValue, DictValue, str),
    "Sequence": (tuple, ListValue, str),
    "Mapping": (DictValue,),
    "Callable": (FunctionValue, BoundMethod, ClassValue, Partial),
    "Number": (int, float),
    "Integral": (int,),
    "Real": (int, float),
}


def _is_instance(value: Value, kind: Value) -> bool | None:
    if isinstance(value, Unknown) and value.reason.startswith(framework.CONVOLUTIONAL):
        return None if isinstance(kind, ExternalValue) and kind.name != framework.LINEAR else False
    if isinstance(value, (Unknown, Size)) or isinstance(kind, Unknown):
        return None
    if isinstance(value, Partial) and isinstance(kind, ExternalValue):
        return kind.name in ("functools.partial", "typing.Callable", "collections.abc.Callable")
    if isinstance(kind, ClassValue):
        return (isinstance(value, Instance) and kind in value.cls.order) or _derives_unknown(value)
    if not isinstance(kind, ExternalValue):
        return None
    name, last = kind.name, kind.name.rpartition(".")[2]
    if name == "types.FunctionType":
        return isinstance(value, FunctionValue)
    if name.startswith("builtins.") and last in PYTHON_TYPES:
        return isinstance(value, PYTHON_TYPES[last]) and not (last == "int" and isinstance(value, bool))
    if last in ABSTRACT_TYPES and not name.startswith("torch"):
        return isinstance(value, ABSTRACT_TYPES[last])
    if isinstance(value, LayerValue):
        return framework.is_subclass(value.name, name) if value.spec is not None or name == framework.MODULE else None
    if isinstance(value, ContainerValue):
        return framework.CONTAINERS.get(name) == value.kind or name == framework.MODULE
    if isinstance(value, Instance):
        return _instance_is(value, name)
    if isinstance(value, (TensorValue, Signal)):
        return (
            name in ("torch.Tensor", framework.PARAMETER) if isinstance(value, TensorValue) else name == "torch.Tensor"
        )
    return False


def _instance_is(value: Instance, name: str) -> bool | None:
    if name == framework.MODULE:
        return value.cls.is_module
    externals = [base.name for base in value.cls.order if isinstance(base, ExternalValue)]
    if any(base == name or framework.is_subclass(base, name) for base in externals):
        return True
    return None if value.cls.has_unknown_base else False


def _derives_unknown(value: Value) -> bool | None:
    return None if isinstance(value, Instance) and value.cls.has_unknown_base else False


def _hasattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) != 2 or not isinstance(arguments[1], str):
        return Unknown("hasattr", place)
    owner, name = arguments[0], str(arguments[1])
    if isinstance(owner, LayerValue):
        return name in owner.attributes or name in owner.arguments or name in attributes.MODULE_METHODS
    if isinstance(owner, ContainerValue):
        return name in owner.items or name in attributes.MODULE_METHODS
    if isinstance(owner, Instance):
        if name in owner.attributes or attributes.class_member(tracer, owner.cls, name) is not None:
            return True
        return False if owner.is_complete and not owner.cls.has_unknown_base else Unknown("hasattr", place)
    return Unknown("hasattr of something unknown", place)


def _getattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) < 2 or not isinstance(arguments[1], str):
        return Unknown("an attribute whose name is not known", place)
    owner, name = arguments[0], arguments[1]
    if len(arguments) > 2:
        has = _hasattr(tracer, (owner, name), {}, place, scope)
        if has is False:
            return arguments[2]
        if has is not True and isinstance(owner, (Instance, DictValue)):
            return Unknown(f"attribute {name} that may be missing", place)
        if isinstance(owner, (Unknown, Size)):
            return Unknown(f"attribute {name} of something unknown", place)
    return attributes.load(tracer, owner, name, place, scope)


def _setattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) == 3:
        owner, name, value = arguments
        if isinstance(name, str):
            attributes.store(tracer, owner, name, value, place, scope)
        elif isinstance(owner, Instance):
            tracer.heap.set_field(owner, "is_complete", False)
    return None


def _type(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if len(arguments) == 1 else None
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        return TypeName(value)
    for name, kinds in PYTHON_TYPES.items():
        if value is not None and type(value) in kinds:
            return ExternalValue(f"builtins.{name}")
    return Unknown("the type of something unknown", place)


def _list(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.expressions import new_list

    if not arguments:
        return new_list(tracer, [], place)
    found = iteration.items(tracer, arguments[0])
    return new_list(tracer, list(found or ()), place, is_open=found is None)


def _tuple(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else []
    return ListValue([], True, place) if found is None else tuple(found)


def _dict(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.expressions import new_dict

    items: dict[Value, Value] = {}
    is_open = "**" in keywords
    if arguments:
        source = arguments[0]
        if isinstance(source, DictValue):
            items.update(source.items)
            is_open = is_open or source.is_open
        else:
            pairs = iteration.items(tracer, source)
            for pair in pairs or [Many(())]:
                if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int, tuple)):
                    items[pair[0]] = pair[1]
                else:
                    is_open = True
    items.update({key: value for key, value in keywords.items() if key != "**"})
    return new_dict(tracer, items, place, is_open)


def _number(kind: type[int] | type[float]) -> Builtin:
    def convert(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        value = arguments[0] if arguments else 0
        if isinstance(value, Size):
            return value
        if isinstance(value, (int, float, str)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                pass
        return Unknown("a number that is not known", place)

    return convert


def _of_numbers(function: Callable[..., object]) -> Builtin:
    """A function of plain numbers, or of one sequence of them."""

    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        given = [list(value) if isinstance(value, tuple) else value for value in arguments]
        given = [value.items if isinstance(value, ListValue) and not value.is_open else value for value in given]
        flat = [item for value in given for item in (value if isinstance(value, list) else [value])]
        if flat and all(isinstance(item, (int, float)) for item in flat):
            try:
                return function(*given)
            except (TypeError, ValueError, OverflowError, ZeroDivisionError):
                pass
        return _same(flat) if function in (max, min) else Unknown("a number that is not known", place)

    return compute


def _same(values: Sequence[Value]) -> Value:
    if values and all(isinstance(value, Size) and value == values[0] for value in values):
        return values[0]
    return Unknown("the largest or smallest of values that are not known")


def _sum(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.arithmetic import binary

    found = iteration.items(tracer, arguments[0]) if arguments else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a sum of something unknown", place)
    total: Value = arguments[1] if len(arguments) > 1 else 0
    for item in found:
        total = item if total == 0 and isinstance(item, Signal) else binary(tracer, "+", total, item, place, scope)
    return total


def _sqrt(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, (int, float)) and value >= 0:
        return math.sqrt(value)
    if isinstance(value, Size):
        return value**0.5
    if isinstance(value, Signal):
        return tracer.add_layer("unknown", "sqrt", place, (value,), reason="a square root of a signal")
    return TensorValue(None) if isinstance(value, TensorValue) else Unknown("a root of something unknown", place)


def _pow(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.arithmetic import binary

    if len(arguments) < 2:
        return Unknown("pow", place)
    return binary(tracer, "**", arguments[0], arguments[1], place, scope)


def _reversed(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return Unknown("something unknown, reversed", place) if found is None else ListValue(list(reversed(found)))


def _any_all(word: str) -> Builtin:
    def compute(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
        from initlint.tracing.expressions import truth

        found = iteration.items(tracer, arguments[0]) if arguments else None
        answers = [None if isinstance(i, Many) else truth(tracer, i) for i in found] if found is not None else [None]
        decided = word == "any"
        if decided in answers:
            return decided
        return Unknown(f"{word} of something unknown", place) if None in answers else not decided

    return compute


def _map(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[1]) if len(arguments) == 2 else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a map over something unknown", place)
    return ListValue([tracer.call(arguments[0], (item,), {}, place, scope) for item in found])


MOST_REPEATS = 1_024
"""Items of an ``itertools.repeat`` that are listed."""


def _repeat(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    count = arguments[1] if len(arguments) > 1 else keywords.get("times")
    if not arguments or not isinstance(count, int) or count > MOST_REPEATS:
        return Unknown("a repetition of unknown length", place)
    return ListValue([arguments[0]] * count)


def _replaced(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """A copy of a dataclass's instance with some fields changed."""
    only = arguments[0] if arguments else None
    if not isinstance(only, Instance) or "**" in keywords:
        return Unknown("a changed copy of something unknown", place)
    made = Instance(only.cls, place, {**only.attributes, **keywords}, only.is_complete)
    tracer.heap.born(made, made.attributes)
    return made


def _first(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return arguments[0] if arguments else Unknown("nothing", place)


def _iter_next(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    return found[0] if found and not isinstance(found[0], Many) else Unknown("the next item", place)


def _str(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else ""
    if isinstance(value, (LayerValue, Instance, ContainerValue, TypeName)):
        of = value.of if isinstance(value, TypeName) else value
        return ClassName.made(getattr(of, "type_name", "?"), of)
    return str(value) if isinstance(value, (str, int, float)) else Unknown("a string", place)


def _callable(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    kinds = (
        FunctionValue,
        BoundMethod,
        ClassValue,
        Partial,
        ExternalValue,
        Method,
        Instance,
        LayerValue,
        ContainerValue,
    )
    value = arguments[0] if arguments else None
    return Unknown("callable", place) if isinstance(value, (Unknown, Size)) else isinstance(value, kinds)


def _issubclass(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    answer = introspection.is_subclass(*arguments) if len(arguments) == 2 else None
    return Unknown("issubclass of something unknown", place) if answer is None else answer


def _dir(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return introspection.names_in(arguments[0]) if arguments else Unknown("the names of a scope", place)


def _nothing(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return None


def _unknown(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return Unknown("not followed", place)


BUILTINS: dict[str, Builtin] = {
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "isinstance": _isinstance,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "type": _type,
    "list": _list,
    "set": _list,
    "sorted": _unknown,
    "tuple": _tuple,
    "dict": _dict,
    "int": _number(int),
    "float": _number(float),
    "round": _of_numbers(round),
    "abs": _of_numbers(abs),
    "max": _of_numbers(max),
    "min": _of_numbers(min),
    "sum": _sum,
    "pow": _pow,
    "reversed": _reversed,
    "any": _any_all("any"),
    "all": _any_all("all"),
    "map": _map,
    "iter": _first,
    "next": _iter_next,
    "str": _str,
    "repr": _str,
    "callable": _callable,
    "print": _nothing,
    "bool": _unknown,
    "super": _unknown,
    "object": _unknown,
    "filter": _unknown,
    "issubclass": _issubclass,
    "dir": _dir,
    "id": _unknown,
    "vars": _unknown,
    "open": _unknown,
    "property": _unknown,
    "slice": _unknown,
    "frozenset": _list,
    "divmod": _unknown,
    "NotImplementedError": _unknown,
    "ValueError": _unknown,
    "Exception": _unknown,
    "RuntimeError": _unknown,
    "TypeError": _unknown,
    "staticmethod": _first,
    "classmethod": _first,
    "input": _unknown,
    "locals": _unknown,
    "globals": _unknown,
}


# ------------------------------------------------------------------------------------------------ the standard library


def _partial(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return Partial(arguments[0], arguments[1:], dict(keywords)) if arguments else Unknown("partial", place)


def _deepcopy(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if not arguments:
        return None
    copied = methods.deep_copy(tracer, arguments[0])
    if isinstance(copied, (Instance, LayerValue, ContainerValue)):
        owned = tuple(methods.parameters_of(tracer, copied))
        if owned:
            counts = tuple(len(parameter.writes) for parameter in owned)
            source = next(iter(methods.parameters_of(tracer, arguments[0])), None)
            count = None if tracer.repeats else 1
            seen = Replication(place, "copied", copied.type_name, count, owned, source, counts)
            tracer.record.observations.append(seen)
    return copied


def _chain(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    columns = [iteration.items(tracer, value) for value in arguments]
    items = [item for column in columns for item in (column or ())]
    return ListValue(items, any(column is None for column in columns), place)


def _product(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    from initlint.tracing.arithmetic import binary

    found = iteration.items(tracer, arguments[0]) if arguments else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a product of something unknown", place)
    total: Value = 1
    for item in found:
        total = binary(tracer, "*", total, item, place, scope)
    return total


def _ordered_dict(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return _dict(tracer, arguments, keywords, place, scope)


def _namespace(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    made = NamespaceValue({key: value for key, value in keywords.items() if key != "**"})
    tracer.heap.born(made, made.attributes)
    return made


def _parser(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    made = ParserValue()
    tracer.heap.born(made, made.defaults)
    return made


PYTHON: dict[str, Builtin] = {
    "math.sqrt": _sqrt,
    "numpy.sqrt": _sqrt,
    "torch.sqrt": _sqrt,
    "math.pow": _pow,
    "numpy.power": _pow,
    "math.log": _of_numbers(math.log),
    "math.log2": _of_numbers(math.log2),
    "math.exp": _of_numbers(math.exp),
    "math.erf": _of_numbers(math.erf),
    "math.floor": _of_numbers(math.floor),
    "math.ceil": _of_numbers(math.ceil),
    "numpy.log": _of_numbers(math.log),
    "numpy.log2": _of_numbers(math.log2),
    "math.prod": _product,
    "numpy.prod": _product,
    "functools.partial": _partial,
    "copy.deepcopy": _deepcopy,
    "copy.copy": _first,
    "itertools.chain": _chain,
    "collections.OrderedDict": _ordered_dict,
    "typing.OrderedDict": _ordered_dict,
    "typing.cast": lambda tracer, arguments, keywords, place, scope: arguments[1] if len(arguments) > 1 else None,
    "itertools.repeat": _repeat,
    "dataclasses.replace": _replaced,
    **dict.fromkeys(PARSERS, _parser),
    **dict.fromkeys(NAMESPACES, _namespace),
}
