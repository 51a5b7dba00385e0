"""What the extra passes measured. Plain numbers: nothing here needs torch, and a number that has no finite value is ``None``."""

from __future__ import annotations

import math

from msgspec import Struct


class Conditioning(Struct, frozen=True, kw_only=True):
    """Singular values of the Jacobian J of one sample's output (rows) with respect to its input (columns)."""

    singular: tuple[float, ...]
    """Descending. All singular values of J if `is_exact`. Else those of J seen through a random subspace of the outputs, of
    as many dimensions as there are values: the i-th is at most the i-th largest of J and, unless J has more rows than
    columns, at least the i-th smallest (Cauchy interlacing). What is lost in rounding is 0. Empty where no gradient
    arrives or it is not finite."""
    is_exact: bool
    """Whether every output was used."""
    mean_square: float | None
    """Mean over the outputs of the squared norm of their gradient, ``tr(J Jᵀ) / outputs``: exact, or estimated without bias."""
    outputs: int
    """Real entries of one sample's output: rows of J."""
    inputs: int
    """Real entries of one sample's input: columns of J."""
    note: str = ""
    """With respect to what, and what was done about whatever couples samples or draws at random."""

    @property
    def rank(self) -> int:
        """How many of `singular` are not zero. A softmax over C classes leaves at most C - 1."""
        return sum(value > 0 for value in self.singular)

    @property
    def condition(self) -> float | None:
        """Largest over smallest of the values that are not zero: the condition number if exact, else a lower bound of it.

        ``None`` where there are no values, or those of a part of the outputs bound nothing.
        """
        if not self.rank or not (self.is_exact or (self.outputs <= self.inputs and self.rank == len(self.singular))):
            return None
        return self.singular[0] / self.singular[self.rank - 1]


class Unwritten(Struct, frozen=True, kw_only=True):
    """A parameter or buffer that construction left, wholly or in part, as the memory happened to be."""

    name: str
    share: float
    """Of its entries, 0 to 1."""
    is_buffer: bool = False


class Symmetry(Struct, frozen=True, kw_only=True):
    """Units of one weight that are equal to another unit of it. Shares of its units, 0 to 1."""

    name: str
    units: int
    weights: float
    """Their weights equal another unit's, bit for bit."""
    both: float | None
    """Their weights and their gradients do, the latter within rounding, and not zero. ``None``: there is no gradient."""
    zero_gradients: float | None
    """Their gradient is exactly zero: whether equal ones would part cannot be seen."""


class Replicas(Struct, frozen=True, kw_only=True):
    """Different parameters that hold the same values, more than one value among them."""

    names: tuple[str, ...]


class TimeGradient(Struct, frozen=True, kw_only=True):
    """What reaches the input of each time step from the last output of a recurrent module."""

    name: str
    """Path of the module."""
    steps: int
    """Length T of the longest sequence; sequences are aligned at their last step."""
    mean_squares: tuple[float | None, ...]
    """Of the gradient with respect to the input of each step, first step first; ``None`` where it is not finite."""
    rate: float | None
    """Factor of the mean square for each step back in time; 0 if it does not get back one step. ``None``: nothing reaches
    even the last step, or it is not finite one step before."""
    reach: int
    """Steps, counted from the last, over which the gradient is neither zero nor non-finite in floating point."""

    @property
    def decades(self) -> float | None:
        """log10 of the mean square at the first step over that at the last; extrapolated at `rate` beyond `reach`.

        Minus infinity for a rate of 0.
        """
        if self.rate is None:
            return None
        return (self.steps - 1) * math.log10(self.rate) if self.rate else -math.inf


class Group(Struct, frozen=True, kw_only=True):
    """Some of the weights at one optimiser step. ``None``: not finite, or there is nothing to divide by."""

    growth: float | None
    """RMS of the weights after the step over that before the first step."""
    update_ratio: float | None
    """RMS of the change over RMS of the weights before the step."""
    gradient_rms: float | None
    """Over the entries of the group."""


class Step(Struct, frozen=True, kw_only=True):
    """One step of an optimiser, always on the same batch."""

    index: int
    """From 0."""
    loss: float | None
    """Before the step; ``None`` if not finite."""
    early: Group
    """The first quarter of the weights in the order of registration."""
    late: Group
    """The last quarter."""
    every: Group
    """All weights; biases, scales and other vectors are in no group, unless there is nothing else."""
    non_finite: str = ""
    """What was first not finite: ``"loss"``, ``"gradient of fc1.weight"``, ``"fc1.weight"``; empty if nothing was."""
