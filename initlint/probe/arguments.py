"""The user's arguments for a constructor or factory: looked up, checked against its signature, and typed as it says."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from initlint.probe.errors import BUILDING, ProbeError
from initlint.probe.importing import NAMES_SHOWN, load
from initlint.probe.request import Attributes, Reference
from initlint.selection import nearest

EMPTY = inspect.Parameter.empty
NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def resolve(arguments: Mapping[str, object], directory: str | Path) -> dict[str, object]:
    """The arguments with the objects that their references name."""
    return {name: _resolve(value, directory) for name, value in arguments.items()}


def _resolve(value: object, directory: str | Path) -> object:
    if isinstance(value, Reference):
        found: Any = load(value.target, directory)
        return found(**resolve(value.arguments, directory)) if value.is_called else found
    if isinstance(value, Attributes):
        return argparse.Namespace(**resolve(value.values, directory))
    if isinstance(value, (list, tuple)):
        return type(value)(_resolve(item, directory) for item in value)
    if isinstance(value, dict):
        return {name: _resolve(item, directory) for name, item in value.items()}
    return value


def parameter_names(function: Callable[..., object]) -> tuple[str, ...]:
    """Names of the arguments that a function or constructor declares."""
    return tuple(name for name, parameter in _parameters(function).items() if parameter.kind in NAMED)


def takes_any_keyword(function: Callable[..., object]) -> bool:
    """Whether a function or constructor has a ``**`` argument."""
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in _parameters(function).values())


def bind(function: Callable[..., object], arguments: Mapping[str, object], notes: list[str]) -> Callable[[], object]:
    """The call of `function` with `arguments`, as a function of nothing; each call gets copies of its own.

    A value is turned into what its annotation asks for where that loses nothing. A dotted name sets an attribute of an
    argument. A missing argument that is annotated with a class of settings with defaults gets one, which `notes` says.
    Raises `ProbeError` for arguments that are missing or unknown.
    """
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C: it checks its arguments itself
        return functools.partial(function, **arguments)
    whole = {name: value for name, value in arguments.items() if "." not in name}
    _require_known(function, {name.partition(".")[0] for name in arguments})
    hints = _hints(function)
    values = {name: _typed(value, hints.get(name, EMPTY)) for name, value in whole.items()}
    values.update(_default_settings(parameters, hints, values, notes))
    _set_inside(function, parameters, values, {name: arguments[name] for name in arguments if name not in whole})
    _require_complete(function, parameters, hints, values)
    return lambda: _call(function, parameters, {name: _copy(value) for name, value in values.items()})


def _copy(value: object) -> object:
    try:
        return copy.deepcopy(value)
    except Exception:  # what cannot be copied (a module, an open file) is shared by all builds
        return value


def _call(
    function: Callable[..., object], parameters: Mapping[str, inspect.Parameter], values: dict[str, object]
) -> object:
    positional = [
        values.pop(name)
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and name in values
    ]
    return function(*positional, **values)


# ----------------------------------------------------------------------------------------------------------- signatures


def _parameters(function: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C
        return {}


def _hints(function: Callable[..., object]) -> Mapping[str, object]:
    """Annotations by name; those written as text are looked up, where that works."""
    inner = function.func if isinstance(function, functools.partial) else function
    holder = inner.__init__ if isinstance(inner, type) else inner  # type: ignore[misc]
    try:
        return typing.get_type_hints(holder)
    except Exception:  # whatever evaluating the user's annotations raises: they are a help, no more
        return {name: parameter.annotation for name, parameter in _parameters(function).items()}


def _name(function: object) -> str:
    inner = function.func if isinstance(function, functools.partial) else function
    return getattr(inner, "__qualname__", type(inner).__name__)


def _require_known(function: Callable[..., object], given: set[str]) -> None:
    names = parameter_names(function)
    unknown = [] if takes_any_keyword(function) else sorted(given - set(names))
    for name in unknown:
        near = nearest(name, names)
        hint = f"; did you mean {near!r}?" if near else ""
        known = ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
        remedy = f"It takes {known}." if known else "Leave the argument out."
        raise ProbeError(BUILDING, f"{_name(function)} takes no argument {name!r}{hint}", remedy)


def _require_complete(
    function: Callable[..., object],
    parameters: Mapping[str, inspect.Parameter],
    hints: Mapping[str, object],
    values: Mapping[str, object],
) -> None:
    missing = [name for name in _required(parameters) if name not in values]
    if missing:
        shown = ", ".join(name + _annotation(hints.get(name, EMPTY)) for name in missing)
        options = " ".join(f"--arg {name}=VALUE" for name in missing)
        raise ProbeError(BUILDING, f"{_name(function)} needs arguments: {shown}", f"Give {options}.")


def _required(parameters: Mapping[str, inspect.Parameter]) -> Iterator[str]:
    return (name for name, each in parameters.items() if each.kind in NAMED and each.default is EMPTY)


def _annotation(hint: object) -> str:
    if hint is EMPTY:
        return ""
    return f": {hint if isinstance(hint, str) else inspect.formatannotation(hint)}"


# --------------------------------------------------------------------------------------------------------------- values


def _typed(value: object, hint: object) -> object:
    """A value as its annotation asks for it, where nothing is lost by that; else the value."""
    kind = _plain(hint)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return bind(kind, value, [])()
    return value


def _plain(hint: object) -> object:
    """The class that an annotation stands for: ``tuple`` of ``tuple[int, ...]``, ``float`` of ``float | None``."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return _plain(kinds[0]) if len(kinds) == 1 else None
    return hint if origin is None else origin


