"""Norms."""

from __future__ import annotations

from typing import Any

from torch import nn

from .core import Same


class BatchNormalization(Same):
    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        is_image = input_shape is not None and len(input_shape) == 4
        made = nn.BatchNorm2d if is_image else nn.BatchNorm1d
        self.norm = made(input_shape[-1], eps=self.epsilon)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.norm(inputs)


class LayerNormalization(Same):
    def __init__(self, axis: int = -1, epsilon: float = 1e-3, **more: Any) -> None:
        super().__init__(**more)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        self.norm = nn.LayerNorm(input_shape[-1], eps=self.epsilon)

    def call(self, inputs: Any) -> Any:
        return self.norm(inputs)


class GroupNormalization(Same):
    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, **more: Any) -> None:
        super().__init__(**more)
        self.groups, self.epsilon = groups, epsilon

    def build(self, input_shape: Any) -> None:
        self.norm = nn.GroupNorm(self.groups, input_shape[-1], eps=self.epsilon)

    def call(self, inputs: Any) -> Any:
        return self.norm(inputs)
