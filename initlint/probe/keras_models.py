"""Keras models on PyTorch: modules whose layers PyTorch does not see as such. Keras is asked only once it is loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

BACKEND = "KERAS_BACKEND"
"""Environment variable that Keras reads when it is imported."""


def choose_backend() -> None:
    """Has Keras, if the target imports it, run on PyTorch; a choice that was made already stands."""
    os.environ.setdefault(BACKEND, "torch")


def forget_names() -> None:
    """Keras numbers its layers through: what is built next is named as if it were the first."""
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.utils.clear_session(free_memory=False)


def input_shapes(model: nn.Module) -> tuple[tuple[int | None, ...], ...]:
    """What a model whose inputs are declared takes, the batch in front; `None` is any size. Empty for any other model."""
    declared = getattr(model, "inputs", None) if _is_keras(model) else None
    return tuple(tuple(each.shape) for each in declared or () if hasattr(each, "shape"))


def build(model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Calls a model some of whose layers wait for their first call to make their weights."""
    if _is_keras(model) and not all(getattr(layer, "built", True) for _, layer in (("", model), *layer_paths(model))):
        with torch.no_grad():
            model(*args, **kwargs)


def _is_keras(model: nn.Module) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def framework_of(model: nn.Module) -> str:
    """The framework that a model is written with."""
    return "keras" if _is_keras(model) else "torch"


def remedy() -> str:
    """How a Keras model comes to be a PyTorch module; empty if Keras is not what is used."""
    keras = sys.modules.get("keras")
    if keras is None or keras.backend.backend() == "torch":
        return ""
    return f"Keras runs on {keras.backend.backend()}: set {BACKEND}=torch."


def layer_paths(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Names, joined by dots, of the layers that a Keras model keeps in its own lists; nothing of any other module.

    A layer that is kept under an attribute, too, goes by that.
    """
    attributes = {id(child): name for name, child in model.named_children()}
    for layer in getattr(model, "_layers", None) or ():
        name = attributes.get(id(layer), getattr(layer, "name", None))
        if isinstance(layer, nn.Module) and isinstance(name, str):
            yield name, layer
            yield from ((f"{name}.{inner}", each) for inner, each in layer_paths(layer))


def parameter_names(model: nn.Module) -> dict[int, str]:
    """By identity of parameter: the path of its layer with Keras' name for it; nothing of any other module."""
    owners = (("", model), *layer_paths(model))
    found: dict[int, str] = {}
    for path, layer in owners if _is_keras(model) else ():
        for variable in getattr(layer, "_trainable_variables", ()):
            found[id(variable.value)] = ".".join(filter(None, (path, variable.name)))
    return found
