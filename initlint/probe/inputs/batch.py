"""A batch: what forward is called with, and how to draw another one like it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map

from initlint.probe.inputs.drawing import draw, generator_of
from initlint.probe.inputs.spec import BATCH, Input

BATCH_SIZE = 32
"""Samples, where they are cheap: enough for the correlation between samples and for dead units (2^-32 by chance)."""

SMALLEST_BATCH = 8
"""Samples: below that the correlation between samples is mostly noise."""

BATCH_NUMBERS = 2**21
"""Numbers in a whole batch, about: 8 images of 3 x 224 x 224 and more."""


def leaves(tree: Any) -> list[Any]:
    """What is left of nested tuples, lists and dicts."""
    return list(tree_flatten(tree)[0])


@dataclass(frozen=True)
class Recipe:
    """What a batch is drawn from: trees of `Input` (drawn), tensors (given) and anything else (passed as it is)."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    target: torch.Tensor | None = None

    @property
    def specs(self) -> list[Input]:
        return [leaf for leaf in leaves([self.args, dict(self.kwargs)]) if isinstance(leaf, Input)]

    @property
    def tensors(self) -> list[torch.Tensor]:
        return [leaf for leaf in leaves([self.args, dict(self.kwargs)]) if isinstance(leaf, torch.Tensor)]


@dataclass(frozen=True)
class Inputs:
    """One batch. The model is called with ``model(*args, **kwargs)``."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    target: torch.Tensor | None
    """For the loss; ``None``: a synthetic one is drawn, if any."""
    source: str
    """Where the inputs come from, for the report."""
    batch: int
    """Samples."""
    recipe: Recipe
    device: torch.device
    dtype: torch.dtype

    def describe(self) -> str:
        """Each tensor with its name, type and shape: ``x float32 (8, 3, 224, 224)``."""
        named = [("", arg) for arg in self.args] + list(self.kwargs.items())
        return ", ".join(
            f"{name} {str(leaf.dtype).removeprefix('torch.')} {tuple(leaf.shape)}".strip()
            for name, value in named
            for leaf in leaves(value)
            if isinstance(leaf, torch.Tensor)
        )


def make_inputs(
    recipe: Recipe,
    source: str,
    *,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> Inputs:
    """Draw a batch; `batch` is the size where the recipe leaves it open, by default as large as is cheap."""
    place, size = torch.device(device), batch or affordable_batch(recipe.specs)
    generator = generator_of(seed)

    def make(leaf: Any) -> Any:
        if isinstance(leaf, Input):
            return draw(leaf, generator, place, size, dtype)
        return _given(leaf, place, dtype) if isinstance(leaf, torch.Tensor) else leaf

    args, kwargs = tree_map(make, recipe.args), tree_map(make, dict(recipe.kwargs))
    target = None if recipe.target is None else _given(recipe.target, place, dtype)
    return Inputs(args, kwargs, target, source, _batch_size(recipe, args, kwargs, size), recipe, place, dtype)


def redraw(inputs: Inputs, seed: int) -> Inputs:
    """An independent batch of the same kind.

    Of a batch that was given there is no other one: its samples are shuffled, so that each place holds another sample.
    """
    fresh = make_inputs(
        inputs.recipe, inputs.source, batch=inputs.batch, device=inputs.device, dtype=inputs.dtype, seed=seed
    )
    if not inputs.recipe.tensors or inputs.batch < 2:
        return fresh
    shift = 1 + seed % (inputs.batch - 1)
    given = {id(tensor) for tensor in inputs.recipe.tensors}

    def roll(leaf: Any, drawn: Any) -> Any:
        is_given = id(leaf) in given and leaf.dim() > 0 and leaf.shape[0] == inputs.batch
        return drawn.roll(shift, 0) if is_given else drawn

    target = fresh.target
    if target is not None and target.dim() > 0 and target.shape[0] == inputs.batch:
        target = target.roll(shift, 0)
    return replace(
        fresh,
        args=_map_pairs(roll, inputs.recipe.args, fresh.args),
        kwargs=_map_pairs(roll, dict(inputs.recipe.kwargs), fresh.kwargs),
        target=target,
    )


def affordable_batch(specs: Iterable[Input]) -> int:
    """Between `SMALLEST_BATCH` and `BATCH_SIZE`, a power of two, about `BATCH_NUMBERS` numbers in all."""
    sample = sum(math.prod(spec.sizes(1)) for spec in specs if BATCH in spec.shape)
    affordable = BATCH_NUMBERS // max(sample, 1)
    return max(SMALLEST_BATCH, min(BATCH_SIZE, 1 << max(affordable.bit_length() - 1, 0)))


def _given(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """On the device; floats in the model's type."""
    return tensor.to(device, dtype) if tensor.is_floating_point() else tensor.to(device)


def _batch_size(recipe: Recipe, args: tuple[Any, ...], kwargs: dict[str, Any], size: int) -> int:
    """What stands for ``B``; where nothing does, the leading size of the first tensor."""
    if any(BATCH in spec.shape for spec in recipe.specs):
        return size
    tensors = [leaf for leaf in leaves([args, kwargs]) if isinstance(leaf, torch.Tensor) and leaf.dim() > 0]
    return int(tensors[0].shape[0]) if tensors else 1


def _map_pairs(function: Any, tree: Any, other: Any) -> Any:
    """`tree_map` over two trees of one shape (torch before 2.3 maps over one only)."""
    others = iter(leaves(other))
    return tree_map(lambda leaf: function(leaf, next(others)), tree)
