"""The shapes that signals carry along, so that layers can be built on their first call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.fx import Proxy

SHAPE = "_keras_shape"
Shape = tuple[Any, ...] | None


def shape_of(inputs: Any) -> Shape:
    first = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
    found: Shape = getattr(first, SHAPE, None)
    return found


def shaped(signal: Any, shape: Shape) -> Any:
    if shape is not None and isinstance(signal, Tensor):
        setattr(signal, SHAPE, shape)
    return signal


def Input(  # noqa: N802 - the name is Keras'
    shape: Sequence[Any] | None = None, batch_size: int | None = None, name: Any = None, **more: Any
) -> Any:
    return shaped(Proxy(name), None if shape is None else (batch_size, *shape))


class InputLayer:
    def __init__(
        self, shape: Sequence[Any] | None = None, input_shape: Sequence[Any] | None = None, **more: Any
    ) -> None:
        given = input_shape if shape is None else shape
        self.given_shape = None if given is None else (None, *given)
