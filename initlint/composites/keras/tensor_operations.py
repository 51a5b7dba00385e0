"""Functions that move, compare and pick entries, under names of their own: Keras' are layers' or initialisers' elsewhere."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from .shapes import shape_of, shaped


def sizes_of(inputs: Any, **more: Any) -> Any:
    return inputs.shape


def einstein_sum(subscripts: Any, *operands: Any, **more: Any) -> Any:
    return torch.einsum(subscripts, *operands)


def smaller(x1: Any, x2: Any, **more: Any) -> Any:
    return shaped(torch.minimum(x1, x2), shape_of(x1))


def larger(x1: Any, x2: Any, **more: Any) -> Any:
    return shaped(torch.maximum(x1, x2), shape_of(x1))


def expanded(x: Any, shape: Any, **more: Any) -> Any:
    return x.expand(shape)


def raised(x1: Any, x2: Any, **more: Any) -> Any:
    return shaped(x1**x2, shape_of(x1))


def counted(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    return torch.arange(start) if stop is None else torch.arange(start, stop, step)


def inverse_root(x: Any, **more: Any) -> Any:
    return shaped(torch.rsqrt(x), shape_of(x))


def inverse(x: Any, **more: Any) -> Any:
    return shaped(1 / x, shape_of(x))


def negated(x: Any, **more: Any) -> Any:
    return shaped(-x, shape_of(x))


def chosen(condition: Any, x1: Any = None, x2: Any = None, **more: Any) -> Any:
    return torch.where(condition, x1, x2)


def pieces(x: Any, indices_or_sections: Any, axis: int = 0, **more: Any) -> Any:
    if isinstance(indices_or_sections, int):
        return torch.chunk(x, indices_or_sections, axis)
    return [x[start] for start in (0, *indices_or_sections)]


def rows_of(x: Any, num: int | None = None, axis: int = 0, **more: Any) -> Any:
    return torch.unbind(x, axis)


def bounded(x: Any, x_min: Any, x_max: Any, **more: Any) -> Any:
    return shaped(torch.clamp(x, x_min, x_max), shape_of(x))


def tiled(x: Any, repeats: Any, **more: Any) -> Any:
    return x.tile(repeats)


def repeated(x: Any, repeats: Any, axis: Any = None, **more: Any) -> Any:
    return x.repeat_interleave(repeats, axis)


def padded(x: Any, pad_width: Any, mode: Any = "constant", **more: Any) -> Any:
    return functional.pad(x, pad_width)


def cut_out(inputs: Any, start_indices: Any, shape: Any, **more: Any) -> Any:
    return inputs.narrow(0, start_indices, shape)


def written_over(inputs: Any, start_indices: Any, updates: Any, **more: Any) -> Any:
    inputs[start_indices] = updates
    return inputs


def picked(x: Any, indices: Any, axis: Any = None, **more: Any) -> Any:
    return x.index_select(axis, indices)


def picked_along(x: Any, indices: Any, axis: Any = None, **more: Any) -> Any:
    return x.gather(axis, indices)


def axis_moved(x: Any, source: Any, destination: Any, **more: Any) -> Any:
    return x.movedim(source, destination)


def axes_swapped(x: Any, axis1: Any, axis2: Any, **more: Any) -> Any:
    return x.transpose(axis1, axis2)


def turned_over(x: Any, axis: Any = None, **more: Any) -> Any:
    return x.flip(axis)


def rolled(x: Any, shift: Any, axis: Any = None, **more: Any) -> Any:
    return x.roll(shift, axis)


def cosine(x: Any, **more: Any) -> Any:
    return torch.cos(x)


def sine(x: Any, **more: Any) -> Any:
    return torch.sin(x)


def rounded_down(x: Any, **more: Any) -> Any:
    return torch.floor(x)


def zeros_as(x: Any, **more: Any) -> Any:
    return torch.zeros_like(x)


def ones_as(x: Any, **more: Any) -> Any:
    return torch.ones_like(x)


def largest_of(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.amax(x, axis, keepdims)


def smallest_of(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.amin(x, axis, keepdims)


def variance_of(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.var(x, axis, keepdim=keepdims)


def deviation_of(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return torch.std(x, axis, keepdim=keepdims)


def running_sum(x: Any, axis: Any = None, **more: Any) -> Any:
    return torch.cumsum(x, axis)


def place_of_largest(x: Any, axis: Any = None, **more: Any) -> Any:
    return torch.argmax(x, axis)


def highest(x: Any, k: int, **more: Any) -> Any:
    return torch.topk(x, k)


def classes_as_units(x: Any, num_classes: int, **more: Any) -> Any:
    return functional.one_hot(x, num_classes)


def compared(x1: Any, x2: Any, **more: Any) -> Any:
    return x1 > x2


def both(x1: Any, x2: Any, **more: Any) -> Any:
    return torch.logical_and(x1, x2)


def opposite(x: Any, **more: Any) -> Any:
    return torch.logical_not(x)


def any_of(x: Any, axis: Any = None, **more: Any) -> Any:
    return torch.any(x, axis)


def attended(query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, **more: Any) -> Any:
    return functional.scaled_dot_product_attention(query, key, value)
