"""``inspect.signature``: what a function of the program can be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import members
from initlint.tracing.collection_construction import new_dict
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    ExternalValue,
    FunctionValue,
    Instance,
    Keywords,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.reading import facts
    from initlint.tracing.tracer import Tracer

EMPTY = ExternalValue("inspect.Parameter.empty")
"""The default of a parameter that has none."""
KINDS = {"*": "VAR_POSITIONAL", "**": "VAR_KEYWORD", "keyword": "KEYWORD_ONLY", "positional": "POSITIONAL_ONLY"}


def call(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``inspect.signature(function)``."""
    found = _function(tracer, arguments[0]) if arguments else None
    if found is None:
        return Unknown("the parameters of something unknown", place)
    function, bound = found
    taken: dict[Value, Value] = {
        each.name: _parameter(tracer, each, function.scope) for each in function.node.parameters[bound:]
    }
    return NamespaceValue({"parameters": new_dict(tracer, taken, place)})


def _function(tracer: Tracer, value: Value) -> tuple[FunctionValue, int] | None:
    """The function that a call runs, and how many of its parameters are given already."""
    if isinstance(value, FunctionValue):
        return value, 0
    if isinstance(value, BoundMethod):
        return value.function, 1
    name = "__init__" if isinstance(value, ClassValue) else "forward"
    cls = value if isinstance(value, ClassValue) else value.cls if isinstance(value, Instance) else None
    found = members.class_member(tracer, cls, name) if cls is not None else None
    return (found, 1) if isinstance(found, FunctionValue) else None


def _parameter(tracer: Tracer, node: facts.Parameter, scope: Scope) -> Value:
    default = EMPTY if node.default is None else tracer.evaluate(node.default, scope)
    kind = ExternalValue(f"inspect.Parameter.{KINDS.get(node.kind, 'POSITIONAL_OR_KEYWORD')}")
    return NamespaceValue({"name": node.name, "default": default, "kind": kind})
