"""Functions on signals, some under other names than Keras': those are layers' or initialisers' elsewhere."""

from __future__ import annotations

from typing import Any

import torch

from .activations import ACTIVATIONS, linear
from .shapes import SHAPE, shape_of, shaped


def reshape(x: Any, newshape: Any, **more: Any) -> Any:
    return x.reshape(newshape)


def cast(x: Any, dtype: Any = None, **more: Any) -> Any:
    return x


def stop_gradient(x: Any, **more: Any) -> Any:
    return shaped(x.detach(), getattr(x, SHAPE, None))


def matmul(x1: Any, x2: Any, transpose_a: bool = False, transpose_b: bool = False, **more: Any) -> Any:
    left = x1.transpose(-2, -1) if transpose_a else x1
    return torch.matmul(left, x2.transpose(-2, -1) if transpose_b else x2)


def mean(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.mean(x, axis, keepdims)


def summed(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.sum(x, axis, keepdims)


def transpose(x: Any, axes: Any = None, **more: Any) -> Any:
    return x.permute(axes)


def expand_dims(x: Any, axis: int = -1, **more: Any) -> Any:
    return x.unsqueeze(axis)


def squeeze(x: Any, axis: Any = None, **more: Any) -> Any:
    return x.squeeze(axis)


def stack(values: Any, axis: int = 0, **more: Any) -> Any:
    return torch.stack(values, axis)


def plus(x: Any, y: Any, **more: Any) -> Any:
    return shaped(x + y, shape_of(x))


def minus(x: Any, y: Any, **more: Any) -> Any:
    return shaped(x - y, shape_of(x))


def times(x: Any, y: Any, **more: Any) -> Any:
    return shaped(x * y, shape_of(x))


def over(x: Any, y: Any, **more: Any) -> Any:
    return shaped(x / y, shape_of(x))


def exp(x: Any, **more: Any) -> Any:
    return torch.exp(x)


def log(x: Any, **more: Any) -> Any:
    return torch.log(x)


def sqrt(x: Any, **more: Any) -> Any:
    return torch.sqrt(x)


def square(x: Any, **more: Any) -> Any:
    return torch.square(x)


def absolute(x: Any, **more: Any) -> Any:
    return torch.abs(x)


def get(identifier: Any) -> Any:
    if identifier is None:
        return linear
    return ACTIVATIONS[identifier] if isinstance(identifier, str) and identifier in ACTIVATIONS else identifier
