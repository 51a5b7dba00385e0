"""What may be one of several things: used as each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from initlint.tracing.heap import Branch
from initlint.tracing.values import Either, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def use_each(tracer: Tracer, choice: Either, use: Callable[[Value], Value]) -> Value:
    """What it gives to use whichever it is, each use on a branch of its own."""
    branches: list[Branch] = []
    results: list[Value] = []
    for value in choice.values:
        tracer.heap.begin()
        results.append(use(value))
        branches.append(tracer.heap.take_back())
    tracer.heap.merge(*branches)
    return reduce(tracer.heap.join, results)
