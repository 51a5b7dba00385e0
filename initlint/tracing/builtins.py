"""Python's builtins, on known and unknown values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import introspection
from initlint.tracing.builtin_collections import (
    any_or_all,
    call_dict,
    call_enumerate,
    call_len,
    call_list,
    call_map,
    call_next,
    call_range,
    call_reversed,
    call_set,
    call_tuple,
    call_zip,
)
from initlint.tracing.builtin_numbers import call_pow, call_sum, number, of_numbers
from initlint.tracing.values import (
    Arguments,
    Builtin,
    ClassName,
    ClassValue,
    ContainerValue,
    Instance,
    Keywords,
    LayerValue,
    Scope,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_builtin(
    tracer: Tracer, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    function = BUILTINS.get(name)
    if function is None:
        return Unknown(f"{name} is not followed", place)
    return function(tracer, arguments, keywords, place, scope)


def first(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return arguments[0] if arguments else Unknown("nothing", place)


def _str(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if arguments else ""
    if isinstance(value, (LayerValue, Instance, ContainerValue, TypeName)):
        of = value.of if isinstance(value, TypeName) else value
        return ClassName.made(getattr(of, "type_name", "?"), of)
    if isinstance(value, tuple) and all(isinstance(each, ClassValue) for each in value):
        return f"({', '.join(_class_text(tracer, each) for each in value)})"
    if isinstance(value, ClassValue):
        return _class_text(tracer, value)
    return str(value) if isinstance(value, (str, int, float)) else Unknown("a string", place)


def _class_text(tracer: Tracer, cls: Value) -> str:
    assert isinstance(cls, ClassValue)
    return f"<class '{tracer.program.dotted_name(cls.scope.module)}.{cls.name}'>"


def _nothing(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return None


def _unknown(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return Unknown("not followed", place)


BUILTINS: dict[str, Builtin] = {
    "len": call_len,
    "range": call_range,
    "enumerate": call_enumerate,
    "zip": call_zip,
    "isinstance": introspection.call_isinstance,
    "hasattr": introspection.call_hasattr,
    "getattr": introspection.call_getattr,
    "setattr": introspection.call_setattr,
    "type": introspection.call_type,
    "list": call_list,
    "set": call_set,
    "sorted": _unknown,
    "tuple": call_tuple,
    "dict": call_dict,
    "int": number(int),
    "float": number(float),
    "round": of_numbers(round),
    "abs": of_numbers(abs),
    "max": of_numbers(max),
    "min": of_numbers(min),
    "sum": call_sum,
    "pow": call_pow,
    "reversed": call_reversed,
    "any": any_or_all("any"),
    "all": any_or_all("all"),
    "map": call_map,
    "iter": first,
    "next": call_next,
    "str": _str,
    "repr": _str,
    "callable": introspection.call_callable,
    "print": _nothing,
    "bool": _unknown,
    "super": _unknown,
    "object": _unknown,
    "filter": _unknown,
    "issubclass": introspection.call_issubclass,
    "dir": introspection.call_dir,
    "id": _unknown,
    "vars": introspection.call_vars,
    "open": _unknown,
    "property": _unknown,
    "slice": _unknown,
    "frozenset": call_set,
    "divmod": _unknown,
    "NotImplementedError": _unknown,
    "ValueError": _unknown,
    "Exception": _unknown,
    "RuntimeError": _unknown,
    "TypeError": _unknown,
    "staticmethod": first,
    "classmethod": first,
    "input": _unknown,
    "locals": introspection.call_vars,
    "globals": _unknown,
}
