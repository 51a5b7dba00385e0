"""Fully connected networks with normalisation, residual connections or dropout."""

from __future__ import annotations

from collections.abc import Iterator

from trainability.model import PIXELS, Model, fill
from trainability.pieces import ACTIVATIONS, apply_all, initialise, initialise_all

NORMS = {"bn": "nn.BatchNorm1d", "ln": "nn.LayerNorm"}
NORMALISED = (
    "bn relu default 4", "bn relu default 12", "bn relu he_n 20", "bn relu he_n 40", "bn relu n001 8", "bn relu n1 10",
    "bn tanh xavier_n 15", "bn tanh xavier_n 40", "bn sigmoid default 6", "bn sigmoid xavier_u 14", "bn gelu default 30",
    "bn relu zeros 5", "bn relu u01 8", "bn silu orth 60", "bn relu xavier_n 60",
    "ln relu default 4", "ln relu default 20", "ln relu he_n 40", "ln gelu n002 10", "ln gelu n1 8", "ln tanh xavier_n 20",
    "ln sigmoid default 8", "ln relu const 6", "ln silu n002 30", "ln relu default 60", "ln elu orth 12",
)  # fmt: skip
"""Norm, activation, init, depth: the norm stands before the activation."""
POST = (
    "bn relu default 10", "bn relu n001 20", "ln relu default 16", "ln tanh n1 6", "bn sigmoid n002 10", "ln gelu he_n 50",
)  # fmt: skip
"""The same with the norm after the activation."""
RESIDUAL = (
    "plain none relu default 10", "plain none relu default 30", "plain none relu he_n 6", "plain none relu he_n 16",
    "plain none relu he_n 30", "plain none relu he_n 60", "plain none tanh xavier_n 20", "plain none tanh xavier_n 60",
    "plain none gelu n002 40", "plain none relu n1 10", "plain none sigmoid default 20", "plain none silu orth 24",
    "plain none gelu he_n 50", "plain none relu orth_two 24", "plain none sigmoid n1 10", "plain none elu n1 12",
    "scaled none relu he_n 16", "scaled none relu he_n 40", "scaled none relu he_n 60", "scaled none tanh xavier_n 40",
    "scaled none relu n1 20", "zero none relu he_n 20", "zero none relu he_n 60", "zero none gelu xavier_u 40",
    "rezero none relu he_n 30", "rezero none tanh xavier_n 60", "rezero none relu n1 12",
    "plain pre_ln relu he_n 20", "plain pre_ln gelu n002 40", "plain pre_ln relu default 60", "plain pre_ln relu n1 20",
    "plain post_ln relu default 12", "plain post_ln relu he_n 40", "plain post_ln gelu n002 30", "plain post_ln relu he_n 60",
    "plain pre_bn relu he_n 20", "plain pre_bn relu he_n 50", "plain post_bn relu he_n 16", "plain post_bn tanh xavier_n 30",
    "zero pre_bn relu he_n 30", "zero pre_ln relu default 40",
)  # fmt: skip
"""Kind, norm, activation, init, number of blocks."""
DROPOUT = (
    "0.1 relu he_n 6", "0.5 relu he_n 4", "0.5 relu default 12", "0.9 relu he_n 6", "0.2 tanh xavier_n 12",
    "0.5 relu he_n 20",
)  # fmt: skip
"""Share dropped, activation, init, depth."""

STACK = """
import torch
from torch import nn

$init_weights
class Network(nn.Module):
    def __init__(self, width=$width, depth=$depth):
        super().__init__()
        layers = []
        for index in range(depth - 1):
            layers.append(nn.Linear(64 if index == 0 else width, width))
            $between
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, 10)
        $apply

    def forward(self, x):
        return self.head(self.body(x))
"""

BLOCK = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, dim, scale=1.0):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)
        self.scale = scale
        $extra
        $init1
        $init2

    def forward(self, x):
        return $returned


class Network(nn.Module):
    def __init__(self, dim=$width, blocks=$depth):
        super().__init__()
        self.stem = nn.Linear(64, dim)
        self.blocks = nn.Sequential(*[Block(dim$scale) for _ in range(blocks)])
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))
"""


def models() -> Iterator[Model]:
    """All of them; the same ones in every run."""
    yield from (normalised(text, "pre") for text in NORMALISED)
    yield from (normalised(text, "post") for text in POST)
    yield from map(dropped, DROPOUT)
    yield from map(residual, RESIDUAL)


def normalised(text: str, order: str) -> Model:
    """A norm before or behind (`order`) each activation of a plain stack."""
    norm, activation, init, depth = text.split()
    layers = [f"{NORMS[norm]}(width)", ACTIVATIONS[activation][0]]
    name = f"norm-{norm}_{order}-{activation}-{init}-d{depth}"
    return _stack(name, layers if order == "pre" else layers[::-1], init, int(depth))


def dropped(text: str) -> Model:
    """A plain stack with dropout."""
    share, activation, init, depth = text.split()
    name = f"dropout-p{share[2:]}-{activation}-{init}-d{depth}"
    return _stack(name, [ACTIVATIONS[activation][0], f"nn.Dropout({share})"], init, int(depth))


def residual(text: str) -> Model:
    """Blocks of two linear maps with a skip."""
    kind, norm, activation, init, depth = text.split()
    name = f"residual-{kind}_{norm}-{activation}-{init}-b{depth}"
    return Model(name, PIXELS, _residual(kind, norm, activation, init, int(depth)))


def _stack(name: str, layers: list[str], init: str, depth: int) -> Model:
    source = fill(
        STACK,
        width="64" if depth > 10 else "128",
        depth=str(depth),
        between=[f"layers.append({layer})" for layer in layers],
        init_weights=["", *initialise_all(init)],
        apply=apply_all(init),
    )
    return Model(name, PIXELS, source)


def _residual(kind: str, norm: str, activation: str, init: str, blocks: int) -> str:
    return fill(
        BLOCK,
        width="64" if blocks > 10 else "96",
        depth=str(blocks),
        scale=f", scale={blocks} ** -0.5" if kind == "scaled" else "",
        extra=[*_norm(norm), *(["self.alpha = nn.Parameter(torch.zeros(1))"] if kind == "rezero" else [])],
        init1=initialise(init, "self.fc1"),
        init2=["nn.init.zeros_(self.fc2.weight)"] if kind == "zero" else initialise(init, "self.fc2"),
        returned=_returned(kind, norm, ACTIVATIONS[activation][1]),
    )


def _norm(norm: str) -> list[str]:
    return [] if norm == "none" else [f"self.norm = {NORMS[norm.split('_')[1]]}(dim)"]


def _returned(kind: str, norm: str, activation: str) -> str:
    """What a block gives: the sum of its input and its branch, which may be scaled, and normed before or after."""
    inner = "self.norm(x)" if norm.startswith("pre") else "x"
    branch = f"self.fc2({activation.format(f'self.fc1({inner})')})"
    scaled = {"scaled": f"self.scale * {branch}", "rezero": f"self.alpha * {branch}"}.get(kind, branch)
    return f"self.norm(x + {scaled})" if norm.startswith("post") else f"x + {scaled}"
