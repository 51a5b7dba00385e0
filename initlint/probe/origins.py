"""Where each module and parameter of a model was made, seen while it is built."""

from __future__ import annotations

import copy
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode, resolve_name

from initlint.frameworks import torch as framework
from initlint.probe.frames import is_users
from initlint.probe.places import Spot, caller
from initlint.probe.recording import InitCall

ATTRIBUTE = "_initlint_origin"
"""In a module's dictionary: the instruction that constructed it. A deep copy of the module keeps it."""
INIT_FILE = os.path.join("torch", "nn", "init.py")
MODULES_FOLDER = os.path.join("torch", "nn", "modules") + os.sep
METHOD_ARGUMENTS = {"normal_": ("mean", "std"), "uniform_": ("a", "b"), "fill_": ("val",)}
"""In-place method -> its arguments by the names that the initialiser of the same name has for them."""
RENAMED = {"from": "a", "to": "b", "value": "val"}
WRITES = frozenset({"abs", "mul", "div", "add", "sub", "clamp", "erfinv", "pow", "setitem", "data"})
"""In-place methods, without underscore, that change what a tensor holds and leave a trace of it."""


class Origins(TorchFunctionMode):
    """Watches construction: modules, parameters, and the calls that write to tensors."""

    def __init__(self) -> None:
        super().__init__()
        self._parameters: dict[int, Spot] = {}
        self._calls: dict[int, list[tuple[str, Spot | None, dict[str, Any], str]]] = {}
        """By address of the storage; an address that is given out anew starts an empty list."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches what is built in its body."""
        original = nn.Module.__init__

        @functools.wraps(original)
        def construct(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            original(module, *args, **kwargs)
            spot = caller(1, lambda frame: _is_constructor_of(module, frame))
            if spot is not None:
                module.__dict__.setdefault(ATTRIBUTE, spot)

        nn.Module.__init__ = construct  # type: ignore[method-assign, assignment]
        registered = register_module_parameter_registration_hook(self._on_parameter)
        try:
            with self:
                yield
        finally:
            registered.remove()
            nn.Module.__init__ = original  # type: ignore[method-assign]

    def of_module(self, module: nn.Module | None) -> Spot | None:
        """The instruction that constructed a module."""
        found = None if module is None else module.__dict__.get(ATTRIBUTE)
        return found if isinstance(found, Spot) else None

    def of_parameter(self, parameter: Tensor) -> Spot | None:
        """The instruction that registered a parameter; `None` for one that was copied with its module."""
        return self._parameters.get(id(parameter))

    def writes(self, parameter: Tensor) -> tuple[InitCall, ...]:
        """The calls that wrote to a parameter, in order."""
        found = self._calls.get(_address(parameter), ())
        return tuple(
            InitCall(initializer=name, place=spot.place() if spot else None, arguments=given, function=function)
            for name, spot, given, function in found
        )

    def forget(self, model: nn.Module) -> None:
        """Take the marks off the modules again."""
        for module in model.modules():
            module.__dict__.pop(ATTRIBUTE, None)

    def _on_parameter(self, module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        spot = caller(1) if parameter is not None else None
        if spot is not None:
            self._parameters.setdefault(id(parameter), spot)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        full = resolve_name(func) or ""
        name = full.rpartition(".")[2]
        if full.startswith("torch.nn.init."):
            self._note(name, _target(args, kwargs), _plain_arguments(func, args, kwargs))
        elif isinstance(kwargs.get("out"), Tensor):
            self._note_write(name, kwargs["out"], {})
        elif full.startswith("torch.Tensor.") and _writes_in_place(name):
            self._note_write(
                name, _target(args, kwargs), _plain_values(args[1:], kwargs, METHOD_ARGUMENTS.get(name, ()))
            )
        elif isinstance(result, Tensor) and not any(result is given for given in args):
            self._start(full.rpartition(".")[2], result, args)
        return result

    def _note_write(self, name: str, tensor: Tensor | None, given: dict[str, Any]) -> None:
        """A write in place: one of those that an initialiser is made of counts as the initialiser."""
        around = _initialiser(sys._getframe(2))
        if around is None:
            self._note(name.strip("_") + "_", tensor, given)
        else:
            self._note(around.f_code.co_name, tensor, _plain_locals(around))

    def _note(self, name: str, tensor: Tensor | None, given: dict[str, Any]) -> None:
        if tensor is None or tensor.is_meta:
            return
        call = ("default" if _is_default() else name, caller(1), given, _function())
        found = self._calls.setdefault(_address(tensor), [])
        if not found or found[-1][:2] != call[:2]:
            found.append(call)

    def _start(self, name: str, result: Tensor, args: tuple[Any, ...]) -> None:
        """A new tensor: what was written at its address before is another's. A view is no new one."""
        if result._base is not None or result.is_meta or any(_is_same(result, given) for given in args):
            return
        address = _address(result)
        self._calls.pop(address, None)
        if name not in framework.UNINITIALISED and not _is_default():
            self._calls[address] = [(name, caller(1), _plain_values(args, {}), _function())]


def _is_constructor_of(module: nn.Module, frame: FrameType) -> bool:
    """Whether a frame is part of the chain of constructors of the module itself."""
    code = frame.f_code
    return code.co_name == "__init__" and bool(code.co_argcount) and frame.f_locals.get(code.co_varnames[0]) is module


def _address(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError, ValueError):  # lazy, sparse and wrapper tensors have none
        return -id(tensor)


def _is_same(result: Tensor, given: Any) -> bool:
    return isinstance(given, Tensor) and not given.is_meta and _address(given) == _address(result)


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    found = args[0] if args else kwargs.get("tensor")
    return found if isinstance(found, Tensor) else None


def _writes_in_place(name: str) -> bool:
    return (
        name in framework.IN_PLACE_INITS or (name.endswith("_") and name.strip("_") in WRITES) or name == "__setitem__"
    )


def _plain_arguments(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        bound = inspect.signature(func).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return {}
    return {name: value for name, value in bound.items() if isinstance(value, (int, float, str))}


def _plain_values(args: tuple[Any, ...], kwargs: Mapping[str, Any], names: tuple[str, ...] = ()) -> dict[str, Any]:
    """The plain arguments: those without a name by their position."""
    keys = (*names, *map(str, range(len(names), len(args))))
    values = {**dict(zip(keys, args, strict=False)), **{RENAMED.get(key, key): value for key, value in kwargs.items()}}
    return {name: value for name, value in values.items() if isinstance(value, (int, float, str))}


def _initialiser(frame: FrameType | None) -> FrameType | None:
    """The public initialiser of torch's that the frame is inside of, if it is."""
    found = None
    while frame is not None and not is_users(frame.f_code.co_filename):
        if frame.f_code.co_filename.endswith(INIT_FILE) and not frame.f_code.co_name.startswith("_"):
            found = frame
        frame = frame.f_back
    return found


def _plain_locals(frame: FrameType) -> dict[str, Any]:
    """The arguments of a running function that are plain values."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return {name: frame.f_locals[name] for name in names if isinstance(frame.f_locals.get(name), (int, float, str))}


def _is_default() -> bool:
    """Whether a constructor of one of torch's layers is what calls, rather than the user."""
    return MODULES_FOLDER in _nearest_file(sys._getframe(2), passes=(INIT_FILE,))


def _nearest_file(frame: FrameType | None, passes: tuple[str, ...] = ()) -> str:
    """The source of the innermost frame that is neither ours nor the dispatcher's nor copies, nor ends in `passes`."""
    skipped = (
        os.path.join("torch", "overrides.py"),
        os.path.abspath(__file__),
        os.path.join("torch", "_tensor.py"),
        os.path.join("torch", "nn", "parameter.py"),
        copy.__file__,
        *passes,
    )
    while frame is not None:
        if not frame.f_code.co_filename.endswith(skipped):
            return frame.f_code.co_filename
        frame = frame.f_back
    return ""


def _function() -> str:
    spot = caller(1)
    return "" if spot is None or spot.code.co_name == "<module>" else spot.code.co_name
