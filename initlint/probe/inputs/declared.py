"""What a model declares of its inputs, by the conventions of the libraries it comes from."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from initlint.probe import keras_models
from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Recipe, leaves
from initlint.probe.inputs.files import arrange
from initlint.probe.inputs.guess import required_parameters
from initlint.probe.inputs.plan import Argument, Plan
from initlint.probe.inputs.spec import BATCH, Input

OWN_FUNCTIONS = ("probe_inputs", "example_inputs")
"""Methods of the model, or functions in its file, that return a batch."""


@dataclass(frozen=True)
class Example:
    """A batch that the model carries with it, and the same with another batch size and drawn values."""

    source: str
    given: Recipe
    drawn: Recipe


def own_batch(model: nn.Module) -> tuple[Recipe, str] | None:
    """What the model's author wrote for the purpose; taken as it is. Raises what the author's function raises."""
    for name in OWN_FUNCTIONS:
        function = _own_function(model, name)
        if function is not None:
            content = function()
            if not any(isinstance(leaf, torch.Tensor) for leaf in leaves(content)):
                raise ProbeError(
                    "inputs", f"{name}() returns no tensor", "Return a tensor, a tuple of them, or a dict."
                )
            return arrange(content, model), f"{name}()"
    return None


def examples(model: nn.Module) -> Iterator[Example]:
    """``example_input_array`` (Lightning) and ``dummy_inputs`` (Hugging Face)."""
    for name in ("example_input_array", "dummy_inputs"):
        content = _attribute(model, name)
        if any(isinstance(leaf, torch.Tensor) for leaf in leaves(content)):
            given = arrange(content, model)
            yield Example(name, given, Recipe(_drawn(given.args, model), _drawn(dict(given.kwargs), model)))


def declared_plan(model: nn.Module) -> Plan | None:
    """An image of the size that timm's ``pretrained_cfg`` states; what a Keras model says of its only input."""
    shapes = keras_models.input_shapes(model)
    sides = [size for shape in shapes for size in shape[1:] if size is not None]
    if len(shapes) == 1 and len(sides) == len(shapes[0]) - 1:
        argument = Argument(required_parameters(model)[0].name, Input((BATCH, *sides)), reason="inputs")
        return Plan((argument,))
    for name in ("pretrained_cfg", "default_cfg"):
        settings = _attribute(model, name)
        sizes = settings.get("input_size") if isinstance(settings, Mapping) else getattr(settings, "input_size", None)
        if isinstance(sizes, (tuple, list)) and sizes and all(isinstance(size, int) for size in sizes):
            first = required_parameters(model)[0].name
            argument = Argument(first, Input((BATCH, *sizes)), reason=f"{name}['input_size']")
            return Plan((argument,))
    return None


def _own_function(model: nn.Module, name: str) -> Callable[[], Any] | None:
    method = getattr(type(model), name, None)
    if callable(method) and _takes_nothing(found := getattr(model, name)):
        return found  # type: ignore[no-any-return]
    function = getattr(sys.modules.get(type(model).__module__), name, None)
    return function if callable(function) and _takes_nothing(function) else None


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


def _attribute(model: nn.Module, name: str) -> Any:
    """Of the model; ``None`` where a property raises, as Lightning's and Hugging Face's may."""
    try:
        return getattr(model, name, None)
    except Exception:
        return None


def _drawn(tree: Any, model: nn.Module) -> Any:
    """The tree with each tensor as something to draw: its leading axis the batch, integers up to the largest seen."""

    def spec(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or leaf.dim() == 0:
            return leaf
        shape = (BATCH, *leaf.shape[1:])
        if leaf.is_floating_point():
            return Input(shape)
        if leaf.is_complex():
            return Input(shape, str(leaf.dtype).removeprefix("torch."))
        low, high = int(leaf.min()), int(leaf.max()) + 1
        return Input(shape, str(leaf.dtype).removeprefix("torch."), low=low, high=high)

    return tree_map(spec, tree)
