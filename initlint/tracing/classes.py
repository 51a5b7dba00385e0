"""Classes of the program: their bases, members and what they derive from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

from initlint.frameworks import torch as framework
from initlint.program.module import flatten, target_names
from initlint.reading import facts
from initlint.tracing import members
from initlint.tracing.values import ClassValue, ExternalValue, FunctionValue, Scope, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def build(tracer: Tracer, node: facts.Class, scope: Scope) -> ClassValue:
    """The value of a class definition."""
    bases = tuple(tracer.evaluate(base.value, scope) for base in node.bases if base.keyword is None)
    built = ClassValue(node, scope, bases, _members(node))
    built.setters = {each.name: FunctionValue(each, scope, built) for each in flatten(node.body) if _is_setter(each)}
    built.order = (built, *_linearise(bases))
    built.is_module = any(_is_module_base(base) for base in built.order)
    built.has_unknown_base = any(_is_unknown_base(base) for base in (*built.order[1:], *bases))
    return built


def _members(node: facts.Class) -> dict[str, facts.Statement]:
    members: dict[str, facts.Statement] = {}
    for statement in flatten(node.body):
        if isinstance(statement, (facts.Function, facts.Class)):
            if not _is_overload(statement):
                members[statement.name] = statement
        elif isinstance(statement, facts.Assign):
            for target in statement.targets:
                members.update(dict.fromkeys(target_names(target), statement))
    return members


def _is_overload(node: facts.Statement) -> bool:
    decorators = getattr(node, "decorators", ())
    names = [members.decorator_name(decorator) for decorator in decorators]
    return "overload" in names or "setter" in names


def _is_setter(node: facts.Statement) -> TypeGuard[facts.Function]:
    return isinstance(node, facts.Function) and "setter" in map(members.decorator_name, node.decorators)


def _linearise(bases: Sequence[Value]) -> list[ClassValue | ExternalValue]:
    """The bases in the order in which they are searched: depth first, each kept at its last mention."""
    found: list[ClassValue | ExternalValue] = []
    for base in bases:
        inherited = list(base.order) if isinstance(base, ClassValue) else [base]
        for each in inherited:
            if isinstance(each, (ClassValue, ExternalValue)):
                if each in found:
                    found.remove(each)
                found.append(each)
    return found


def _is_module_base(base: ClassValue | ExternalValue) -> bool:
    if isinstance(base, ClassValue):
        return base.is_module
    name = base.name
    return name in framework.MODULE_BASES or name in framework.CONTAINERS or framework.layer_spec(name) is not None


def _is_unknown_base(base: Value) -> bool:
    if isinstance(base, ClassValue):
        return base.has_unknown_base
    if isinstance(base, ExternalValue):
        return not (_is_module_base(base) or _is_plain_base(base.name))
    return True


def _is_plain_base(name: str) -> bool:
    """Whether a class outside the program is no module: Python's own, or one of the framework's that hold no layers."""
    root = name.partition(".")[0]
    return root == "builtins" or root in sys.stdlib_module_names or name in framework.PLAIN_BASES


# ------------------------------------------------------------------------------------------------------------ instances
