"""The size that a call found in one of its tensors and the one it needs, by what the call does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from initlint.probe.inputs.complaints import VIEW
from initlint.probe.inputs.trial import TRIAL_BATCH, Call, Failure, sources_of


@dataclass(frozen=True)
class Mismatch:
    """A size that a call found in one of its tensors, and the one it needs."""

    actual: int
    wanted: int
    sources: frozenset[str]
    axis: int
    """Where the size is in a tensor that comes straight from the argument; negative: from the end."""


def mismatches(failure: Failure) -> Iterator[Mismatch]:
    """Sizes that the failed call found and needed, by what the call does."""
    call = failure.call
    if call is None:
        return
    tensors = [tensor for tensor in call.tensors if tensor.dim() > 0]
    if not tensors:
        return
    if found := VIEW.search(failure.text):
        wanted = math.prod(size for size in map(int, found["shape"].split(",")[1:]) if size > 0)
        yield Mismatch(int(found["size"]) // TRIAL_BATCH, wanted, sources_of(tensors[0]), -1)
        return
    first, second = tensors[0], tensors[1] if len(tensors) > 1 else None
    if call.function == "linear" and second is not None:
        yield from _unequal(first, -1, second.shape[-1])
    elif call.function.startswith("conv") and isinstance(second, torch.Tensor):
        yield from _channels(call, first, second)
    elif call.function in ("layer_norm", "rms_norm"):
        for axis, wanted in enumerate(reversed(call.args[1]), 1):
            if first.dim() >= axis:
                yield from _unequal(first, -axis, wanted)
    elif (
        call.function in ("batch_norm", "group_norm", "instance_norm", "prelu")
        and second is not None
        and first.dim() > 1
    ):
        yield from _unequal(first, 1, second.numel())
    elif call.function in ("matmul", "mm", "bmm", "rmatmul", "addmm", "baddbmm"):
        yield from _products(tensors[-2:] if len(tensors) > 1 else tensors)
    elif call.function in ("cat", "concat", "concatenate", "stack"):
        yield from _pairs(tensors)
    elif second is not None and call.function != "getitem":
        yield from _pairs(tensors[:2])


def _unequal(tensor: torch.Tensor, axis: int, wanted: int) -> Iterator[Mismatch]:
    if tensor.shape[axis] != wanted:
        yield Mismatch(tensor.shape[axis], wanted, sources_of(tensor), axis)


def _channels(call: Call, image: torch.Tensor, weight: torch.Tensor) -> Iterator[Mismatch]:
    if image.dim() != weight.dim():
        return
    is_transposed = "transpose" in call.function
    groups = call.argument(7 if is_transposed else 6, "groups")
    groups = groups if isinstance(groups, int) else 1
    yield from _unequal(image, 1, weight.shape[0] if is_transposed else weight.shape[1] * groups)


def _products(tensors: list[torch.Tensor]) -> Iterator[Mismatch]:
    """A matrix product: the side that comes from no argument says what is wanted."""
    if len(tensors) < 2 or tensors[1].dim() == 0:
        return
    left, right = tensors
    inner = -2 if right.dim() > 1 else -1
    if not sources_of(right) or sources_of(left):
        yield from _unequal(left, -1, right.shape[inner])
    if sources_of(right):
        yield from _unequal(right, inner, left.shape[-1])


def _pairs(tensors: list[torch.Tensor]) -> Iterator[Mismatch]:
    """Tensors that meet element by element, aligned at their last axes."""
    for other in tensors[1:]:
        for axis in range(-1, -min(tensors[0].dim(), other.dim()) - 1, -1):
            for one, two in ((tensors[0], other), (other, tensors[0])):
                if sources_of(one) and one.shape[axis] != two.shape[axis] and two.shape[axis] > 1:
                    yield Mismatch(one.shape[axis], two.shape[axis], sources_of(one), axis)
