"""What a failed trial says of the inputs: plans that may mend it, the likeliest first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

import torch

from initlint.probe.inputs.complaints import (
    LACKS_AXIS,
    MULTIPLE,
    NUMBERS,
    RANK,
    SHOULD_BE,
    TOO_SMALL,
    UNPACK,
    VIEW,
    WANTS_FLOATS,
    WANTS_INTEGERS,
)
from initlint.probe.inputs.guess import STEPS, guess_entry, input_of_rank
from initlint.probe.inputs.mismatch import mismatches
from initlint.probe.inputs.plan import Argument, Plan
from initlint.probe.inputs.resize import USUAL_SIDES, History, ratio_changes, with_size
from initlint.probe.inputs.spec import BATCH, Input
from initlint.probe.inputs.trial import Call, Failure, sources_of


def repairs(failure: Failure, history: History) -> Iterator[Plan]:
    """Plans that may mend the failure."""
    yield from _looked_up(failure)
    yield from _given_instead_of_none(failure)
    yield from _types(failure)
    yield from _ranks(failure)
    yield from _shapes(failure)
    for mismatch in mismatches(failure):
        yield from with_size(failure.plan, mismatch.sources, mismatch.actual, mismatch.wanted, mismatch.axis)
        yield from ratio_changes(failure.plan, mismatch.sources, mismatch.actual, mismatch.wanted, history)
    yield from _sizes_by_text(failure)


def alternatives(failure: Failure) -> Iterator[Plan]:
    """Other forms of the arguments, where the error says nothing."""
    for argument in failure.plan.arguments:
        for spec in argument.alternatives:
            if spec != argument.spec:
                yield failure.plan.with_argument(argument.with_spec(spec, *_known(argument, spec)))
    for argument in failure.plan.drawn():
        if argument.spec is not None and argument.spec.dtype is None:
            yield from (failure.plan.with_argument(with_rank(argument, rank, failure)) for rank in (4, 3, 2, 5))


def usual_sides(failure: Failure) -> Iterator[Plan]:
    """Images of the usual sizes, where the model only says no."""
    for argument in failure.plan.drawn() if failure.call is None else ():
        if len(argument.shape) == 4 and len(argument.free_axes) >= 2:
            for side in USUAL_SIDES:
                sizes = dict.fromkeys(argument.free_axes[-2:], side)
                yield failure.plan.with_argument(argument.resized(sizes, is_known=False))


def _known(argument: Argument, spec: Input) -> tuple[int, ...]:
    """The last axis stays known if it was and keeps its size."""
    last = len(argument.shape) - 1
    is_kept = last in argument.fixed and spec.shape and spec.shape[-1] == argument.shape[-1]
    return (len(spec.shape) - 1,) if is_kept else ()


# --------------------------------------------------------------------------------------------------- types and None


def _looked_up(failure: Failure) -> Iterator[Plan]:
    """A dict in place of a tensor that a name is looked up in, with that entry; or one more entry."""
    plan, call = failure.plan, failure.call
    if call is not None and call.function == "getitem" and isinstance(call.args[1], str):
        for source in sorted(sources_of(call.args[0])):
            yield plan.with_entry(source.partition(".")[0], guess_entry(call.args[1], failure.model))
    elif isinstance(failure.error, KeyError) and isinstance(failure.error.args[0], str):
        for root in dict.fromkeys(argument.root for argument in plan.arguments if argument.name != argument.root):
            yield plan.with_entry(root, guess_entry(failure.error.args[0], failure.model))


def _given_instead_of_none(failure: Failure) -> Iterator[Plan]:
    if "NoneType" not in failure.text and "must be Tensor, not None" not in failure.text:
        return
    for argument in failure.plan.arguments:
        if argument.spec is None and argument.value is None:
            for spec in argument.alternatives:
                yield failure.plan.with_argument(argument.with_spec(spec))


def _types(failure: Failure) -> Iterator[Plan]:
    call = failure.call
    if call is not None and failure.text == "index out of range in self":
        yield from _smaller_ids(failure, call)
    elif WANTS_INTEGERS.search(failure.text):
        rows = _table_rows(call)
        for argument in failure.plan.drawn(_sources(call, is_float=True)):
            if argument.spec is not None and not argument.spec.is_integer:
                shape = argument.shape if argument.reason == "its name" else (BATCH, STEPS)
                for form in (shape, (BATCH,)):
                    integers = replace(argument.spec, shape=form, dtype="int64", low=0, high=rows)
                    yield failure.plan.with_argument(argument.with_spec(integers))
    elif WANTS_FLOATS.search(failure.text):
        for argument in failure.plan.drawn(_sources(call, is_float=False)):
            if argument.spec is not None and argument.spec.dtype is not None:
                floats = replace(argument.spec, dtype=None, low=None, high=None)
                yield failure.plan.with_argument(replace(argument, spec=floats))


def _smaller_ids(failure: Failure, call: Call) -> Iterator[Plan]:
    """Ids below the table's length; or a shorter sequence, where the ids are positions."""
    ids, rows = call.args[0], _table_rows(call)
    sources = sources_of(ids)
    for argument in failure.plan.drawn(sources):
        if (
            argument.spec is not None
            and argument.spec.is_integer
            and argument.spec.high != BATCH
            and (argument.spec.high or 0) > rows
        ):
            low = min(argument.spec.low or 0, rows - 1)
            yield failure.plan.with_argument(replace(argument, spec=replace(argument.spec, low=low, high=rows)))
    if ids.dim():
        yield from with_size(failure.plan, frozenset(), ids.shape[-1], rows, -1)


