"""Patterns of words for axes: ``"b n (h d) -> b h n d"``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from initlint.finding import Place
from initlint.frameworks import einops
from initlint.network.layout import Axes
from initlint.tracing import einsum, tensors
from initlint.tracing.unknown_calls import signals_in
from initlint.tracing.values import DictValue, LayerValue, TensorValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

Groups: TypeAlias = tuple[tuple[str, ...], ...]
"""The axes of one side: the words that are merged in each; ``"..."`` stands for any number of axes."""
GROUP = re.compile(r"\(([^()]*)\)|(\.\.\.|[^\s()]+)")
REST = ("...",)


def sides(pattern: Value) -> tuple[Groups, Groups] | None:
    """Both sides of a pattern; `None` for what is none."""
    if not isinstance(pattern, str) or pattern.count("->") != 1:
        return None
    left, right = ((*map(_group, GROUP.finditer(side)),) for side in pattern.split("->"))
    return left, right


def _group(found: re.Match[str]) -> tuple[str, ...]:
    words = found[1].split() if found[1] is not None else [found[2]]
    return tuple(word for word in words if word != "1")


def call(tracer: Tracer, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place) -> Value:
    """A function of einops, on what is moved and its pattern."""
    kind = einops.FUNCTIONS[name]
    signals = [signal for value in arguments for signal in signals_in(value)]
    if not signals:
        return _on_tensor(arguments)
    if kind == "einsum":
        return einsum.contract(tracer, arguments[-1], arguments[:-1], place, has_words=True)
    pattern = arguments[1] if len(arguments) > 1 else keywords.get(einops.PATTERN)
    if kind == "pack":
        op = "concat" if len(signals) > 1 else "reshape"
        return tracer.add_layer(op, kind, place, signals, options=_packed(pattern)), Unknown("shapes")
    if kind == "unpack":
        return tracer.add_layer("reshape", "split", place, signals[:1])
    if kind == "reduce":
        reduction = arguments[2] if len(arguments) > 2 else keywords.get("reduction")
        options = pooled(pattern, reduction)
        reason = "" if options else "a reduction that is not followed"
        return tracer.add_layer(
            "pool" if options else "unknown", kind, place, signals[:1], options=options, reason=reason
        )
    return tracer.add_layer("reshape", kind, place, signals[:1], options=moved(pattern, keywords))


def _on_tensor(arguments: Sequence[Value]) -> Value:
    """Of a tensor that is no signal: the same memory, or values that are not followed."""
    first = arguments[0] if arguments else None
    return tensors.alias(first, None) if isinstance(first, TensorValue) else Unknown("a rearrangement")


def options_of(module: LayerValue) -> dict[str, object]:
    """Of a layer with a pattern."""
    pattern, given = module.arguments[einops.PATTERN], module.arguments.get(einops.SIZES)
    if "reduction" in module.arguments:
        return pooled(pattern, module.arguments["reduction"])
    return moved(
        pattern, {str(key): value for key, value in given.items.items()} if isinstance(given, DictValue) else {}
    )


def _packed(pattern: Value) -> dict[str, object]:
    """The axis along which signals are joined, where the pattern has a star."""
    words = pattern.split() if isinstance(pattern, str) else []
    return {"axis": words.index("*") if "*" in words else None}


def moved(pattern: Value, sizes: Mapping[str, Value]) -> dict[str, object]:
    """What a rearrangement does to the axes, and whether it goes beyond those of the units."""
    found = sides(pattern)
    if found is None:
        return {"regroups": True}
    left, right = found
    known = {word: size for word, size in sizes.items() if isinstance(size, int)}
    behind = right.index(REST) + 1 if REST in right else 0
    entries = tuple(_entry(group, left, known) for group in right[behind:])
    return {"layout": Axes(entries, is_whole=REST not in right), "regroups": _regroups(left, right)}


def _entry(group: tuple[str, ...], left: Groups, known: Mapping[str, int]) -> int | tuple[int, int] | None:
    """The width of a new axis, or the axis that it is a part of."""
    if all(word in known for word in group):
        return math.prod(known[word] for word in group)
    at = next((index for index, inside in enumerate(left) if set(group) <= set(inside)), None)
    if at is None or REST in left[at:]:
        return None
    others = [known.get(word) for word in left[at] if word not in group]
    whole = [other for other in others if other is not None]
    return (at - len(left), math.prod(whole)) if len(whole) == len(others) else None


def _regroups(left: Groups, right: Groups) -> bool:
    """Whether places become others: only the last axis, of the units, may be split, and merged with that of the samples."""
    units = set(left[-1]) if left else set()
    is_split = any(len(group) > 1 for group in left[:-1])
    samples = next((group for group in right if left and left[0] and left[0][0] in group), ())
    return is_split or any(word not in units for word in samples[1:])


def pooled(pattern: Value, reduction: Value) -> dict[str, object]:
    """Of a reduction over whole axes by their mean or largest; empty for any other."""
    found = sides(pattern)
    variant = einops.REDUCTIONS.get(reduction) if isinstance(reduction, str) else None
    if found is None or variant is None or any(len(group) > 1 or group == REST for side in found for group in side):
        return {}
    left, right = found
    return {"variant": variant, "axes": tuple(at for at, group in enumerate(left) if group and group not in right)}
