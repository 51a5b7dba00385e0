"""What a program asks of classes and modules: whether one derives from another, and what names there are."""

from __future__ import annotations

from initlint.frameworks import torch as framework
from initlint.tracing.values import ClassValue, ExternalValue, ListValue, TypeName, Unknown, Value


def is_subclass(value: Value, wanted: Value) -> bool | None:
    """``issubclass(value, wanted)``; `None` if it is not known."""
    if isinstance(wanted, tuple):
        answers = [is_subclass(value, each) for each in wanted]
        return True if True in answers else None if None in answers else False
    if isinstance(value, TypeName):
        return None
    if isinstance(value, ClassValue):
        return _derives(value, wanted)
    if not isinstance(value, ExternalValue) or framework.layer_spec(value.name) is None:
        return None
    if isinstance(wanted, ClassValue):
        return False
    return framework.is_subclass(value.name, wanted.name) if isinstance(wanted, ExternalValue) else None


def _derives(value: ClassValue, wanted: Value) -> bool | None:
    if wanted in value.order:
        return True
    unknown = None if value.has_unknown_base else False
    if not isinstance(wanted, ExternalValue):
        return unknown if isinstance(wanted, ClassValue) else None
    if wanted.name == framework.MODULE and value.is_module:
        return True
    externals = [base.name for base in value.order if isinstance(base, ExternalValue)]
    return True if any(framework.is_subclass(name, wanted.name) for name in externals) else unknown


def names_in(value: Value) -> Value:
    """``dir(value)``: of the framework's modules those names that the tables know, and others."""
    if isinstance(value, ExternalValue) and f"{value.name}." in framework.FUNCTIONAL_ROOTS:
        return ListValue([*framework.FUNCTIONS, *framework.WEIGHTED_FUNCTIONS], is_open=True)
    return Unknown("the names of something unknown")
