"""The tensors of a model's output, and the random cotangent that is sent back through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch

COTANGENT_STREAM = 2 << 28
"""Added to the seed: else the cotangent is made of the numbers that a weight drawn with the same seed is made of."""


def named_tensors(output: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors within tuples, lists, mappings and dataclasses, each once, with the path to it: ``logits``, ``1.mu``."""
    seen: set[int] = set()
    for path, tensor in _walk(output, name):
        if id(tensor) not in seen:
            seen.add(id(tensor))
            yield path, tensor


def cotangents(output: Any, seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """For every floating or complex output that depends on a parameter: it, and a random cotangent g of its shape.

    g is normal, scaled so that the mean of ``|g|²`` over its elements is 1, whatever the size and the number of outputs.
    Drawn on the output's device, without waiting for it and without touching the global random state.
    """
    pairs = []
    generators: dict[torch.device, torch.Generator] = {}
    for _, tensor in named_tensors(output):
        if not tensor.requires_grad or tensor.numel() == 0:
            continue
        if tensor.device not in generators:
            generators[tensor.device] = torch.Generator(tensor.device).manual_seed(COTANGENT_STREAM + seed)
        pairs.append((tensor, _unit_normal(tensor, generators[tensor.device])))
    return pairs


def contraction(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Re sum conj(g) x over all outputs x with their cotangents g: a number whose gradient at each x is g.

    To be differentiated instead of giving the cotangents to `backward`, which first imports an algebra package for
    shapes: one second.
    """
    products = [(_widened(tensor) * _widened(cotangent).conj()).sum().real for tensor, cotangent in pairs]
    return torch.stack([product.to(products[0]) for product in products]).sum()


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _unit_normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    drawn_in = torch.complex64 if like.is_complex() else torch.float32
    drawn = torch.randn(like.shape, generator=generator, device=like.device, dtype=drawn_in)
    return (drawn / drawn.abs().square().mean().sqrt()).to(like.dtype)


def _walk(value: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    for key, part in _parts(value):
        yield from _walk(part, f"{name}.{key}" if name else str(key))


def _parts(value: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, (tuple, list)):
        yield from enumerate(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
