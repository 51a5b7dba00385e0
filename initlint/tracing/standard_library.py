"""The standard library, and functions of the framework like it: what of it code for building models calls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import Replication
from initlint.program import Module
from initlint.signal.size import Size
from initlint.tracing import (
    builtin_collections,
    builtin_numbers,
    builtins,
    copying,
    devices,
    dtypes,
    introspection,
    iteration,
    modules,
    records,
    signatures,
    trees,
)
from initlint.tracing.arithmetic import binary
from initlint.tracing.collection_construction import new_dict
from initlint.tracing.dataclass_fields import fields, is_dataclass
from initlint.tracing.namespaces import NAMESPACES, PARSERS, NamespaceValue, ParserValue
from initlint.tracing.values import (
    Arguments,
    Builtin,
    ContainerValue,
    DictValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Many,
    Partial,
    Scope,
    Signal,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def _partial(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return Partial(arguments[0], arguments[1:], dict(keywords)) if arguments else Unknown("partial", place)


def _deepcopy(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if not arguments:
        return None
    copied = copying.deep_copy(tracer, arguments[0])
    if isinstance(copied, (Instance, LayerValue, ContainerValue)):
        owned = tuple(modules.parameters_of(tracer, copied))
        if owned and tracer.site is None:
            counts = tuple(len(parameter.writes) for parameter in owned)
            source = next(iter(modules.parameters_of(tracer, arguments[0])), None)
            count = None if tracer.repeated else 1
            seen = Replication(place, "copied", copied.type_name, count, owned, source, counts)
            tracer.record.observations.append(seen)
    return copied


def _chain(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    columns = [iteration.items(tracer, value) for value in arguments]
    items = [item for column in columns for item in (column or ())]
    return ListValue(items, any(column is None for column in columns), place)


def _product(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    found = iteration.items(tracer, arguments[0]) if arguments else None
    if found is None or any(isinstance(item, Many) for item in found):
        return Unknown("a product of something unknown", place)
    total: Value = 1
    for item in found:
        total = binary(tracer, "*", total, item, place, scope)
    return total


def _namespace(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    made = NamespaceValue({key: value for key, value in keywords.items() if key != "**"})
    tracer.heap.born(made, made.attributes)
    return made


def _parser(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    made = ParserValue()
    tracer.heap.born(made, made.defaults)
    return made


def _as_dict(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """The fields of a dataclass's instance by name, and of those inside it."""
    only = arguments[0] if arguments else None
    if not isinstance(only, Instance) or not is_dataclass(only.cls):
        return Unknown("the fields of something unknown", place)

    def plain(value: Value) -> Value:
        if isinstance(value, Instance) and is_dataclass(value.cls):
            return _as_dict(tracer, (value,), {}, place, scope)
        if isinstance(value, ListValue):
            return ListValue([plain(item) for item in value.items], value.is_open, place)
        if isinstance(value, DictValue):
            return DictValue({key: plain(item) for key, item in value.items.items()}, value.is_open, place)
        return tuple(plain(item) for item in value) if isinstance(value, tuple) else value

    values: dict[Value, Value] = {}
    for name in fields(only.cls):
        if name in only.attributes:
            values[name] = plain(only.attributes[name])
    return new_dict(tracer, values, place)


def _replaced(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """A copy of a dataclass's instance with some fields changed."""
    only = arguments[0] if arguments else None
    if not isinstance(only, Instance) or "**" in keywords:
        return Unknown("a changed copy of something unknown", place)
    made = Instance(only.cls, place, {**only.attributes, **keywords}, only.is_complete)
    tracer.heap.born(made, made.attributes)
    return made


def _sqrt(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else None
    if isinstance(value, (int, float)) and value >= 0:
        return math.sqrt(value)
    if isinstance(value, Size):
        return value**0.5
    if isinstance(value, Signal):
        return tracer.add_layer("unknown", "sqrt", place, (value,), reason="a square root of a signal")
    return TensorValue(None) if isinstance(value, TensorValue) else Unknown("a root of something unknown", place)


MOST_REPEATS = 1_024
"""Items of an ``itertools.repeat`` that are listed."""


def _repeat(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    count = arguments[1] if len(arguments) > 1 else keywords.get("times")
    if not arguments or not isinstance(count, int) or count > MOST_REPEATS:
        return Unknown("a repetition of unknown length", place)
    return ListValue([arguments[0]] * count)


def _import_module(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``importlib.import_module(".part", "package")``."""
    name, package = (*arguments, keywords.get("name"), keywords.get("package"))[:2] if arguments else (None, None)
    if not isinstance(name, str):
        return Unknown("a module whose name is not known", place)
    dots = len(name) - len(name.lstrip("."))
    if dots and not isinstance(package, str):
        return Unknown("a module of a package that is not known", place)
    above = str(package).split(".")[: len(str(package).split(".")) - dots + 1] if dots else []
    dotted = ".".join([*above, name.lstrip(".")])
    found = tracer.program.module_named(scope.module, dotted)
    return found if isinstance(found, Module) else tracer.external(found.name)


PYTHON: dict[str, Builtin] = {
    "importlib.import_module": _import_module,
    "types.FunctionType": builtins.first,
    "functools.update_wrapper": builtins.first,
    "math.sqrt": _sqrt,
    "numpy.sqrt": _sqrt,
    "torch.sqrt": _sqrt,
    "math.pow": builtin_numbers.call_pow,
    "numpy.power": builtin_numbers.call_pow,
    "math.log": builtin_numbers.of_numbers(math.log),
    "math.log2": builtin_numbers.of_numbers(math.log2),
    "math.exp": builtin_numbers.of_numbers(math.exp),
    "math.erf": builtin_numbers.of_numbers(math.erf),
    "math.floor": builtin_numbers.of_numbers(math.floor),
    "math.ceil": builtin_numbers.of_numbers(math.ceil),
    "numpy.log": builtin_numbers.of_numbers(math.log),
    "numpy.log2": builtin_numbers.of_numbers(math.log2),
    "math.prod": _product,
    "numpy.prod": _product,
    "torch.device": devices.make,
    "torch.get_default_device": devices.default,
    "torch.set_default_device": devices.set_default,
    "torch.set_default_dtype": dtypes.forget,
    "functools.partial": _partial,
    "copy.deepcopy": _deepcopy,
    "copy.copy": builtins.first,
    "itertools.chain": _chain,
    "collections.OrderedDict": builtin_collections.call_dict,
    "typing.OrderedDict": builtin_collections.call_dict,
    "typing.cast": lambda tracer, arguments, keywords, place, scope: arguments[1] if len(arguments) > 1 else None,
    **trees.FUNCTIONS,
    "collections.namedtuple": records.define,
    "inspect.signature": signatures.call,
    "inspect.getattr_static": introspection.call_getattr,
    "itertools.repeat": _repeat,
    "dataclasses.replace": _replaced,
    "dataclasses.asdict": _as_dict,
    **dict.fromkeys(PARSERS, _parser),
    **dict.fromkeys(NAMESPACES, _namespace),
}