def _table_rows(call: Call | None) -> int:
    """Rows of the table that a call looks into; 2 where it is not known."""
    if call is None:
        return 2
    if call.function in ("embedding", "embedding_bag"):
        return int(call.argument(1, "weight").shape[0])
    if call.function == "one_hot":
        return max(int(call.argument(1, "num_classes") or 2), 2)
    if call.function == "getitem" and isinstance(call.args[0], torch.Tensor):
        return int(call.args[0].shape[0])
    return 2


def _sources(call: Call | None, *, is_float: bool) -> frozenset[str]:
    """Arguments behind the floating (or the other) tensors of a call."""
    if call is None:
        return frozenset()
    chosen = [tensor for tensor in call.tensors if tensor.is_floating_point() == is_float]
    return frozenset[str]().union(*map(sources_of, chosen))


# ------------------------------------------------------------------------------------------------------------- ranks


def _ranks(failure: Failure) -> Iterator[Plan]:
    """Another number of axes, where the error is about that."""
    call, text = failure.call, failure.text
    sources = frozenset[str]().union(*map(sources_of, call.tensors)) if call else frozenset()
    wanted = _rank_of_convolution(call)
    if wanted is None and (found := UNPACK.search(text) or RANK.search(text)):
        wanted = int(next(filter(None, found.groups())))
    for argument in failure.plan.drawn(sources):
        if wanted is not None and len(argument.shape) != wanted and 0 < wanted < 6:
            yield failure.plan.with_argument(with_rank(argument, wanted, failure))
        elif wanted is None and LACKS_AXIS.search(text) and len(argument.shape) < 4:
            yield failure.plan.with_argument(with_rank(argument, len(argument.shape) + 1, failure))
            yield failure.plan.with_argument(with_rank(argument, 4, failure))


def _rank_of_convolution(call: Call | None) -> int | None:
    """Axes of a convolution's input, if it has another number."""
    if call is None or not call.function.startswith("conv"):
        return None
    image, weight = call.argument(0, "input"), call.argument(1, "weight")
    return weight.dim() if isinstance(weight, torch.Tensor) and image.dim() != weight.dim() else None


