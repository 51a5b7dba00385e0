"""Convolutions, and what pads and stretches images."""

from __future__ import annotations

import math
from typing import Any

from torch import nn
from torch.nn import functional

from .activations import as_activation
from .core import Layer
from .initializers import fill_weight


def sides_of(value: Any, axes: int) -> tuple[Any, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def length_of(length: Any, kernel: int, stride: int, padding: str) -> Any:
    if length is None:
        return None
    return math.ceil(length / stride) if padding == "same" else (length - kernel) // stride + 1


class _Conv(Layer):
    axes = 2
    made: Any = nn.Conv2d

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.filters, self.groups, self.use_bias, self.padding = filters, groups, use_bias, padding
        self.kernel_size, self.strides = sides_of(kernel_size, self.axes), sides_of(strides, self.axes)
        self.dilation_rate = dilation_rate
        self.activation = as_activation(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        padding = [side // 2 for side in self.kernel_size] if self.padding == "same" else 0
        self.kernel = self.made(
            input_shape[-1],
            self.filters,
            self.kernel_size,
            stride=self.strides,
            padding=padding,
            dilation=self.dilation_rate,
            groups=self.groups,
            bias=self.use_bias,
        )
        fill_weight(self.kernel.weight, self.kernel_initializer)
        if self.use_bias:
            fill_weight(self.kernel.bias, self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        return self.activation(self.kernel(inputs))

    def shape_after(self, input_shape: Any) -> Any:
        unknown = (None, *(None for _ in range(self.axes)), self.filters)
        return unknown if input_shape is None else self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sides = zip(input_shape[1:-1], self.kernel_size, self.strides, strict=False)
        return (input_shape[0], *[length_of(*side, self.padding) for side in sides], self.filters)


class Conv1D(_Conv):
    axes = 1
    made = nn.Conv1d


class Conv2D(_Conv):
    pass


class Conv3D(_Conv):
    axes = 3
    made = nn.Conv3d


class DepthwiseConv2D(_Conv):
    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        depthwise_initializer: Any = "glorot_uniform",
        **more: Any,
    ) -> None:
        super().__init__(
            depth_multiplier, kernel_size, strides, padding, kernel_initializer=depthwise_initializer, **more
        )
        self.depth_multiplier = depth_multiplier

    def build(self, input_shape: Any) -> None:
        self.groups = input_shape[-1]
        self.filters = self.depth_multiplier * self.groups
        super().build(input_shape)


class Conv2DTranspose(_Conv):
    made = nn.ConvTranspose2d

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, None, self.filters)


class ZeroPadding2D(Layer):
    def __init__(self, padding: Any = 1, **more: Any) -> None:
        super().__init__(**more)
        self.padding = padding

    def call(self, inputs: Any) -> Any:
        return functional.pad(inputs, self.padding)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, None, input_shape[-1])


class UpSampling2D(Layer):
    def __init__(self, size: Any = 2, data_format: Any = None, interpolation: str = "nearest", **more: Any) -> None:
        super().__init__(**more)
        self.size = size

    def call(self, inputs: Any) -> Any:
        return functional.interpolate(inputs, scale_factor=self.size)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, None, input_shape[-1])


class Conv1DTranspose(_Conv):
    axes = 1
    made = nn.ConvTranspose1d

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, self.filters)


class SeparableConv2D(Layer):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        **more: Any,
    ) -> None:
        super().__init__(name=more.get("name"))
        settings = (kernel_size, strides, padding, depth_multiplier, depthwise_initializer)
        self.depthwise = DepthwiseConv2D(*settings, use_bias=False, name="depthwise")
        self.pointwise = Conv2D(
            filters, 1, 1, "valid", None, 1, 1, activation, use_bias, pointwise_initializer, name="pointwise"
        )
        if "input_shape" in more:
            self.given_shape = (None, *more["input_shape"])

    def call(self, inputs: Any) -> Any:
        return self.pointwise(self.depthwise(inputs))


SeparableConvolution2D = SeparableConv2D


class ZeroPadding1D(ZeroPadding2D):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, input_shape[-1])


class Cropping2D(Layer):
    def __init__(self, cropping: Any = 0, **more: Any) -> None:
        super().__init__(**more)
        self.cropping = sides_of(cropping, 2)

    def call(self, inputs: Any) -> Any:
        return inputs[:, 1:-1, 1:-1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, None, input_shape[-1])


class UpSampling1D(UpSampling2D):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], None, input_shape[-1])
