"""The number of a row, carried by the tensors that it made, so that rows know their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor

from initlint.probe.operations import PASS, Operation
from initlint.probe.statistics import is_measurable

MARK = "_initlint_row"
"""Attribute of a tensor: number of the row that made it."""


def marks_before(what: Operation, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The rows of the arguments, read before the call: an operation in place gives its output the mark of its input."""
    return () if what.op == PASS else marks_of(args)


def mark_of(tensor: Tensor) -> int | None:
    return tensor.__dict__.get(MARK)


def marks_of(values: Iterable[Any]) -> tuple[int, ...]:
    found = (mark_of(tensor) for tensor in tensors_in(values))
    return tuple(dict.fromkeys(mark for mark in found if mark is not None))


def tensors_in(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among values, and in lists and tuples among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)
        elif isinstance(value, dict):
            yield from tensors_in(value.values())


def first_signal(value: Any) -> Tensor | None:
    return next((tensor for tensor in tensors_in((value,)) if is_measurable(tensor)), None)
