"""Models that no limit was chosen on: drawn at random from the same families, none of them in the catalogue."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from trainability import attention, catalogue, convolutional, dense, normalised, recurrent
from trainability.model import PIXELS, Model
from trainability.pieces import ACTIVATIONS, WEIGHTS

SEED = 1
INITS = ("default", "default", *(name for name in WEIGHTS if name not in ("eye", "zeros", "const")))
"""The framework's default as often as people use it; constants, which need no measuring, are left out."""
SCALES = ("default", "default", "he_n", "xavier_n", "orth", "n001", "n002", "n1")
COUNTS = {
    "dense": 44,
    "norm": 10,
    "dropout": 4,
    "residual": 18,
    "conv": 10,
    "resnet": 5,
    "recurrent": 9,
    "transformer": 10,
}
"""About the shares that the families have in the catalogue."""


def models() -> list[Model]:
    """The same ones in every run."""
    rng, taken = random.Random(SEED), {model.name for model in catalogue.models()}
    found: dict[str, Model] = {}
    for family, count in COUNTS.items():
        new = (model for model in _drawn(family, rng) if model.name not in taken and model.name not in found)
        found |= {model.name: model for model, _ in zip(new, range(count), strict=False)}
    return list(found.values())


def _drawn(family: str, rng: random.Random) -> Iterator[Model]:
    while True:
        yield DRAW[family](rng)


def _depth(rng: random.Random, least: int, most: int) -> int:
    """Uniform in the logarithm."""
    depth: float = least * (most / least) ** rng.random()
    return round(depth)


def _dense(rng: random.Random) -> Model:
    plan = dense.plan(rng.choice(list(ACTIVATIONS)), rng.choice(INITS), _depth(rng, 2, 60))
    return Model(plan.name, PIXELS, dense.write(plan))


def _norm(rng: random.Random) -> Model:
    text = f"{rng.choice(('bn', 'ln'))} {_pieces(rng)} {_depth(rng, 4, 60)}"
    return normalised.normalised(text, rng.choice(("pre", "pre", "post")))


def _dropout(rng: random.Random) -> Model:
    return normalised.dropped(f"{rng.choice((0.1, 0.3, 0.5, 0.7))} {_pieces(rng)} {_depth(rng, 3, 20)}")


def _residual(rng: random.Random) -> Model:
    kind = rng.choice(("plain", "plain", "plain", "scaled", "zero", "rezero"))
    norm = (
        rng.choice(("none", "none", "pre_ln", "post_ln", "pre_bn", "post_bn")) if kind in ("plain", "zero") else "none"
    )
    return normalised.residual(f"{kind} {norm} {_pieces(rng)} {_depth(rng, 6, 60)}")


def _conv(rng: random.Random) -> Model:
    return convolutional.plain(f"{rng.choice(('none', 'none', 'none', 'bn'))} {_pieces(rng)} {_depth(rng, 2, 20)}")


def _resnet(rng: random.Random) -> Model:
    return convolutional.residual(
        f"{rng.choice(('plain', 'none', 'zero', 'skipless'))} {_pieces(rng)} {_depth(rng, 4, 14)}"
    )


def _recurrent(rng: random.Random) -> Model:
    view = rng.choice(("rows", "rows", "pixels"))
    if rng.random() < 0.25:
        return recurrent.by_hand(f"{view} {rng.choice(('tanh', 'relu'))} {rng.choice(SCALES[2:])}")
    return recurrent.library(f"{view} {rng.choice(list(recurrent.CELLS))} {rng.choice(SCALES)} {rng.choice((1, 1, 2))}")


def _transformer(rng: random.Random) -> Model:
    init = rng.choice(("xavier_u", "n002", "n002", "he_n", "n1"))
    kind = rng.choice(("pre", "pre", "post", "none", "skipless"))
    return attention.by_hand(f"{kind} {rng.choice(('relu', 'gelu'))} {init} {_depth(rng, 2, 12)}")


def _pieces(rng: random.Random) -> str:
    return f"{rng.choice(('relu', 'relu', 'gelu', 'silu', 'tanh', 'sigmoid', 'elu'))} {rng.choice(SCALES)}"


DRAW: dict[str, Callable[[random.Random], Model]] = {
    "dense": _dense,
    "norm": _norm,
    "dropout": _dropout,
    "residual": _residual,
    "conv": _conv,
    "resnet": _resnet,
    "recurrent": _recurrent,
    "transformer": _transformer,
}
