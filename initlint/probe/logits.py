"""What the softmax of an attention is taken of."""

from __future__ import annotations

import torch
from torch import Tensor

QUERIES = 64
"""How many queries the logits of an attention are looked at for."""
HEADS = 8
"""How many (sample, head) pairs."""


def attention_logits(query: Tensor, key: Tensor, scale: float | None) -> Tensor | None:
    """What the softmax of an attention is taken of: ``q @ k^T`` times the scale, for a part of it."""
    if query.dim() < 3 or query.shape[:-2] != key.shape[:-2]:
        return None
    with torch.no_grad():
        some = query.flatten(0, -3)[:HEADS, :QUERIES].float()
        others = key.flatten(0, -3)[:HEADS, : 4 * QUERIES].float()
        factor = query.shape[-1] ** -0.5 if scale is None else scale
        return some @ others.transpose(-2, -1) * factor
