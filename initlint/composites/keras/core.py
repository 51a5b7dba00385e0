"""The base of all layers, dense layers and embeddings, and those that change nothing but the shape."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from .activations import as_activation
from .initializers import fill_weight
from .shapes import Shape, shape_of, shaped


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
        shape = shape_of(inputs)
        if shape is None:
            shape = self.given_shape
        if not self.built:
            self.build(shape)
            self.built = True
        return shaped(self.call(inputs, *rest, **options), self.shape_after(shape))

    def shape_after(self, input_shape: Any) -> Any:
        return None if input_shape is None else self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return None

    def add_loss(self, *losses: Any, **more: Any) -> None:
        pass

    def add_metric(self, *metrics: Any, **more: Any) -> None:
        pass

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
        fill_weight(weight, initializer)
        return weight


class Same(Layer):
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
        self.activation = as_activation(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        self.kernel = nn.Linear(input_shape[-1], self.units, bias=self.use_bias)
        fill_weight(self.kernel.weight, self.kernel_initializer)
        if self.use_bias:
            fill_weight(self.kernel.bias, self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        return self.activation(self.kernel(inputs))

    def shape_after(self, input_shape: Any) -> Any:
        return (None, self.units) if input_shape is None else self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)


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
        fill_weight(self.embeddings.weight, embeddings_initializer)

    def call(self, inputs: Any) -> Any:
        return self.embeddings(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None, None, self.output_dim) if input_shape is None else (*input_shape, self.output_dim)


class ReversibleEmbedding(Embedding):
    """One that gives logits of rows when it is called in reverse, with the same weights or others."""

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        logit_soft_cap: float | None = None,
        **more: Any,
    ) -> None:
        super().__init__(input_dim, output_dim, embeddings_initializer, **more)
        self.tie_weights, self.logit_soft_cap = tie_weights, logit_soft_cap
        if not tie_weights:
            self.reverse_embeddings = nn.Parameter(torch.empty(output_dim, input_dim))
            fill_weight(self.reverse_embeddings, embeddings_initializer)

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return self.embeddings(inputs)
        logits = torch.matmul(inputs, self.embeddings.weight.t() if self.tie_weights else self.reverse_embeddings)
        if self.logit_soft_cap is not None:
            logits = torch.tanh(logits / self.logit_soft_cap) * self.logit_soft_cap
        return logits


class EinsumDense(Layer):
    """A linear map over any axes. How many entries its kernel has is not worked out, and so neither what it does to scale."""

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.equation, self.bias_axes = equation, bias_axes
        self.activation = as_activation(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(None, self.kernel_initializer)
        if self.bias_axes is not None:
            self.bias = self.add_weight(None, self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        mapped = torch.einsum(self.equation, inputs, self.kernel)
        return self.activation(mapped if self.bias_axes is None else mapped + self.bias)


class Dropout(Same):
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


class GaussianDropout(Dropout):
    pass


class SpatialDropout3D(Dropout):
    pass


class Rescaling(Same):
    pass


class GaussianNoise(Same):
    def __init__(self, stddev: float, **more: Any) -> None:
        super().__init__(**more)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs


class Masking(Same):
    pass


class ActivityRegularization(Same):
    pass


class _Augmentation(Same):
    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(name=more.get("name"))
        if "input_shape" in more:
            self.given_shape = (None, *more["input_shape"])

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs


class RandomFlip(_Augmentation):
    pass


class RandomRotation(_Augmentation):
    pass


class RandomZoom(_Augmentation):
    pass


class RandomTranslation(_Augmentation):
    pass


class RandomContrast(_Augmentation):
    pass


class RandomBrightness(_Augmentation):
    pass


class Flatten(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs.flatten(1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], math.prod(input_shape[1:]))


class Permute(Layer):
    def __init__(self, dims: Any, **more: Any) -> None:
        super().__init__(**more)
        self.dims = dims

    def call(self, inputs: Any) -> Any:
        return inputs.permute(0, *self.dims)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[each] for each in self.dims))


class RepeatVector(Layer):
    def __init__(self, n: int, **more: Any) -> None:
        super().__init__(**more)
        self.n = n

    def call(self, inputs: Any) -> Any:
        return inputs.unsqueeze(1).expand(-1, self.n, -1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[-1])


class Reshape(Layer):
    def __init__(self, target_shape: Any, **more: Any) -> None:
        super().__init__(**more)
        self.target_shape = target_shape

    def call(self, inputs: Any) -> Any:
        return inputs.reshape(-1, *self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *self.target_shape)
