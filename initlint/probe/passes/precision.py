"""How far the first step of an optimiser moves a weight, relative to its size (You et al. 2017, arXiv:1708.03888)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

ADAM_EPSILON = 1e-8
"""torch's default, as are the betas, which cancel in the first step."""
TINY, HUGE = 1e-15, 1e15
"""Norms in float32 beyond which double precision, 20 times slower, is used: squares under- and overflow there."""


def update_ratio(parameter: Tensor, gradient: Tensor, optimizer: str, learning_rate: float) -> float | None:
    """RMS of the first step over RMS of the weight.

    In closed form: SGD moves by ``lr g``, whatever its momentum; Adam by ``lr g / (|g| + epsilon)``, its two corrected
    averages being g and g² (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1). Weight decay is left out. ``None`` for other
    optimisers, for a weight of zeros, and where something is not finite.
    """
    update = _direction(gradient.detach(), optimizer.lower())
    if update is None:
        return None
    size = root_mean_square(parameter)
    ratio = learning_rate * root_mean_square(update) / size if size else math.inf
    return ratio if math.isfinite(ratio) else None


def _direction(gradient: Tensor, optimizer: str) -> Tensor | None:
    """The first step for a learning rate of 1, but for its sign."""
    if optimizer == "sgd":
        return gradient
    if optimizer not in ("adam", "adamw"):
        return None
    wide = doubled(gradient)
    return wide / (wide.abs() + ADAM_EPSILON)


def doubled(tensor: Tensor) -> Tensor:
    """In double precision, in which no square under- or overflows; on the host where the device has none."""
    tensor = tensor.detach()
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def root_mean_square(tensor: Tensor) -> float:
    """Over all entries; 0 where there are none."""
    if tensor.dtype == torch.float32:
        size = float(torch.linalg.vector_norm(tensor.detach()))
        if TINY < size < HUGE:
            return size / math.sqrt(tensor.numel())
    return float(torch.linalg.vector_norm(doubled(tensor))) / math.sqrt(max(tensor.numel(), 1))
