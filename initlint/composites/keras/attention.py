"""Attention."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn import functional

from .core import Layer
from .initializers import fill_weight


class MultiHeadAttention(Layer):
    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.keys, self.values = num_heads * key_dim, num_heads * (key_dim if value_dim is None else value_dim)
        self.use_bias, self.kernel_initializer, self.bias_initializer = use_bias, kernel_initializer, bias_initializer

    def _map(self, inputs: int, outputs: int) -> Any:
        made = nn.Linear(inputs, outputs, bias=self.use_bias)
        fill_weight(made.weight, self.kernel_initializer)
        if self.use_bias:
            fill_weight(made.bias, self.bias_initializer)
        return made

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        self.query_dense, self.key_dense = self._map(width, self.keys), self._map(width, self.keys)
        self.value_dense, self.output_dense = self._map(width, self.values), self._map(self.values, width)

    def call(self, query: Any, value: Any, key: Any = None, **options: Any) -> Any:  # type: ignore[override]
        keys = self.key_dense(value if key is None else key)
        mixed = functional.scaled_dot_product_attention(self.query_dense(query), keys, self.value_dense(value))
        return self.output_dense(mixed)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
