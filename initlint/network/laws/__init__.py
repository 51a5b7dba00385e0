"""What each operation does to signal and gradient, from what is known of its layer and of what comes into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initlint.network.laws.attention import soften, weigh
from initlint.network.laws.entries import (
    activate,
    activate_backward,
    dropout,
    dropout_backward,
    hand_on,
    scale,
    scale_backward,
)
from initlint.network.laws.joints import add, concatenate, either, multiply, multiply_backward
from initlint.network.laws.linear import embed, linear, linear_backward
from initlint.network.laws.norms import normalize, normalize_backward
from initlint.network.laws.pools import pool
from initlint.network.laws.projected import attend
from initlint.network.laws.recurrent import recur, recur_backward
from initlint.network.network import Layer
from initlint.network.point import Point
from initlint.network.stack import STACKED
from initlint.signal.moments import NOISE, Moments
from initlint.signal.size import Value

SOURCES: Mapping[str, Callable[[Layer], Moments]] = {"input": lambda layer: NOISE, "embedding": embed}
"""Operations that no signal comes into."""
FORWARD: Mapping[str, Callable[[Point], Moments]] = {
    **dict.fromkeys(STACKED, linear),
    "activation": activate,
    "dropout": dropout,
    "norm": normalize,
    "pool": pool,
    "reshape": hand_on,
    "scale": scale,
    "add": add,
    "multiply": multiply,
    "concat": concatenate,
    "join": either,
    "attention": attend,
    "matmul": weigh,
    "softmax": soften,
    "recurrent": recur,
}
"""Operation -> moments behind it; with at least one input."""
BACKWARD: Mapping[str, Callable[[Layer, Moments], Value]] = {
    **dict.fromkeys(STACKED, linear_backward),
    "activation": activate_backward,
    "dropout": dropout_backward,
    "norm": normalize_backward,
    **dict.fromkeys(("reshape", "add", "concat"), lambda layer, before: 1),
    "multiply": multiply_backward,
    "scale": scale_backward,
    "recurrent": recur_backward,
}
"""Operation -> E[g²] before it over E[g²] behind it, from the moments before it."""
