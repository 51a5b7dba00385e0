"""Layers that join several signals."""

from __future__ import annotations

from typing import Any

import torch

from .core import Layer, Same
from .shapes import shape_of, shaped


class Add(Same):
    def call(self, inputs: Any) -> Any:
        total = inputs[0]
        for each in inputs[1:]:
            total = total + each
        return total


class Subtract(Same):
    def call(self, inputs: Any) -> Any:
        return inputs[0] - inputs[1]


class Multiply(Same):
    def call(self, inputs: Any) -> Any:
        product = inputs[0]
        for each in inputs[1:]:
            product = product * each
        return product


class Average(Add):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs) / len(inputs)


def joined(values: Any, axis: int = -1, **more: Any) -> Any:
    whole = torch.cat(values, axis)
    if axis != -1:
        return whole
    shapes = [shape_of(each) for each in values]
    if None in shapes:
        return whole
    return shaped(whole, (*shapes[0][:-1], sum(shape[-1] for shape in shapes)))  # type: ignore[index]


class Concatenate(Layer):
    def __init__(self, axis: int = -1, **more: Any) -> None:
        super().__init__(**more)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return joined(inputs, self.axis)


def add(inputs: Any, **more: Any) -> Any:
    return Add()(inputs)


def multiply(inputs: Any, **more: Any) -> Any:
    return Multiply()(inputs)


def concatenate(inputs: Any, axis: int = -1, **more: Any) -> Any:
    return Concatenate(axis)(inputs)
