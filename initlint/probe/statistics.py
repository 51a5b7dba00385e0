"""Statistics of many tensors at the cost of few calls, without waiting for the device before the end.

Sums and squares are taken over whole tensors at once, since they cost 0.15 ns an entry; all else comes from a sample of
each tensor, copied at once, because a later operation may write to it in place, and reduced for all tensors together.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from initlint.network.measurement import Gradient, Statistics
from initlint.probe.samples import SampleFacts, by_length, fetch, reduce_samples, take_sample

TINY, HUGE = 1e-30, 1e30
"""Mean squares in float32 beyond which the sample, in float64, is used: squares under- and overflow before values do."""
SATURATION: dict[str, tuple[float, float]] = {
    "tanh": (-0.97, 0.97),
    "sigmoid": (0.03, 0.97),
    "hardtanh": (-1.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softsign": (-0.97, 0.97),
    "relu6": (-math.inf, 6.0),
}
"""Activation -> outputs at or beyond which its slope is below 6 % of the largest (tanh' = 0.06 at 0.97)."""
BLOCK = 2**16
"""Entries of a parameter that are widened to float64 at a time: 512 KiB, which stays in the cache. On an accelerator all
are widened at once."""


@dataclass
class Taken:
    """What was taken of one tensor; the tensors in it are numbers still on the device."""

    shape: tuple[int, ...]
    dtype: str
    entries: int
    """Real numbers in it: two for each complex one."""
    activation: str = ""
    bounds: tuple[float, float] | None = None
    total: int = -1
    """Index among the collector's numbers of the sum; -1: not taken."""
    square: int = -1
    common: int = -1
    """Of the squared norm of the sum over the batch."""
    batch: int = 0
    peaks: int = -1
    """Index among the collector's vectors of the largest entry of each unit."""
    sample: int = -1


class Collector:
    """Takes statistics of tensors in the order in which they come, and resolves them at the end."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._numbers: list[Tensor] = []
        self._peaks: list[Tensor] = []
        self._samples: list[Tensor] = []
        self._taken: list[Taken] = []

    def take_signal(
        self, tensor: Tensor, activation: str = "", bounds: tuple[float, float] | None = None, unit_axis: int = -1
    ) -> int:
        """Take what `Statistics` holds of an activation; returns the handle for `Resolved.signal`."""
        values = _plain(tensor.detach())
        flat = _dense(values)
        taken = Taken(tuple(tensor.shape), _dtype_name(tensor), flat.numel(), activation, bounds)
        by_sample, taken.batch = self._by_sample(values)
        if by_sample is None:
            taken.total = self._keep(flat.sum(dtype=_wide(flat)))
        else:
            common = by_sample.sum(0, dtype=_wide(values)).view(-1)
            taken.total = self._keep(common.sum())
            taken.common = self._keep(torch.dot(common, common))
        taken.square = self._keep(_square(flat))
        if activation in ONE_SIDED and values.dim() > 1:
            self._peaks.append(_peaks(values, unit_axis))
            taken.peaks = len(self._peaks) - 1
        taken.sample = self._sample(flat)
        self._taken.append(taken)
        return len(self._taken) - 1

    def take_gradient(self, tensor: Tensor) -> int:
        """Take what `Gradient` holds; returns the handle for `Resolved.gradient`."""
        flat = _dense(_plain(tensor))
        taken = Taken(tuple(tensor.shape), _dtype_name(tensor), flat.numel())
        taken.square = self._keep(_square(flat))
        taken.sample = self._sample(flat)
        self._taken.append(taken)
        return len(self._taken) - 1

    def resolve(self) -> Resolved:
        """Everything taken, as numbers: the one transfer from the device."""
        order = by_length(self._samples)
        numbers, peaks, samples = fetch(self._numbers, self._peaks, [self._samples[index] for index in order])
        units = torch.split(peaks, [each.numel() for each in self._peaks])
        return Resolved(self._taken, numbers.tolist(), units, reduce_samples(samples, self._samples, order))

    def _by_sample(self, values: Tensor) -> tuple[Tensor | None, int]:
        """The tensor with the batch as its first axis, and the batch's size; `None` if no axis is the batch."""
        size = self._batch
        if size < 2 or values.dim() < 2:
            return None, 0
        if values.shape[0] == size:
            return values, size
        if values.shape[1] == size:
            return values.transpose(0, 1), size
        if values.shape[0] % size == 0 and values.is_contiguous():
            return values.view(size, -1), size
        return None, 0

    def _keep(self, number: Tensor) -> int:
        self._numbers.append(number)
        return len(self._numbers) - 1

    def _sample(self, flat: Tensor) -> int:
        self._samples.append(take_sample(flat))
        return len(self._samples) - 1


@dataclass(frozen=True)
class Resolved:
    """All statistics of one run, on the host."""

    taken: Sequence[Taken]
    numbers: Sequence[float]
    peaks: Sequence[Tensor]
    facts: Sequence[SampleFacts]

    def signal(self, handle: int) -> Statistics:
        """The statistics of an activation."""
        taken, fact = self.taken[handle], self.facts[self.taken[handle].sample]
        count = max(taken.entries, 1)
        peaks = self.peaks[taken.peaks] if taken.peaks >= 0 else None
        total, square = self.numbers[taken.total], self.numbers[taken.square]
        mean, second = total / count, square / count
        if not TINY < second < HUGE or not math.isfinite(mean):
            mean, second = fact.moments()
        return Statistics(
            shape=taken.shape,
            dtype=taken.dtype,
            mean=mean,
            second=second,
            abs_max=max(fact.abs_max, float(peaks.amax()) if peaks is not None else 0.0),
            zero_fraction=fact.zero,
            nonfinite_fraction=_nonfinite(total, fact, count),
            saturated_fraction=_saturated(taken, fact),
            dead_fraction=float((peaks <= 0).double().mean()) if peaks is not None else None,
            correlation=self._correlation(taken),
        )

    def gradient(self, handle: int) -> Gradient:
        """The statistics of a gradient."""
        taken, fact = self.taken[handle], self.facts[self.taken[handle].sample]
        count = max(taken.entries, 1)
        square = self.numbers[taken.square]
        mean_square = square / count
        if not TINY < mean_square < HUGE:
            mean_square = fact.moments()[1]
        return Gradient(
            mean_square=mean_square,
            elements=count,
            zero_fraction=fact.zero if square or mean_square else 1.0,
            nonfinite_fraction=_nonfinite(
                0.0 if math.isfinite(square) or fact.nonfinite == 0 else math.nan, fact, count
            ),
            lost_in_fp16=fact.lost_in_fp16,
            lost_in_bf16=fact.lost_in_bf16,
        )

    def _correlation(self, taken: Taken) -> float | None:
        """Mean cosine of two different samples: (|sum_b x_b|² / sum_b |x_b|² - 1) / (B - 1)."""
        if taken.common < 0:
            return None
        common, square = self.numbers[taken.common], self.numbers[taken.square]
        if not (math.isfinite(common) and math.isfinite(square)) or square <= 0:
            return None
        return min(max((common / square - 1) / (taken.batch - 1), -1.0), 1.0)


ONE_SIDED = frozenset({"relu", "relu6", "threshold", "softshrink", "hardshrink"})
"""Activations that give exactly 0 on a whole side: their units can be dead."""


def statistics_of(tensor: Tensor) -> Statistics:
    """The statistics of one tensor at once, over all entries in float64."""
    flat = _dense(_plain(tensor.detach()))
    flat = flat.cpu() if flat.device.type == "mps" else flat  # which has no float64
    blocks = torch.split(flat, BLOCK) if flat.device.type == "cpu" else (flat,)
    sums = torch.stack([_sums(block.double()) for block in blocks])
    total, square = sums[:, 0].sum().item(), sums[:, 1].sum().item()
    smallest, largest = sums[:, 2].amin().item(), sums[:, 3].amax().item()
    count = flat.numel()
    if not (math.isfinite(total) and math.isfinite(square)):
        return _of_finite(tensor, flat[torch.isfinite(flat)].double(), count)
    return Statistics(
        shape=tuple(tensor.shape),
        dtype=_dtype_name(tensor),
        mean=total / count,
        second=square / count,
        abs_max=largest,
        zero_fraction=0.0 if smallest else float((flat == 0).sum()) / count,
    )


def _sums(entries: Tensor) -> Tensor:
    """Sum, sum of squares, smallest and largest size."""
    return torch.stack([entries.sum(), torch.dot(entries, entries), *torch.aminmax(entries.abs())])


def _of_finite(tensor: Tensor, finite: Tensor, count: int) -> Statistics:
    usable = max(finite.numel(), 1)
    return Statistics(
        shape=tuple(tensor.shape),
        dtype=_dtype_name(tensor),
        mean=float(finite.sum()) / usable,
        second=float(finite.square().sum()) / usable,
        abs_max=float(finite.abs().amax()) if finite.numel() else 0.0,
        zero_fraction=float((finite == 0).sum()) / count,
        nonfinite_fraction=1 - finite.numel() / count,
    )


def is_measurable(value: object) -> bool:
    """Whether it is a tensor of real or complex numbers that lies in memory."""
    return (
        isinstance(value, Tensor)
        and (value.is_floating_point() or value.is_complex())
        and value.layout == torch.strided
        and not value.is_nested
        and not value.is_meta
        and not torch._C._functorch.is_functorch_wrapped_tensor(value)
        and value.numel() > 0
    )


def _plain(values: Tensor) -> Tensor:
    return torch.view_as_real(values.resolve_conj()) if values.is_complex() else values


def _dtype_name(tensor: Tensor) -> str:
    return _name_of(tensor.dtype)


@functools.cache
def _name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dense(values: Tensor) -> Tensor:
    """All entries in one row, in memory order: a view wherever the tensor fills its memory, transposed or not."""
    if values.is_contiguous():
        return values.view(-1)
    order = sorted(range(values.dim()), key=values.stride, reverse=True)
    ordered = values.permute(order)
    return ordered.view(-1) if ordered.is_contiguous() else values.flatten()


def _wide(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32


def _square(flat: Tensor) -> Tensor:
    if flat.dtype in (torch.float32, torch.float64):
        return torch.dot(flat, flat)
    norm: Tensor = torch.linalg.vector_norm(flat, dtype=torch.float32)
    return norm.square()


def _peaks(values: Tensor, unit_axis: int) -> Tensor:
    """The largest entry of each unit: of a channel of an image, of a place on the last axis of a sequence."""
    unit = unit_axis % values.dim()
    if unit > 0:  # one axis first: a reduction over several at once is slow where the places are few
        values, unit = values.amax(0), unit - 1
    others = tuple(axis for axis in range(values.dim()) if axis != unit)
    return values.amax(others) if others else values


def _nonfinite(total: float, fact: SampleFacts, count: int) -> float:
    """A share that the sample saw, or at least one entry if only the sum over all did."""
    if fact.nonfinite:
        return fact.nonfinite
    return 0.0 if math.isfinite(total) else 1 / count


def _saturated(taken: Taken, fact: SampleFacts) -> float | None:
    bounds = taken.bounds or SATURATION.get(taken.activation)
    if bounds is None:
        return None
    low, high = bounds
    return float(((fact.entries <= low) | (fact.entries >= high)).double().mean())
