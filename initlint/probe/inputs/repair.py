"""What a failed trial says of the inputs: plans that may mend it, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from initlint.probe.inputs.guess import STEPS, input_of_rank
from initlint.probe.inputs.plan import Argument, Plan
from initlint.probe.inputs.resize import History, ratio_changes, with_size
from initlint.probe.inputs.spec import BATCH, Input
from initlint.probe.inputs.trial import Call, Failure, sources_of

NUMBERS = (
    re.compile(
        r"expect\D{0,60}?(?P<wanted>\d+)\D{0,40}?(?:got|found|but|received|instead of)\D{0,30}?(?P<actual>\d+)", re.I
    ),
    re.compile(r"\((?P<actual>\d+)\) doesn't match model \((?P<wanted>\d+)\)"),
    re.compile(r"Given groups=.*expected input\[.*\] to have (?P<wanted>\d+) channels, but got (?P<actual>\d+)"),
    re.compile(r"size of tensor a \((?P<actual>\d+)\) must match the size of tensor b \((?P<wanted>\d+)\)"),
    re.compile(r"running_mean should contain (?P<actual>\d+) elements not (?P<wanted>\d+)"),
)
"""Errors that name the size found and the size needed."""

MULTIPLE = re.compile(r"divisible by(?: the)?(?: patch size)?\D{0,20}(\d+)|in chunks of (\d+)|multiple of (\d+)", re.I)
RANK = re.compile(
    r"(?:expected|requires?|be)\D{0,40}?(?P<rank>\d)[- ]?D\b|expected (?P<dims>\d) dims?\b|must have (?P<more>\d) dim",
    re.I,
)
UNPACK = re.compile(r"values to unpack \(expected (?P<rank>\d)")
LACKS_AXIS = re.compile(
    r"Dimension out of range|tuple index out of range|too many indices for tensor|number of dims", re.I
)
VIEW = re.compile(r"shape '\[(?P<shape>[-\d, ]+)\]' is invalid for input of size (?P<size>\d+)")
SHOULD_BE = re.compile(
    r"\(?(?P<actual>(?:\d+, ?)*\d+)[\])].{0,20}should be \[?\(?(?P<wanted>(?:\d+, ?)+\d*)\)?|"
    r"[Ee]xpected hidden(?:\[\d\])? size \((?P<state>[\d, ]+)\)"
)
TOO_SMALL = re.compile(
    r"Kernel size can't be greater|[Oo]utput size is too small|Padding size should be less|too small|non-empty|"
    r"non-zero size|more than 1 value per channel|must be greater|Padding length|mask_length",
)
WANTS_INTEGERS = re.compile(
    r"scalar types?:? (?:Long|Int)|expected.{0,40}\b(?:Long|int64)\b|must be (?:long|int)|used as indices must be|"
    r"index tensor|integer type|only integer",
    re.I,
)
WANTS_FLOATS = re.compile(
    r"but (?:got|found) (?:Long|Int|Bool)|Long and Float|float.{0,40}(?:Long|Int|Bool)\b|not implemented for '(?:Long|Int|Bool)'|"
    r"(?:floating point|complex) .{0,20}dtype|Long(?:Tensor)?\) and weight type|Long != float",
    re.I,
)


FAULTS = (NameError, ImportError, ZeroDivisionError, NotImplementedError, RecursionError)
"""What no other input would mend."""


@dataclass(frozen=True)
class Mismatch:
    """A size that a call found in one of its tensors, and the one it needs."""

    actual: int
    wanted: int
    sources: frozenset[str]
    axis: int
    """Where the size is in a tensor that comes straight from the argument; negative: from the end."""


def repairs(failure: Failure, history: History) -> Iterator[Plan]:
    """Plans that may mend the failure."""
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
            yield from (failure.plan.with_argument(with_rank(argument, rank, failure)) for rank in (4, 3, 2))


def _known(argument: Argument, spec: Input) -> tuple[int, ...]:
    """The last axis stays known if it was and keeps its size."""
    last = len(argument.shape) - 1
    is_kept = last in argument.fixed and spec.shape and spec.shape[-1] == argument.shape[-1]
    return (len(spec.shape) - 1,) if is_kept else ()


def is_about_inputs(failure: Failure) -> bool:
    """Whether the failure looks like one of shapes or types, rather than a fault that any input would meet."""
    if isinstance(failure.error, FAULTS):
        return False
    if isinstance(failure.error, (AttributeError, TypeError, KeyError, OSError, MemoryError)) and failure.call is None:
        return bool(re.search(r"NoneType|'Tensor' object|not Tensor", failure.text))
    patterns = (MULTIPLE, RANK, UNPACK, LACKS_AXIS, VIEW, SHOULD_BE, TOO_SMALL, WANTS_INTEGERS, WANTS_FLOATS, *NUMBERS)
    is_check = isinstance(failure.error, AssertionError)
    return is_check or failure.call is not None or any(pattern.search(failure.text) for pattern in patterns)


# --------------------------------------------------------------------------------------------------- types and None


def _given_instead_of_none(failure: Failure) -> Iterator[Plan]:
    if "NoneType" not in failure.text and "must be Tensor, not None" not in failure.text:
        return
    for argument in failure.plan.arguments:
        if argument.spec is None and argument.value is None:
            for spec in argument.alternatives:
                yield failure.plan.with_argument(argument.with_spec(spec))


def _types(failure: Failure) -> Iterator[Plan]:
    call = failure.call
    if call is not None and call.function == "embedding" and failure.text == "index out of range in self":
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


def mismatches(failure: Failure) -> Iterator[Mismatch]:
    """Sizes that the failed call found and needed, by what the call does."""
    call = failure.call
    if call is None:
        return
    tensors = [tensor for tensor in call.tensors if tensor.dim() > 0]
    if not tensors:
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
    numbers = 1
    for size in inner:
        numbers *= size
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
    """Free sizes doubled, and times eight for what shrinks fast, as raw audio does."""
    for factor in (2, 8):
        for argument in plan.drawn():
            sizes = {axis: int(argument.shape[axis]) * factor for axis in argument.free_axes}
            if sizes and argument.spec is not None and not argument.spec.is_integer:
                yield plan.with_argument(argument.resized(sizes, is_known=False))
