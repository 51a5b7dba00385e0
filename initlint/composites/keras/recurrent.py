"""Recurrent layers, and what wraps them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn

from .core import Layer
from .initializers import fill_weight
from .shapes import shape_of, shaped


class _Recurrent(Layer):
    made: Any = nn.RNN

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        return_sequences: bool = False,
        return_state: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.units, self.use_bias, self.return_sequences = units, use_bias, return_sequences
        self.kernel_initializer, self.recurrent_initializer = kernel_initializer, recurrent_initializer
        self.bias_initializer = bias_initializer

    def build(self, input_shape: Any) -> None:
        self.cell = self.made(input_shape[-1], self.units, bias=self.use_bias, batch_first=True)
        fill_weight(self.cell.weight_ih_l0, self.kernel_initializer)
        fill_weight(self.cell.weight_hh_l0, self.recurrent_initializer)
        if self.use_bias:
            fill_weight(self.cell.bias_ih_l0, self.bias_initializer)
            fill_weight(self.cell.bias_hh_l0, self.bias_initializer)

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        sequence = self.cell(inputs)[0]
        return sequence if self.return_sequences else sequence[:, -1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units) if self.return_sequences else (input_shape[0], self.units)


class SimpleRNN(_Recurrent):
    def __init__(self, units: int, activation: Any = "tanh", use_bias: bool = True, **more: Any) -> None:
        super().__init__(units, activation, use_bias=use_bias, **more)


class GRU(_Recurrent):
    made = nn.GRU


class LSTM(_Recurrent):
    made = nn.LSTM

    def __init__(self, units: int, activation: Any = "tanh", unit_forget_bias: bool = True, **more: Any) -> None:
        super().__init__(units, activation, **more)
        self.unit_forget_bias = unit_forget_bias

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if self.use_bias and self.unit_forget_bias:
            self.cell.bias_ih_l0.data[self.units : 2 * self.units].fill_(1.0)


class _Cell:
    made: Any = SimpleRNN

    def __init__(self, units: int, *settings: Any, **more: Any) -> None:
        self.units = units

    def over_time(self, return_sequences: bool) -> Any:
        return self.made(self.units, return_sequences=return_sequences, name="cell")


class SimpleRNNCell(_Cell):
    pass


class GRUCell(_Cell):
    made = GRU


class LSTMCell(_Cell):
    made = LSTM


class RNN(Layer):
    def __init__(self, cell: Any, return_sequences: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.cell = cell.over_time(return_sequences)

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        return self.cell(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.cell.compute_output_shape(input_shape)


class Bidirectional(Layer):
    def __init__(self, layer: Any, merge_mode: str | None = "concat", **more: Any) -> None:
        super().__init__(**more)
        self.forward_layer, self.backward_layer = layer, deepcopy(layer)
        self.merge_mode = merge_mode

    def call(self, inputs: Any, **options: Any) -> Any:
        there, back = self.forward_layer(inputs), self.backward_layer(inputs)
        if self.merge_mode == "concat":
            shape = shape_of(there)
            return shaped(torch.cat((there, back), -1), None if shape is None else (*shape[:-1], 2 * shape[-1]))
        return there + back


class TimeDistributed(Layer):
    def __init__(self, layer: Any, **more: Any) -> None:
        super().__init__(**more)
        self.layer = layer

    def call(self, inputs: Any) -> Any:
        return self.layer(inputs)
