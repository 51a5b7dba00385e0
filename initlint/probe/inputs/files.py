"""A real batch from a file, read without running anything that is in it."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch
from torch import nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Recipe, leaves

TORCH_SUFFIXES = (".pt", ".pth")
NUMPY_SUFFIXES = (".npz", ".npy")
TARGETS = ("target", "targets", "label", "labels", "y")
"""Names under which a file may hold what the loss compares with, where forward takes no argument of that name."""

_FORM = "Save a tensor, a tuple of tensors or a dict from argument to tensor with torch.save or numpy.savez."


def read_batch(path: str, model: nn.Module) -> Recipe:
    """What the file holds, as arguments of forward: a tensor or a tuple in order, a dict by name.

    Raises `ProbeError` (stage "inputs") for a file that cannot be read, holds code, or holds anything but tensors.
    """
    file = Path(path)
    if not file.is_file():
        raise ProbeError("inputs", f"{path}: there is no such file", "Give --input-file the path of a saved batch.")
    if file.suffix in TORCH_SUFFIXES:
        content = _read_torch(file)
    elif file.suffix in NUMPY_SUFFIXES:
        content = _read_numpy(file)
    else:
        suffixes = ", ".join((*TORCH_SUFFIXES, *NUMPY_SUFFIXES))
        raise ProbeError("inputs", f"{path}: batches are read from {suffixes} files", _FORM)
    return arrange(_require_tensors(content, path), model)


def arrange(content: Any, model: nn.Module) -> Recipe:
    """Arguments of forward from a tensor, a tuple or list of arguments, or a dict.

    A dict goes in by name if forward has its names, else as the one dict that forward takes; its target is taken out
    for the loss unless forward takes it.
    """
    if not isinstance(content, Mapping):
        return Recipe(tuple(content) if isinstance(content, (tuple, list)) else (content,))
    names = argument_names(model)
    target = next((key for key in TARGETS if key in content and names is not None and key not in names), None)
    arguments = {str(key): value for key, value in content.items() if key != target}
    is_by_name = names is None or (set(arguments) <= set(names) and bool(arguments))
    given = content[target] if target is not None else None
    return Recipe((), arguments, given) if is_by_name else Recipe((arguments,), {}, given)


def argument_names(model: nn.Module) -> list[str] | None:
    """The names that forward takes; ``None`` if it takes any."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _read_torch(file: Path) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "holds more than tensors, and is not loaded, as that could run code"
        raise ProbeError("inputs", f"{file}: {reason} ({_first_line(error)})", _FORM) from None
    except (RuntimeError, OSError, EOFError, ValueError) as error:
        raise ProbeError("inputs", f"{file}: cannot be read: {_first_line(error)}", _FORM) from None


def _read_numpy(file: Path) -> Any:
    try:
        import numpy
    except ImportError:
        remedy = "Install numpy, or save the batch with torch.save."
        raise ProbeError("inputs", f"{file}: reading it needs numpy", remedy) from None
    try:
        with file.open("rb") as stream:
            content = numpy.load(stream, allow_pickle=False)
            if isinstance(content, numpy.ndarray):
                return torch.from_numpy(content)
            arrays = {name: torch.from_numpy(content[name]) for name in content.files}
    except (ValueError, OSError, EOFError, TypeError, BadZipFile) as error:
        raise ProbeError("inputs", f"{file}: cannot be read: {_first_line(error)}", _FORM) from None
    is_unnamed = list(arrays) == [f"arr_{index}" for index in range(len(arrays))]  # numpy.savez(file, a, b)
    return tuple(arrays.values()) if is_unnamed else arrays


def _require_tensors(content: Any, path: str) -> Any:
    found = leaves(content)
    wrong = next((leaf for leaf in found if not isinstance(leaf, (torch.Tensor, int, float, bool, type(None)))), None)
    if wrong is not None or not any(isinstance(leaf, torch.Tensor) for leaf in found):
        held = "nothing" if wrong is None else f"a {type(wrong).__name__}"
        raise ProbeError("inputs", f"{path}: holds {held} where tensors are needed", _FORM)
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
