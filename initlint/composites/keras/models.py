"""Models, and what they are compiled with."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .core import Layer
from .shapes import InputLayer, shape_of, shaped


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
        self.clips: bool | None = clipnorm is not None or clipvalue is not None or global_clipnorm is not None


class Adam(Optimizer):
    pass


class LossScaleOptimizer(Optimizer):
    def __init__(self, inner_optimizer: Any, *settings: Any, **more: Any) -> None:
        super().__init__(**more)
        inner = inner_optimizer.clips if isinstance(inner_optimizer, Optimizer) else None
        self.clips = self.clips or inner


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
            self.given_shape = shape_of(layer)
        elif isinstance(layer, InputLayer):
            self.given_shape = layer.given_shape
        else:
            self.layers.append(layer)

    def call(self, inputs: Any, **options: Any) -> Any:
        inputs = shaped(inputs, self.given_shape)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs
