"""Methods, by what they are called on; those of signals are here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.tracing import (
    applying,
    collection_methods,
    patterns,
    protocols,
    rows,
    structures,
    subscripts,
    tensor_construction,
    tensor_methods,
)
from initlint.tracing.base_methods import call_on_super
from initlint.tracing.module_methods import call_on_module
from initlint.tracing.namespaces import ParserValue, call_parser
from initlint.tracing.signal_functions import call_on_signals
from initlint.tracing.unknown_calls import call_unknown
from initlint.tracing.values import (
    Arguments,
    ClassValue,
    ContainerValue,
    DictValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Method,
    Row,
    Scope,
    ShapeOf,
    Signal,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_method(
    tracer: Tracer, method: Method, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``receiver.name(...)``."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Row) and (known := rows.call(name, (receiver, *arguments))) is not None:
        return known
    if isinstance(receiver, (int, float)) and name == "item":
        return receiver
    if isinstance(receiver, TensorValue):
        return tensor_methods.call(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, Signal):
        return _call_on_signal(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, ListValue):
        return collection_methods.call_on_list(tracer, receiver, name, arguments, place)
    if isinstance(receiver, DictValue):
        return collection_methods.call_on_dict(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, str):
        return collection_methods.call_on_string(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, SuperValue):
        return call_on_super(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, Instance) and name in protocols.METHODS and protocols.is_mapping(receiver):
        return protocols.call_on_mapping(tracer, receiver, name, arguments, place)
    if isinstance(receiver, (Instance, LayerValue, ContainerValue)):
        return call_on_module(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, ClassValue):
        return _load_class(tracer, receiver, arguments, keywords, place, scope)
    if isinstance(receiver, Unknown) and receiver.loaded is not None:
        return applying.call_on_loaded(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, ParserValue):
        return call_parser(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, (re.Pattern, re.Match)):
        return (
            patterns.call_method(receiver, name, arguments) if not keywords else Unknown(f"{name} of a pattern", place)
        )
    if isinstance(receiver, tuple) and name == "index":
        return Unknown("an index")
    return call_unknown(tracer, Unknown(f"method {name} of something unknown"), arguments, keywords, place)


def _load_class(
    tracer: Tracer, cls: ClassValue, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``Class.from_pretrained(...)``."""
    return Unknown(f"{cls.name} with its weights loaded", place, loaded=place)


def _call_on_signal(
    tracer: Tracer, receiver: Signal, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    if structures.is_input(tracer, receiver):
        held = structures.call(tracer, receiver, name, arguments, place)
        if held is not None:
            return held
    if name == "size":
        axis = arguments[0] if arguments else keywords.get("dim")
        whole = ShapeOf("the size of a signal", signal=receiver)
        return whole if axis is None else subscripts.load_item(tracer, whole, axis, place)
    if name in framework.NUMBERS_OF_TENSORS:
        return Unknown(f"the {name} of a signal", place)
    if name.startswith("new_"):
        made = tensor_construction.construct(tracer, name.removeprefix("new_"), arguments, keywords, place, scope)
        return Unknown(f"the {name} of a signal", place) if made is None else made
    if name.rstrip("_") in framework.IN_PLACE_COPIES and arguments:
        return arguments[0] if isinstance(arguments[0], Signal) else receiver
    if name in framework.CASTS_TO_WHOLE:
        return TensorValue(None, place=place)
    found = call_on_signals(tracer, name.rstrip("_"), (receiver, *arguments), keywords, place)
    if found is not None:
        return found
    return call_unknown(tracer, Unknown(f"method {name} of a signal"), (receiver, *arguments), keywords, place)
