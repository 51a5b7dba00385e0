"""Pools."""

from __future__ import annotations

from typing import Any

from torch import nn

from .convolution import length_of, sides_of
from .core import Layer


class _Pool(Layer):
    axes = 2
    made: Any = nn.MaxPool2d

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", **more: Any) -> None:
        super().__init__(**more)
        self.pool_size = sides_of(pool_size, self.axes)
        self.strides = self.pool_size if strides is None else sides_of(strides, self.axes)
        self.padding = padding
        self.pool = self.made(self.pool_size, self.strides)

    def call(self, inputs: Any) -> Any:
        return self.pool(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sides = zip(input_shape[1:-1], self.pool_size, self.strides, strict=False)
        return (input_shape[0], *[length_of(*side, self.padding) for side in sides], input_shape[-1])


class MaxPooling1D(_Pool):
    axes = 1
    made = nn.MaxPool1d


class MaxPooling2D(_Pool):
    pass


class AveragePooling1D(_Pool):
    axes = 1
    made = nn.AvgPool1d


class AveragePooling2D(_Pool):
    made = nn.AvgPool2d


MaxPool1D, MaxPool2D, AvgPool1D, AvgPool2D = MaxPooling1D, MaxPooling2D, AveragePooling1D, AveragePooling2D


class _GlobalPool(Layer):
    made: Any = nn.AdaptiveAvgPool2d

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.pool = self.made(1)

    def call(self, inputs: Any) -> Any:
        return self.pool(inputs).flatten(1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], input_shape[-1])


class GlobalAveragePooling1D(_GlobalPool):
    made = nn.AdaptiveAvgPool1d


class GlobalAveragePooling2D(_GlobalPool):
    pass


class GlobalMaxPooling1D(_GlobalPool):
    made = nn.AdaptiveMaxPool1d


class GlobalMaxPooling2D(_GlobalPool):
    made = nn.AdaptiveMaxPool2d


class MaxPooling3D(_Pool):
    axes = 3
    made = nn.MaxPool3d


class AveragePooling3D(_Pool):
    axes = 3
    made = nn.AvgPool3d


MaxPool3D, AvgPool3D = MaxPooling3D, AveragePooling3D
