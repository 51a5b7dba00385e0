"""What layers, optimisers and losses are told when they are made, in frameworks that have options for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from initlint.frameworks import keras
from initlint.frameworks.draws import Draw


class Option(NamedTuple):
    """An option, and a value for fixes to write."""

    name: str
    called: str
    """Full name of what the value is a call of; empty if there is nothing but `text`."""
    text: str


TOLD = frozenset({"keras"})
"""Frameworks whose layers are told how to draw their weights."""
OPTIMIZER_CLIP = ("clipnorm", "1.0")
"""The option by which an optimiser bounds the norm, and a value for it; of its options the one that all versions have."""
OPTIMIZER, LOSS = (keras.OPTIMIZER, 0), ("loss", 1)
"""Where compiling a model is given these."""
COMPILE = keras.COMPILE
"""The method of a model that is given them."""
DEFAULT_OPTIMIZER = keras.DEFAULT_OPTIMIZER
LOGITS = "from_logits"
ACTIVATION = "activation"
"""The option of a layer that names what follows it."""
_STRINGS = {
    ("kaiming", 'nonlinearity="relu"'): "he_{}",
    ("kaiming", 'nonlinearity="linear"'): "lecun_{}",
    ("xavier", ""): "glorot_{}",
    ("xavier", "gain=5 / 3"): "glorot_{}",
}
"""Draw and its arguments -> the string. Strings have no gain; of 1 a deep tanh stack is critical, too (Poole et al. 2016,
arXiv:1606.05340)."""
_SLOPE = re.compile(r"a=([\d.]+), ")
_GAIN = re.compile(r"gain=([\d.]+)$")


def package_of(name: str) -> str:
    """The package of a full name of Keras: ``tensorflow.keras`` of ``tensorflow.keras.layers.Dense``; may be empty."""
    found = [package for package in keras.PACKAGES if name.startswith(f"{package}.")]
    return max(found, key=len, default="")


def package_among(imported: Iterable[str]) -> str:
    """The package that is reached through the full names of what a file imports; empty if there is none."""
    names = list(imported)
    found = [package_of(f"{name}.") for name in names] + [keras.OF_IMPORT.get(name, "") for name in names]
    return next(filter(None, found), "")


def activation_position(layer: str) -> int | None:
    """Where a layer class, by its full name, is given its activation if by position."""
    return keras.ACTIVATED_AT.get(keras.own_name(layer) or "")


def initializer_option(layer: str, draw: Draw) -> Option | None:
    """How a layer class, by its full name, is told to draw its kernel."""
    name = keras.INITIALIZED_BY.get(keras.own_name(layer) or "")
    if name is None:
        return None
    method, family = draw.name.partition("_")[0], draw.name.rstrip("_").rpartition("_")[2]
    string = _STRINGS.get((method, draw.arguments))
    if string is not None:
        return Option(name, "", f'"{string.format(family)}"')
    initializers = f"{package_of(layer)}.initializers"
    slope, gain = _SLOPE.match(draw.arguments), _GAIN.match(draw.arguments)
    if slope is not None:
        distribution = ', distribution="uniform"' if family == "uniform" else ""
        scale = 2 / (1 + float(slope[1]) ** 2)
        return Option(name, f"{initializers}.VarianceScaling", f"(scale={scale:.3g}{distribution})")
    return Option(name, f"{initializers}.Orthogonal", f"({gain[1]})") if gain and method == "orthogonal" else None


def optimizer_class(package: str, string: object) -> str | None:
    """The full name of the optimiser that a string stands for."""
    known = {name.lower(): name for name in keras.OPTIMIZERS}
    name = known.get(string.lower()) if isinstance(string, str) else None
    return f"{package}.optimizers.{name}" if name is not None and package else None


def loss_class(package: str, string: object) -> str | None:
    """The full name of the cross-entropy that a string stands for."""
    name = keras.LOSS_STRINGS.get(string) if isinstance(string, str) else None
    return f"{package}.losses.{name}" if name is not None and package else None
