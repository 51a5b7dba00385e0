"""Keras' layers, initialisers and models in terms of PyTorch's; names and defaults are those of Keras 3.

Layers are built on their first call, once the shape of what they are given is known, which every signal carries along.
The order of axes is left as it comes: what a layer does to scale does not depend on where its channels stand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn import functional

SHAPE = "_keras_shape"
Shape = tuple[Any, ...] | None


def _shape_of(inputs: Any) -> Shape:
    first = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
    found: Shape = getattr(first, SHAPE, None)
    return found


def _shaped(signal: Any, shape: Shape) -> Any:
    if shape is not None and isinstance(signal, Tensor):
        setattr(signal, SHAPE, shape)
    return signal


def Input(  # noqa: N802 - the name is Keras'
    shape: Sequence[Any] | None = None, batch_size: int | None = None, name: Any = None, **more: Any
) -> Any:
    return _shaped(Proxy(name), None if shape is None else (batch_size, *shape))


class InputLayer:
    def __init__(
        self, shape: Sequence[Any] | None = None, input_shape: Sequence[Any] | None = None, **more: Any
    ) -> None:
        given = input_shape if shape is None else shape
        self.given_shape = None if given is None else (None, *given)


# --------------------------------------------------------------------------------------------------------- activations


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


def _activation(given: Any) -> Any:
    if given is None:
        return linear
    return ACTIVATIONS[given] if isinstance(given, str) else given


# -------------------------------------------------------------------------------------------------------- initialisers


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


def _fill(weight: Any, initializer: Any) -> None:
    if isinstance(initializer, str):
        INITIALIZERS[initializer]().fill(weight)
    elif isinstance(initializer, type):
        initializer().fill(weight)
    elif isinstance(initializer, Initializer):
        initializer.fill(weight)
    else:
        weight.data.copy_(initializer(weight.shape))


# -------------------------------------------------------------------------------------------------------------- layers


class Layer(nn.Module):
    def __init__(self, name: str | None = None, trainable: bool = True, dtype: Any = None, **more: Any) -> None:
        super().__init__()
        self.name, self.trainable, self.built = name, trainable, False
        given = more.get("input_shape", more.get("shape"))
        self.given_shape: Shape = None if given is None else (None, *given)
        if "input_dim" in more:
            self.given_shape = (None, more["input_dim"])

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def forward(self, inputs: Any, *rest: Any, **options: Any) -> Any:
        shape = _shape_of(inputs)
        if shape is None:
            shape = self.given_shape
        if not self.built:
            self.build(shape)
            self.built = True
        return _shaped(self.call(inputs, *rest, **options), self.compute_output_shape(shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return None

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **more: Any,
    ) -> Any:
        weight = nn.Parameter(torch.empty(shape))
        _fill(weight, initializer)
        return weight


class _Same(Layer):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Dense(Layer):
    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.units, self.use_bias = units, use_bias
        self.activation = _activation(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        self.kernel = nn.Linear(input_shape[-1], self.units, bias=self.use_bias)
        _fill(self.kernel.weight, self.kernel_initializer)
        if self.use_bias:
            _fill(self.kernel.bias, self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        return self.activation(self.kernel(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)


def _sides(value: Any, axes: int) -> tuple[Any, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _length(length: Any, kernel: int, stride: int, padding: str) -> Any:
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
        self.kernel_size, self.strides = _sides(kernel_size, self.axes), _sides(strides, self.axes)
        self.dilation_rate = dilation_rate
        self.activation = _activation(activation)
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
        _fill(self.kernel.weight, self.kernel_initializer)
        if self.use_bias:
            _fill(self.kernel.bias, self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        return self.activation(self.kernel(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        sides = zip(input_shape[1:-1], self.kernel_size, self.strides, strict=False)
        return (input_shape[0], *[_length(*side, self.padding) for side in sides], self.filters)


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


class _Pool(Layer):
    axes = 2
    made: Any = nn.MaxPool2d

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", **more: Any) -> None:
        super().__init__(**more)
        self.pool_size = _sides(pool_size, self.axes)
        self.strides = self.pool_size if strides is None else _sides(strides, self.axes)
        self.padding = padding
        self.pool = self.made(self.pool_size, self.strides)

    def call(self, inputs: Any) -> Any:
        return self.pool(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sides = zip(input_shape[1:-1], self.pool_size, self.strides, strict=False)
        return (input_shape[0], *[_length(*side, self.padding) for side in sides], input_shape[-1])


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


class BatchNormalization(_Same):
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
        made = nn.BatchNorm2d if len(input_shape) == 4 else nn.BatchNorm1d
        self.norm = made(input_shape[-1], eps=self.epsilon)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.norm(inputs)


class LayerNormalization(_Same):
    def __init__(self, axis: int = -1, epsilon: float = 1e-3, **more: Any) -> None:
        super().__init__(**more)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        self.norm = nn.LayerNorm(input_shape[-1], eps=self.epsilon)

    def call(self, inputs: Any) -> Any:
        return self.norm(inputs)


class Dropout(_Same):
    made: Any = nn.Dropout

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **more: Any) -> None:
        super().__init__(**more)
        self.mask = self.made(rate)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.mask(inputs)


class AlphaDropout(Dropout):
    made = nn.AlphaDropout


class SpatialDropout1D(Dropout):
    pass


class SpatialDropout2D(Dropout):
    pass


class Activation(_Same):
    def __init__(self, activation: Any, **more: Any) -> None:
        super().__init__(**more)
        self.activation = _activation(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class ReLU(_Same):
    def __init__(self, max_value: Any = None, negative_slope: float = 0.0, threshold: float = 0.0, **more: Any) -> None:
        super().__init__(**more)
        self.max_value, self.negative_slope = max_value, negative_slope

    def call(self, inputs: Any) -> Any:
        return relu(inputs, self.negative_slope, self.max_value)


class LeakyReLU(_Same):
    def __init__(self, negative_slope: float = 0.3, **more: Any) -> None:
        super().__init__(**more)
        self.negative_slope = more.get("alpha", negative_slope)

    def call(self, inputs: Any) -> Any:
        return functional.leaky_relu(inputs, self.negative_slope)


class ELU(_Same):
    def __init__(self, alpha: float = 1.0, **more: Any) -> None:
        super().__init__(**more)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return functional.elu(inputs, self.alpha)


class Softmax(_Same):
    def __init__(self, axis: int = -1, **more: Any) -> None:
        super().__init__(**more)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return functional.softmax(inputs, self.axis)


class Rescaling(_Same):
    pass


class Flatten(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs.flatten(1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], math.prod(input_shape[1:]))


class Reshape(Layer):
    def __init__(self, target_shape: Any, **more: Any) -> None:
        super().__init__(**more)
        self.target_shape = target_shape

    def call(self, inputs: Any) -> Any:
        return inputs.reshape(-1, *self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *self.target_shape)


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


class Embedding(Layer):
    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.output_dim = output_dim
        self.embeddings = nn.Embedding(input_dim, output_dim)
        _fill(self.embeddings.weight, embeddings_initializer)

    def call(self, inputs: Any) -> Any:
        return self.embeddings(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None, None, self.output_dim) if input_shape is None else (*input_shape, self.output_dim)


# -------------------------------------------------------------------------------------------------- recurrent, attention


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
        _fill(self.cell.weight_ih_l0, self.kernel_initializer)
        _fill(self.cell.weight_hh_l0, self.recurrent_initializer)
        if self.use_bias:
            _fill(self.cell.bias_ih_l0, self.bias_initializer)
            _fill(self.cell.bias_hh_l0, self.bias_initializer)

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


class Bidirectional(Layer):
    def __init__(self, layer: Any, merge_mode: str | None = "concat", **more: Any) -> None:
        super().__init__(**more)
        self.forward_layer, self.backward_layer = layer, deepcopy(layer)
        self.merge_mode = merge_mode

    def call(self, inputs: Any, **options: Any) -> Any:
        there, back = self.forward_layer(inputs), self.backward_layer(inputs)
        if self.merge_mode == "concat":
            shape = _shape_of(there)
            return _shaped(torch.cat((there, back), -1), None if shape is None else (*shape[:-1], 2 * shape[-1]))
        return there + back


class TimeDistributed(Layer):
    def __init__(self, layer: Any, **more: Any) -> None:
        super().__init__(**more)
        self.layer = layer

    def call(self, inputs: Any) -> Any:
        return self.layer(inputs)


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
        _fill(made.weight, self.kernel_initializer)
        if self.use_bias:
            _fill(made.bias, self.bias_initializer)
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


# --------------------------------------------------------------------------------------------------------------- merging


class Add(_Same):
    def call(self, inputs: Any) -> Any:
        total = inputs[0]
        for each in inputs[1:]:
            total = total + each
        return total


class Subtract(_Same):
    def call(self, inputs: Any) -> Any:
        return inputs[0] - inputs[1]


class Multiply(_Same):
    def call(self, inputs: Any) -> Any:
        product = inputs[0]
        for each in inputs[1:]:
            product = product * each
        return product


class Average(Add):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs) / len(inputs)


class Concatenate(Layer):
    def __init__(self, axis: int = -1, **more: Any) -> None:
        super().__init__(**more)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        shapes = [_shape_of(each) for each in inputs]
        joined = torch.cat(inputs, self.axis)
        if None in shapes or self.axis != -1:
            return joined
        return _shaped(joined, (*shapes[0][:-1], sum(shape[-1] for shape in shapes)))  # type: ignore[index]


def add(inputs: Any, **more: Any) -> Any:
    return Add()(inputs)


def multiply(inputs: Any, **more: Any) -> Any:
    return Multiply()(inputs)


def concatenate(inputs: Any, axis: int = -1, **more: Any) -> Any:
    return Concatenate(axis)(inputs)


# ------------------------------------------------------------------------------------------------------------ operations


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


# --------------------------------------------------------------------------------------------------------------- models


class Loss:
    kind = ""

    def __init__(self, from_logits: bool = False, **more: Any) -> None:
        self.from_logits = from_logits


class CategoricalCrossentropy(Loss):
    kind = "categorical"


class SparseCategoricalCrossentropy(Loss):
    kind = "categorical"


class BinaryCrossentropy(Loss):
    kind = "binary"


LOSSES: dict[Any, Any] = {
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
}


class Optimizer:
    def __init__(
        self,
        learning_rate: Any = 0.001,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        **more: Any,
    ) -> None:
        self.clips = clipnorm is not None or clipvalue is not None or global_clipnorm is not None


class Adam(Optimizer):
    pass


SGD = RMSprop = Adagrad = Adadelta = Adamax = Nadam = AdamW = Lion = Ftrl = Adam


class Model(Layer):
    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **more: Any) -> None:
        super().__init__(name=name)
        self.functional_outputs = outputs

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, *settings: Any, **more: Any) -> None:
        if isinstance(loss, str):
            loss = LOSSES[loss]() if loss in LOSSES else None
        kind = loss.kind if isinstance(loss, Loss) else ""
        takes_logits = loss.from_logits if isinstance(loss, Loss) else None
        clips = optimizer.clips if isinstance(optimizer, Optimizer) else False if isinstance(optimizer, str) else None
        if hasattr(self, "train_step"):  # of its own: it may bound the gradients itself
            clips = None
        self.compiled = (kind, takes_logits, clips)

    def fit(self, *data: Any, **more: Any) -> None:
        pass

    def evaluate(self, *data: Any, **more: Any) -> None:
        pass

    def summary(self, *settings: Any, **more: Any) -> None:
        pass


class Sequential(Model):
    def __init__(self, layers: Any = None, name: str | None = None, **more: Any) -> None:
        super().__init__(name=name)
        self.layers = nn.ModuleList([])
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Any) -> None:
        if isinstance(layer, Tensor):
            self.given_shape = _shape_of(layer)
        elif isinstance(layer, InputLayer):
            self.given_shape = layer.given_shape
        else:
            self.layers.append(layer)

    def call(self, inputs: Any, **options: Any) -> Any:
        inputs = _shaped(inputs, self.given_shape)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs
