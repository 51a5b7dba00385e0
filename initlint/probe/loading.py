"""From the object a target names to a model, built as often as is asked for."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from torch import nn

from initlint.probe import keras_models
from initlint.probe.arguments import bind, parameter_names, resolve, takes_any_keyword
from initlint.probe.errors import BUILDING, ProbeError
from initlint.probe.importing import load as load
from initlint.selection import nearest

Kind = Literal["class", "factory", "instance", "config"]
WRAPPERS: tuple[tuple[type, str], ...] = (
    (nn.DataParallel, "module"),
    (nn.parallel.DistributedDataParallel, "module"),
)
"""What wraps a model for several devices, and the attribute with the model."""
COMPILED = "_orig_mod"
"""Attribute of what `torch.compile` gives, with the model that it was given."""


@dataclass
class Builder:
    """How to get the model."""

    kind: Kind
    target: object
    """What the target names: the class, function, instance or configuration."""
    make: Callable[[], object]
    notes: list[str] = field(default_factory=list)
    """What was decided on the way and the user should know; grows while building."""

    @property
    def is_rebuildable(self) -> bool:
        """Whether each build is a new draw of the weights; an instance is always the same one."""
        return self.kind != "instance"

    def build(self) -> nn.Module:
        """The model. Raises `ProbeError` if what is built is none, and whatever building it raises."""
        keras_models.forget_names()
        return self._model_in(self.make())

    def _model_in(self, made: object) -> nn.Module:
        if isinstance(made, tuple) and made and isinstance(made[0], nn.Module):
            self._note(f"the target gives {len(made)} objects; the first, a {type(made[0]).__name__}, is probed")
            made = made[0]
        if not isinstance(made, nn.Module):
            remedy = keras_models.remedy() or _REMEDY
            raise ProbeError(BUILDING, f"the target gives {_shown(made)}, not a torch.nn.Module", remedy)
        model = unwrapped(made)
        if model is not made:
            self._note(f"the model inside {type(made).__name__} is probed")
        return model

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


_REMEDY = "Name a Module class, a function that returns a model, an instance or a Hugging Face configuration."


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside what `torch.compile` and data-parallel wrappers give; else the model."""
    inner = _inner(model)
    while inner is not None:
        model, inner = inner, _inner(inner)
    return model


def _inner(model: nn.Module) -> nn.Module | None:
    attributes = [COMPILED, *(name for wrapper, name in WRAPPERS if isinstance(model, wrapper))]
    inner = next((getattr(model, name) for name in attributes if hasattr(model, name)), None)
    return inner if isinstance(inner, nn.Module) else None


def prepare(found: object, arguments: Mapping[str, object], directory: str | Path = ".") -> Builder:
    """How to build the model from what a target names, with the user's arguments.

    Raises `ProbeError` for what gives no model, and for arguments that are missing, unknown or meant for nothing.
    """
    values = resolve(arguments, directory)
    if isinstance(found, nn.Module):
        _refuse(values, "the target is a model that is built already")
        return Builder("instance", found, lambda: found)
    if _is_config(found):
        return _from_config(found, values)
    if isinstance(found, type) and issubclass(found, nn.Module):
        if isinstance(getattr(found, "config_class", None), type):
            return _from_configured_class(found, values)
        return _calling("class", found, values)
    if callable(found):
        return _calling("factory", found, values)
    raise ProbeError(BUILDING, f"the target is {_shown(found)}, which gives no model", _REMEDY)


def _calling(kind: Kind, function: Callable[..., object], values: Mapping[str, object]) -> Builder:
    notes: list[str] = []
    call = bind(function, values, notes)
    return Builder(kind, function, call, notes)


def _refuse(values: Mapping[str, object], reason: str) -> None:
    if values:
        raise ProbeError(BUILDING, f"{reason}: it takes no arguments", f"Leave out --arg {next(iter(values))}.")


def _shown(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"a {type(value).__name__}"


# --------------------------------------------------------------------------------------------------------- Hugging Face


def _is_config(found: object) -> bool:
    """A configuration of transformers, class or instance; told by what it has, so that transformers stays unloaded."""
    return isinstance(getattr(found, "model_type", None), str) and callable(getattr(found, "to_dict", None))


def _from_config(found: Any, values: Mapping[str, object]) -> Builder:
    notes: list[str] = []
    if isinstance(found, type):
        make_config = _config_maker(found, values, notes)
    else:
        changed = _changed(found, values)
        make_config = functools.partial(copy.deepcopy, changed)
    return Builder("config", found, lambda: _model_for(make_config(), notes), notes)


def _config_maker(kind: Any, values: Mapping[str, object], notes: list[str]) -> Callable[[], object]:
    """The call of a configuration's class; what it declares no argument for, but has, is set afterwards."""
    if takes_any_keyword(kind):
        return bind(kind, values, notes)
    declared = {name: value for name, value in values.items() if name.partition(".")[0] in parameter_names(kind)}
    others = {name: value for name, value in values.items() if name not in declared}
    make_declared = bind(kind, declared, notes)
    _changed(make_declared(), others)  # an unknown name is an error now, not at the first build
    return lambda: _changed(make_declared(), others)


def _changed(config: Any, values: Mapping[str, object]) -> Any:
    """A copy of a configuration with other values."""
    config = copy.deepcopy(config)
    for name, value in values.items():
        if not hasattr(config, name):
            near = nearest(name, config.to_dict())
            hint = f"; did you mean {near!r}?" if near else ""
            raise ProbeError(BUILDING, f"{type(config).__name__} has no {name!r}{hint}", f"Change --arg {name}=VALUE.")
        setattr(config, name, value)
    return config


def _model_for(config: Any, notes: list[str]) -> object:
    """The architecture that a configuration names, else what `AutoModel` makes of it, without any download."""
    transformers: Any = import_module("transformers")

    for name in getattr(config, "architectures", None) or ():
        architecture = getattr(transformers, name, None)
        if architecture is not None:
            return architecture(config)
    note = "the configuration names no architecture; AutoModel chose the model, which has no head"
    if note not in notes:
        notes.append(note)
    return transformers.AutoModel.from_config(config)


def _from_configured_class(model: Any, values: Mapping[str, object]) -> Builder:
    """A model class of transformers: what its constructor does not take goes to its configuration."""
    notes: list[str] = []
    first = next(iter(parameter_names(model)), "config")
    if first in values:
        return Builder("class", model, bind(model, values, notes), notes)
    own = {name: value for name, value in values.items() if name in parameter_names(model)}
    settings = {name: value for name, value in values.items() if name not in own}
    make_config = _config_maker(model.config_class, settings, notes)

    def make() -> object:
        return bind(model, {**own, first: make_config()}, notes)()

    notes.append(f"the configuration is {model.config_class.__name__} with its defaults and the given arguments")
    return Builder("class", model, make, notes)
