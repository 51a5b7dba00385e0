"""What the names of einops mean: axes are moved, merged and split by a pattern of words."""

from __future__ import annotations

from initlint.frameworks.tables import LayerSpec, signature

FUNCTIONS = {
    "einops.rearrange": "rearrange",
    "einops.repeat": "rearrange",
    "einops.reduce": "reduce",
    "einops.einsum": "einsum",
    "einops.pack": "pack",
    "einops.unpack": "unpack",
}
"""Function -> what it does to its first argument by the pattern that comes behind."""
SIZES = "sizes"
"""The argument of a layer under which the widths of the pattern's words are kept."""
PATTERN = "pattern"
LAYERS = {
    "einops.layers.torch.Rearrange": LayerSpec("reshape", signature(PATTERN), variant="rearrange"),
    "einops.layers.torch.Reduce": LayerSpec("pool", signature(PATTERN, "reduction"), variant="reduce"),
}
REDUCTIONS = {"mean": "avg", "max": "max"}
"""Reduction -> the pool that it is."""
