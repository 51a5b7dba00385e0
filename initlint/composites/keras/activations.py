"""Keras' activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional


def linear(x: Any) -> Any:
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: Any = None, threshold: float = 0.0) -> Any:
    if max_value == 6:
        return functional.relu6(x)
    return functional.leaky_relu(x, negative_slope) if negative_slope else functional.relu(x)


def relu6(x: Any) -> Any:
    return functional.relu6(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    return functional.leaky_relu(x, negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    return functional.elu(x, alpha)


def selu(x: Any) -> Any:
    return functional.selu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    return functional.gelu(x)


def silu(x: Any) -> Any:
    return functional.silu(x)


def mish(x: Any) -> Any:
    return functional.mish(x)


def softplus(x: Any) -> Any:
    return functional.softplus(x)


def softsign(x: Any) -> Any:
    return functional.softsign(x)


def tanh(x: Any) -> Any:
    return torch.tanh(x)


def sigmoid(x: Any) -> Any:
    return torch.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    return functional.hardsigmoid(x)


def softmax(x: Any, axis: int = -1) -> Any:
    return functional.softmax(x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    return functional.log_softmax(x, axis)


swish = silu
ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "linear": linear,
    "relu": relu,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "swish": silu,
    "mish": mish,
    "softplus": softplus,
    "softsign": softsign,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "softmax": softmax,
    "log_softmax": log_softmax,
}


def as_activation(given: Any) -> Any:
    if given is None:
        return linear
    return ACTIVATIONS[given] if isinstance(given, str) else given
