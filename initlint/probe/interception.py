"""Calls that a function mode does not see as they run: the body of a function, and autograd functions of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType
from typing import Any

import torch


def body_of(function: FunctionType) -> FunctionType:
    """The function without its first step, which would hand the call to the recorder once more."""
    names = {**function.__globals__, "has_torch_function": lambda tensors: False}
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


@contextmanager
def custom_functions(around: Callable[[str, tuple[Any, ...], Callable[[], Any]], Any]) -> Iterator[None]:
    """While it lasts, every call of an autograd function goes through `around`: its name, its arguments and the call."""
    original = torch.autograd.Function.__dict__["apply"]

    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        return around(cls.__name__, args, partial(original.__func__, cls, *args, **kwargs))

    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        torch.autograd.Function.apply = original  # type: ignore[method-assign]
