"""Small transformers over the eight rows of a digit."""

from __future__ import annotations

from collections.abc import Iterator

from trainability.model import ROWS, Model, fill
from trainability.pieces import ACTIVATIONS, initialise

LIBRARY = (
    "pre default 2", "pre default 6", "post default 2", "post default 6", "post default 10", "pre n1 2", "post n002 4",
    "pre zeros 2",
)  # fmt: skip
"""Place of the norm, init of the weight matrices, layers of `nn.TransformerEncoder`."""
BY_HAND = (
    "pre relu xavier_u 2", "pre gelu n002 2", "pre gelu n002 6", "pre gelu n002 10", "pre relu n1 3", "pre gelu u01 2",
    "pre gelu zeros 3", "post relu xavier_u 3", "post gelu n002 4", "post relu xavier_u 10", "post gelu n1 2",
    "none relu xavier_u 2", "none relu xavier_u 8", "none gelu n002 4", "none relu he_n 6", "none relu n1 2",
    "none gelu n1 3", "none relu u01 3", "skipless gelu n002 3", "skipless gelu n002 8", "skipless relu xavier_u 4",
    "skipless relu xavier_u 12",
)  # fmt: skip
"""Norm (or no skip at all), activation, init, blocks."""

ENCODER = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, dim=24, heads=4, num_layers=$depth):
        super().__init__()
        self.embed = nn.Linear(8, dim)
        self.position = nn.Parameter(torch.randn(1, 8, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, dim_feedforward=2 * dim, dropout=0.0, batch_first=True, norm_first=$first)
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.head = nn.Linear(dim, 10)
        $init

    def forward(self, x):
        x = self.encoder(self.embed(x) + self.position)
        return self.head(x.mean(dim=1))
"""

HAND = """
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = qkv[0], qkv[1], qkv[2]
        scores = query @ key.transpose(-2, -1) / math.sqrt(dim // self.heads)
        mixed = F.softmax(scores, dim=-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, dim))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attention = SelfAttention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), $module, nn.Linear(2 * dim, dim))
        $norms

    def forward(self, x):
        $forward
        return x


class Network(nn.Module):
    def __init__(self, dim=24, heads=4, depth=$depth):
        super().__init__()
        self.embed = nn.Linear(8, dim)
        self.position = nn.Parameter(torch.zeros(1, 8, dim))
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])
        self.head = nn.Linear(dim, 10)
        self.apply(self._init_weights)
        nn.init.normal_(self.position, std=0.02)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            $init

    def forward(self, x):
        x = self.embed(x) + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(1))
"""
FORWARD = {
    "pre": ("x = x + self.attention(self.norm1(x))", "x = x + self.mlp(self.norm2(x))"),
    "post": ("x = self.norm1(x + self.attention(x))", "x = self.norm2(x + self.mlp(x))"),
    "none": ("x = x + self.attention(x)", "x = x + self.mlp(x)"),
    "skipless": ("x = self.attention(x)", "x = self.mlp(x)"),
}
NORMS = ("self.norm1 = nn.LayerNorm(dim)", "self.norm2 = nn.LayerNorm(dim)")


def models() -> Iterator[Model]:
    """All of them; the same ones in every run."""
    yield from map(library, LIBRARY)
    yield from map(by_hand, BY_HAND)


def library(text: str) -> Model:
    """PyTorch's encoder."""
    place, init, depth = text.split()
    return Model(f"transformer-{place}_library-relu-{init}-b{depth}", ROWS, _library(place, init, depth))


def by_hand(text: str) -> Model:
    """Attention, norms and skips written out."""
    kind, activation, init, depth = text.split()
    return Model(f"transformer-{kind}-{activation}-{init}-b{depth}", ROWS, _by_hand(kind, activation, init, depth))


def _library(place: str, init: str, depth: str) -> str:
    every = ["for p in self.encoder.parameters():", "    if p.dim() > 1:"]
    body = [f"        {initialise(init, 'p')[0].replace('p.weight', 'p')}"] if init != "default" else []
    return fill(ENCODER, depth=depth, first=str(place == "pre"), init=[*every, *body] if body else [])


def _by_hand(kind: str, activation: str, init: str, depth: str) -> str:
    return fill(
        HAND,
        module=ACTIVATIONS[activation][0],
        norms=NORMS if kind in ("pre", "post") else (),
        forward=FORWARD[kind],
        depth=depth,
        init=initialise(init, "module"),
    )
