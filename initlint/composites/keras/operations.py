"""Functions on signals."""

from __future__ import annotations

from typing import Any

import torch


def reshape(x: Any, newshape: Any, **more: Any) -> Any:
    return x.reshape(newshape)


def cast(x: Any, dtype: Any) -> Any:
    return x


def matmul(x1: Any, x2: Any) -> Any:
    return torch.matmul(x1, x2)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return torch.mean(x, axis, keepdims)


def transpose(x: Any, axes: Any = None) -> Any:
    return x.permute(axes)


def expand_dims(x: Any, axis: int) -> Any:
    return x.unsqueeze(axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    return x.squeeze(axis)