def _default_settings(
    parameters: Mapping[str, inspect.Parameter],
    hints: Mapping[str, object],
    values: Mapping[str, object],
    notes: list[str],
) -> Iterator[tuple[str, object]]:
    """A missing argument annotated with a class of settings that needs no arguments itself gets its defaults."""
    for name in _required(parameters):
        kind = _plain(hints.get(name, EMPTY))
        if name not in values and isinstance(kind, type) and _is_settings(kind):
            notes.append(f"{name} is {kind.__name__}() with its defaults")
            yield name, kind()


def _is_settings(kind: type) -> bool:
    is_named = kind.__name__.lower().endswith(("config", "configuration", "settings", "args", "hparams"))
    if not (dataclasses.is_dataclass(kind) or is_named):
        return False
    return not any(_required(_parameters(kind)))


def _set_inside(
    function: Callable[..., object],
    parameters: Mapping[str, inspect.Parameter],
    values: dict[str, object],
    dotted: Mapping[str, object],
) -> None:
    for path, value in dotted.items():
        name, _, rest = path.partition(".")
        if name not in values:
            values[name] = copy.deepcopy(parameters[name].default) if name in parameters else EMPTY
        if values[name] is EMPTY or values[name] is None:
            raise ProbeError(
                BUILDING,
                f"{_name(function)}: there is no {name} to set {rest!r} on",
                f"Give it as well, as an object: --arg {name}=@module:Name().",
            )
        values[name] = _replaced(values[name], rest.split("."), value, path)


def _replaced(holder: object, path: list[str], value: object, text: str) -> object:
    """A copy of `holder` with another value at `path`."""
    name, rest = path[0], path[1:]
    known = holder if isinstance(holder, Mapping) else dir(holder)
    if name not in known:
        near = nearest(name, map(str, known))
        hint = f"; did you mean {near!r}?" if near else ""
        raise ProbeError(BUILDING, f"{type(holder).__name__} has no {name!r}{hint}", f"Change --arg {text}=VALUE.")
    old = holder[name] if isinstance(holder, Mapping) else getattr(holder, name)
    new = _replaced(old, rest, value, text) if rest else value
    if isinstance(holder, Mapping):
        return {**holder, name: new}
    if dataclasses.is_dataclass(holder) and not isinstance(holder, type):
        return dataclasses.replace(holder, **{name: _typed(new, _hints(type(holder)).get(name, EMPTY))})
    changed = copy.copy(holder)
    setattr(changed, name, new)
    return changed
