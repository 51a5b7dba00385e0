"""Keras' initialisers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Initializer:
    def __init__(self, *given: Any, **more: Any) -> None:
        self.given = given

    def fill(self, weight: Tensor) -> None:
        weight.data.copy_(self(weight.shape))

    def __call__(self, shape: Any, dtype: Any = None, **more: Any) -> Tensor:
        weight = torch.empty(shape)
        self.fill(weight)
        return weight


class Zeros(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.zeros_(weight)


class Ones(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.ones_(weight)


class Constant(Initializer):
    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def fill(self, weight: Tensor) -> None:
        nn.init.constant_(weight, self.value)


class RandomNormal(Initializer):
    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev

    def fill(self, weight: Tensor) -> None:
        nn.init.normal_(weight, self.mean, self.stddev)


class TruncatedNormal(Initializer):
    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev

    def fill(self, weight: Tensor) -> None:
        nn.init.trunc_normal_(weight, self.mean, self.stddev, self.mean - 2 * self.stddev, self.mean + 2 * self.stddev)


class RandomUniform(Initializer):
    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval

    def fill(self, weight: Tensor) -> None:
        nn.init.uniform_(weight, self.minval, self.maxval)


class VarianceScaling(Initializer):
    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Any = None
    ) -> None:
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def fill(self, weight: Tensor) -> None:
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(weight)
        fan = fan_in if self.mode == "fan_in" else fan_out if self.mode == "fan_out" else (fan_in + fan_out) / 2
        spread = math.sqrt(self.scale / fan)
        if self.distribution == "uniform":
            nn.init.uniform_(weight, -math.sqrt(3) * spread, math.sqrt(3) * spread)
        else:
            nn.init.normal_(weight, std=spread)


class GlorotUniform(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.xavier_uniform_(weight)


class GlorotNormal(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.xavier_normal_(weight)


class HeUniform(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.kaiming_uniform_(weight, nonlinearity="relu")


class HeNormal(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.kaiming_normal_(weight, nonlinearity="relu")


class LecunUniform(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.kaiming_uniform_(weight, nonlinearity="linear")


class LecunNormal(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.kaiming_normal_(weight, nonlinearity="linear")


class Orthogonal(Initializer):
    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain

    def fill(self, weight: Tensor) -> None:
        nn.init.orthogonal_(weight, self.gain)


class Identity(Initializer):
    def fill(self, weight: Tensor) -> None:
        nn.init.eye_(weight)


glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal
he_uniform, he_normal = HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
zeros, ones, constant, orthogonal = Zeros, Ones, Constant, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
INITIALIZERS: dict[str, Callable[[], Initializer]] = {
    "zeros": Zeros,
    "zero": Zeros,
    "ones": Ones,
    "one": Ones,
    "normal": RandomNormal,
    "random_normal": RandomNormal,
    "uniform": RandomUniform,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "xavier_uniform": GlorotUniform,
    "xavier_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    "identity": Identity,
    "Zeros": Zeros,
    "Ones": Ones,
    "RandomNormal": RandomNormal,
    "RandomUniform": RandomUniform,
    "TruncatedNormal": TruncatedNormal,
    "VarianceScaling": VarianceScaling,
    "GlorotUniform": GlorotUniform,
    "GlorotNormal": GlorotNormal,
    "HeUniform": HeUniform,
    "HeNormal": HeNormal,
    "LecunUniform": LecunUniform,
    "LecunNormal": LecunNormal,
    "Orthogonal": Orthogonal,
    "Identity": Identity,
}


def fill_weight(weight: Any, initializer: Any) -> None:
    if isinstance(initializer, str):
        INITIALIZERS[initializer]().fill(weight)
    elif isinstance(initializer, type):
        initializer().fill(weight)
    elif isinstance(initializer, Initializer):
        initializer.fill(weight)
    else:
        weight.data.copy_(initializer(weight.shape))
