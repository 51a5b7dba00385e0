"""Truth and comparison of values that may not be known."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from initlint.signal.size import Size, is_positive
from initlint.tracing import dtypes, iteration
from initlint.tracing.values import (
    BoundMethod,
    ClassValue,
    ContainerValue,
    DictValue,
    Either,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    Native,
    Partial,
    Signal,
    TensorValue,
    TypeName,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


COMPARISONS: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def truth(tracer: Tracer, value: Value) -> bool | None:
    """Whether a value counts as true; `None` if that is not known."""
    if value is None or isinstance(value, (bool, int, float, str, tuple)):
        return bool(value)
    if isinstance(value, ListValue):
        sure = [item for item in value.items if not isinstance(item, Many)]
        return True if sure else (None if value.is_open or value.items else False)
    if isinstance(value, (DictValue, ContainerValue)):
        is_sure = any(not isinstance(item, Many) for item in value.items.values())
        return True if is_sure else (None if value.is_open or value.items else False)
    if isinstance(
        value,
        (
            BoundMethod,
            ClassValue,
            ExternalValue,
            FunctionValue,
            Instance,
            LayerValue,
            Method,
            Native,
            Partial,
            TypeName,
            re.Match,
            re.Pattern,
        ),
    ):
        return True
    if isinstance(value, Either) and not value.is_optional:
        return True
    return None


def compare(tracer: Tracer, symbol: str, left: Value, right: Value) -> bool | None:
    """``left symbol right``; `None` if that is not known."""
    if symbol in ("is", "is not", "==", "!="):
        same = _is_same(left, right, symbol.startswith("is"))
        return same if same is None or symbol in ("is", "==") else not same
    if symbol in ("in", "not in"):
        held = _holds(tracer, right, left)
        return held if held is None or symbol == "in" else not held
    try:
        return bool(COMPARISONS[symbol](left, right))
    except (TypeError, ValueError):
        return _compare_sizes(symbol, left, right)


def gives_mask(symbol: str, left: Value, right: Value) -> bool:
    """Whether a comparison is one of tensors, entry by entry."""
    is_of_tensors = isinstance(left, (Signal, TensorValue)) or isinstance(right, (Signal, TensorValue))
    return is_of_tensors and symbol in COMPARISONS and None not in (left, right)


def _compare_sizes(symbol: str, left: Value, right: Value) -> bool | None:
    """Of a width that is not known and a number: which of both is larger, where that is so whatever the width is."""
    if isinstance(left, Size) and isinstance(right, (int, float)) and right <= 0 and is_positive(left):
        return symbol in (">", ">=")
    if isinstance(right, Size) and isinstance(left, (int, float)) and left <= 0 and is_positive(right):
        return symbol in ("<", "<=")
    return None


def _is_same(left: Value, right: Value, is_identity: bool) -> bool | None:
    if isinstance(left, (Unknown, Signal)) or isinstance(right, (Unknown, Signal)):
        if None in (left, right) and any(map(_is_something, (left, right))):
            return False
        return None
    if left is None or right is None:
        return left is right
    if isinstance(left, TypeName) or isinstance(right, TypeName):
        return _is_same_type(left, right)
    if isinstance(left, Size) or isinstance(right, Size):
        return True if left == right else None
    if isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right):
        answers = [_is_same(one, other, is_identity) for one, other in zip(left, right, strict=True)]
        return False if False in answers else (None if None in answers else True)
    if isinstance(left, ListValue) or isinstance(right, ListValue):
        return _is_same_list(left, right, is_identity)
    if isinstance(left, ExternalValue) and isinstance(right, ExternalValue):
        return dtypes.is_same(left, right)
    return bool(left is right or left == right)


def _is_same_list(left: Value, right: Value, is_identity: bool) -> bool | None:
    """Of lists; one whose length is not known may stand for a tuple, too."""
    if left is right:
        return True
    is_open = any(isinstance(each, ListValue) and not _is_closed(each) for each in (left, right))
    if is_identity or not (isinstance(left, ListValue) and isinstance(right, ListValue)):
        return None if is_open else False
    if is_open or len(left.items) != len(right.items):
        return None if is_open else False
    answers = [_is_same(one, other, False) for one, other in zip(left.items, right.items, strict=True)]
    return False if False in answers else (None if None in answers else True)


def _is_closed(value: ListValue) -> bool:
    return not value.is_open and not any(isinstance(item, Many) for item in value.items)


def _is_something(value: Value) -> bool:
    """Whether it is surely not ``None``, though not known."""
    return isinstance(value, Signal) or (isinstance(value, Either) and not value.is_optional)


def _is_same_type(left: Value, right: Value) -> bool | None:
    one, other = _type_identity(left), _type_identity(right)
    return None if one is None or other is None else one == other


def _type_identity(value: Value) -> object:
    if isinstance(value, TypeName):
        of = value.of
        if isinstance(of, LayerValue):
            return of.name
        if isinstance(of, Instance):
            return of.cls
        return f"torch.nn.{of.type_name}" if isinstance(of, ContainerValue) else None
    if isinstance(value, ExternalValue):
        return value.name
    return value if isinstance(value, ClassValue) else None


def _holds(tracer: Tracer, container: Value, item: Value) -> bool | None:
    if isinstance(container, str):
        return item in container if isinstance(item, str) else None
    if isinstance(container, DictValue):
        if isinstance(item, (Unknown, Size)):
            return None
        return True if is_hashable(item) and item in container.items else (None if container.is_open else False)
    if isinstance(container, Instance) and not container.cls.is_module:
        from initlint.tracing import protocols

        return protocols.holds(tracer, container, item)
    items = iteration.items(tracer, container)
    return None if items is None else is_among(items, item)


def is_among(items: Sequence[Value], item: Value) -> bool | None:
    """Whether a value equals one of some; `None` if that is not known."""
    answers = [None if isinstance(one, Many) else _is_same(one, item, False) for one in items]
    return True if True in answers else (None if None in answers else False)


def is_hashable(value: Value) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, tuple))