def with_rank(argument: Argument, rank: int, failure: Failure) -> Argument:
    """The argument with as many axes: as the layer that failed, or the first of such a layer, takes them."""
    assert argument.spec is not None
    found = input_of_rank(rank, failure.module, failure.model) if argument.spec.dtype is None else None
    if found is not None:
        return argument.with_spec(Input(found[0], name=argument.spec.name), *found[1])
    width = argument.shape[-1] if argument.shape and argument.shape[-1] != BATCH else STEPS
    shapes = {
        1: (BATCH,),
        2: (BATCH, width),
        3: (BATCH, STEPS, width),
        4: (BATCH, 3, 64, 64),
        5: (BATCH, 3, 16, 64, 64),
    }
    return argument.with_spec(replace(argument.spec, shape=shapes[rank]), *([rank - 1] if rank in (2, 3) else []))


# ------------------------------------------------------------------------------------------------------------- sizes


def _shapes(failure: Failure) -> Iterator[Plan]:
    """Whole shapes that the error asks for."""
    if found := SHOULD_BE.search(failure.text):
        wanted = tuple(int(size) for size in re.findall(r"\d+", found["wanted"] or found["state"]))
        for argument in failure.plan.arguments:
            if argument.spec is not None and (found["state"] is None or argument.alternatives):
                actual = tuple(int(size) for size in re.findall(r"\d+", found["actual"] or ""))
                if found["state"] or argument.spec.sizes(2) == actual:
                    shape = tuple(BATCH if size == 2 and axis in (0, 1) else size for axis, size in enumerate(wanted))
                    yield failure.plan.with_argument(argument.with_spec(replace(argument.spec, shape=shape)))
    if found := VIEW.search(failure.text):
        sizes = [int(size) for size in found["shape"].split(",")]
        yield from _viewed(failure, sizes)


def _viewed(failure: Failure, sizes: list[int]) -> Iterator[Plan]:
    """A sample with as many numbers as the view takes, in its shape or flat."""
    inner = [size for size in sizes[1:] if size > 0]
    numbers = math.prod(inner)
    for argument in failure.plan.drawn(_sources(failure.call, is_float=True)):
        assert argument.spec is not None
        if inner and len(argument.shape) <= 2:
            yield failure.plan.with_argument(argument.with_spec(replace(argument.spec, shape=(BATCH, numbers)), 1))
        if inner:
            shaped = replace(argument.spec, shape=(BATCH, *inner))
            yield failure.plan.with_argument(argument.with_spec(shaped, *range(1, len(inner) + 1)))


def _sizes_by_text(failure: Failure) -> Iterator[Plan]:
    """What the message alone says, raised by the model's own checks or by a layer before it calls anything."""
    plan, text = failure.plan, failure.text
    if found := MULTIPLE.search(text):
        yield from _rounded(plan, int(next(filter(None, found.groups()))))
    for pattern in NUMBERS:
        if found := pattern.search(text):
            axis = 1 if "channel" in text else -1
            actual, wanted = int(found["actual"]), int(found["wanted"])
            yield from with_size(plan, frozenset(), actual, wanted, axis)
    if TOO_SMALL.search(text):
        yield from _larger(plan)
    width = getattr(failure.module, "d_model", None)
    if isinstance(width, int) and "d_model" in text:
        for argument in plan.drawn():
            if argument.spec is not None and argument.shape:
                plan = plan.with_argument(argument.resized({len(argument.shape) - 1: width}, is_known=True))
        yield plan


def _rounded(plan: Plan, unit: int) -> Iterator[Plan]:
    """Free sizes raised to a multiple."""
    for argument in plan.drawn():
        sizes = {axis: -(-int(argument.shape[axis]) // unit) * unit for axis in argument.free_axes}
        if sizes and unit:
            yield plan.with_argument(argument.resized(sizes, is_known=False))


def _larger(plan: Plan) -> Iterator[Plan]:
    """Free sizes raised: from 224 to 299 (Inception) first, and eightfold for what shrinks fast, as raw audio does."""
    for factor in (4 / 3, 2, 8):
        for argument in plan.drawn():
            if factor < 2 and len(argument.shape) < 4:
                continue
            sizes = {axis: math.ceil(int(argument.shape[axis]) * factor) for axis in argument.scaled_axes}
            if sizes and argument.spec is not None and not argument.spec.is_integer:
                yield plan.with_argument(argument.resized(sizes, is_known=False))
