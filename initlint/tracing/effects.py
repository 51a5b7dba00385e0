"""What a function did to the one tensor it was given, remembered: the same init function runs on hundreds of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.network import Write
from initlint.tracing.values import FunctionValue, TensorValue, Value, is_plain

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

NEW = object()
"""Says that a call has not been seen before."""
Key = tuple[object, ...]


@dataclass(frozen=True)
class Effect:
    """The writes a call added to its tensor, and what it gave back."""

    writes: tuple[Write, ...]
    result: Value
    gives_tensor: bool


def recall(tracer: Tracer, function: FunctionValue, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """Does again what an equal call did, and gives its result; `NEW` if there was none."""
    tensor = _only_tensor(arguments)
    if tensor is None or tensor.parameter is None:
        return NEW
    key = _key(function, tensor, arguments, keywords)
    effect = tracer.effects.get(key) if key is not None else None
    if effect is None:
        return NEW
    if effect.writes:
        parameter = tensor.parameter
        tracer.heap.set_field(parameter, "writes", (*parameter.writes, *effect.writes))
    return tensor if effect.gives_tensor else effect.result


def watched(
    tracer: Tracer,
    function: FunctionValue,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    run: Callable[[], Value],
) -> Value:
    """The result of a call, which `run` runs; what it did is remembered if all it did was to write to its tensor."""
    tensor = _only_tensor(arguments)
    key = None if tensor is None else _key(function, tensor, arguments, keywords)
    if tensor is None or tensor.parameter is None or key is None:
        return run()
    before = tensor.parameter.writes
    met = tracer.record.sizes, tracer.record.fails
    with tracer.heap.watching() as branch:
        result = run()
    after = tensor.parameter.writes
    is_alone = set(branch.before) <= {(id(tensor.parameter), "writes")}
    is_repeatable = result is tensor or is_plain(result)
    if (
        is_alone
        and is_repeatable
        and met == (tracer.record.sizes, tracer.record.fails)
        and after[: len(before)] == before
    ):
        tracer.effects[key] = Effect(after[len(before) :], result, result is tensor)
    return result


def _only_tensor(arguments: Sequence[Value]) -> TensorValue | None:
    """The first argument, if it is a tensor and all others are plain."""
    if arguments and isinstance(arguments[0], TensorValue) and all(is_plain(each) for each in arguments[1:]):
        return arguments[0]
    return None


def _key(
    function: FunctionValue, tensor: TensorValue, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> Key | None:
    if tensor.parameter is None or not all(is_plain(value) for value in keywords.values()):
        return None
    last = tensor.parameter.last
    law = last.distribution if last is not None else None
    named = tuple(sorted(keywords.items(), key=lambda item: item[0]))
    kind = (tensor.shape, tensor.is_part, tensor.rows, tensor.is_trained, tensor.parameter.role, law)
    return (id(function.node), id(function.scope), kind, *map(_typed, arguments[1:]), *named)


def _typed(value: Value) -> Value:
    return (type(value), value)
