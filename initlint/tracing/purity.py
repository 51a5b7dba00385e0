"""Calls that do nothing but give a plain value, remembered: ``is_torch_available()`` is asked a thousand times over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing.values import Device, Either, ExternalValue, FunctionValue, Many, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

LEAST_STEPS = 16
"""What a call has to take to be worth remembering."""
MOST_FAILURES = 8
"""Calls of one function that were more than a plain value; it is not watched any longer, since that takes time."""
Key = tuple[object, ...]
_NEW = object()
"""Says that a call has not been seen before."""
PLAIN = frozenset({type(None), bool, int, float, str, Size, ExternalValue})
"""Types of values that nothing can change."""


@dataclass
class Purity:
    """What is known of the functions that have been called with plain values, and what they gave."""

    given: dict[Key, Value] = field(default_factory=dict)
    failures: Counter[int] = field(default_factory=Counter)
    """How often each function, by identity of node, changed something or gave what cannot be shared."""

    def may_be_pure(self, node: facts.Function | facts.Lambda) -> bool:
        return self.failures[id(node)] < MOST_FAILURES


def once(
    tracer: Tracer,
    function: FunctionValue,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    run: Callable[[], Value],
) -> Value:
    """The result of a call, which `run` runs unless an equal one did nothing but give a plain value, and nothing that it may
    read has changed since."""
    purity = tracer.purity
    key = _key(tracer, function, arguments, keywords) if purity.may_be_pure(function.node) else None
    if key is None or not _is_pristine(tracer):
        return run()
    known = purity.given.get(key, _NEW)
    return _observed(tracer, function, key, run) if known is _NEW else known


def _observed(tracer: Tracer, function: FunctionValue, key: Key, run: Callable[[], Value]) -> Value:
    """The result of a call; it is remembered if that is all the call did."""
    before, steps = _met(tracer), tracer.steps
    with tracer.heap.watching() as branch:
        result = run()
    is_changed = any(new is not old for _, _, old, new in branch.changes())
    if is_changed or before != _met(tracer) or not _is_plain(result):
        tracer.purity.failures[id(function.node)] += 1
    elif tracer.steps - steps >= LEAST_STEPS:
        tracer.purity.given[key] = result
    return result


def _met(tracer: Tracer) -> tuple[object, ...]:
    """What differs once something was met that matters to a network, or read that is the root's own."""
    return tracer.record.sizes, tracer.record.fails, tracer.reads_of_own


def _is_pristine(tracer: Tracer) -> bool:
    """Whether all that roots share is as it was at their beginning."""
    if tracer.kept.is_changed or tracer.patches:
        return False
    return tracer.default_device == _DEVICE and tracer.default_dtype == _DTYPE


_DEVICE, _DTYPE = Device("cpu"), ExternalValue(framework.DEFAULT_DTYPE)
"""Defaults of a program that sets none."""


def _key(
    tracer: Tracer, function: FunctionValue, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Key | None:
    """Which call it is; `None` for methods, inner functions, and what is given anything that can change."""
    is_shared = function.scope.parent is None or id(function.scope.names) in tracer.kept
    if function.defining is not None or not is_shared:
        return None
    if not all(map(_is_plain, arguments)) or not all(map(_is_plain, keywords.values())):
        return None
    named = tuple((name, _marked(keywords[name])) for name in sorted(keywords))
    return (id(function.node), id(function.scope), *map(_marked, arguments), *named)


def _marked(value: Value) -> object:
    """A value in a key; 1, 1.0 and True are three, and all that is not known is one."""
    if isinstance(value, tuple):
        return tuple(map(_marked, value))
    if isinstance(value, Many):
        return (Many, *map(_marked, value.items))
    return (type(value), value.is_conditional if isinstance(value, Unknown) else value)


def _is_plain(value: Value) -> bool:
    if isinstance(value, (tuple, Many)):
        return all(map(_is_plain, value if isinstance(value, tuple) else value.items))
    return type(value) in PLAIN or (
        isinstance(value, Unknown) and value.loaded is None and not isinstance(value, Either)
    )
