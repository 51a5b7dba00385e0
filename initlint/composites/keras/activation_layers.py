"""Activations as layers."""

from __future__ import annotations

from typing import Any

from torch.nn import functional

from .activations import as_activation, relu
from .core import Same


class Activation(Same):
    def __init__(self, activation: Any, **more: Any) -> None:
        super().__init__(**more)
        self.activation = as_activation(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class ReLU(Same):
    def __init__(self, max_value: Any = None, negative_slope: float = 0.0, threshold: float = 0.0, **more: Any) -> None:
        super().__init__(**more)
        self.max_value, self.negative_slope = max_value, negative_slope

    def call(self, inputs: Any) -> Any:
        return relu(inputs, self.negative_slope, self.max_value)


class LeakyReLU(Same):
    def __init__(self, negative_slope: float = 0.3, **more: Any) -> None:
        super().__init__(**more)
        self.negative_slope = more.get("alpha", negative_slope)

    def call(self, inputs: Any) -> Any:
        return functional.leaky_relu(inputs, self.negative_slope)


class ELU(Same):
    def __init__(self, alpha: float = 1.0, **more: Any) -> None:
        super().__init__(**more)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return functional.elu(inputs, self.alpha)


class Softmax(Same):
    def __init__(self, axis: int = -1, **more: Any) -> None:
        super().__init__(**more)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return functional.softmax(inputs, self.axis)


class PReLU(Same):
    def __init__(self, alpha_initializer: Any = "zeros", **more: Any) -> None:
        super().__init__(**more)

    def call(self, inputs: Any) -> Any:
        return relu(inputs)
