"""What to probe and how: one target with its arguments, inputs and limits."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from initlint.configuration import ConfigurationError
from initlint.selection import nearest

ALL_PASSES = ("jacobian", "unwritten", "time", "seeds")
"""The extra passes that are on by default; each can be switched off."""
DTYPES = ("float32", "float64", "float16", "bfloat16")
AUTOCAST_DTYPES = ("float16", "bfloat16")
DEVICE = re.compile(r"auto|cpu|(cuda|xpu)(:\d+)?|mps")
TIME_LIMIT = 120.0
"""Seconds of wall-clock time, start of the process included: 50 times what a ResNet-50 on one core takes."""
UNITS: Mapping[str, int] = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)", re.IGNORECASE)
WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None, "none": None}
"""Other ways to write Python's constants."""


class Reference(Struct, frozen=True):
    """An argument that names an object: ``@torch.nn:LayerNorm``, or ``@model:Config()`` for what calling it gives.

    It is looked up where the target runs.
    """

    target: str
    is_called: bool = False
    arguments: Mapping[str, object] = {}
    """Of that call."""


class Attributes(Struct, frozen=True):
    """An argument that is an object with these attributes, as a command line gives its options."""

    values: Mapping[str, object]


class Request(Struct, frozen=True, kw_only=True):
    """One target and how to probe it. Raises `ValueError`, naming the option, for a value that cannot be."""

    target: str
    arguments: Mapping[str, object] = {}
    """Of the constructor or factory: plain values, `Reference`s and `Attributes`.

    A dotted name is set on an argument: ``config.width``.
    """
    inputs: tuple[str, ...] = ()
    """As written: ``"8,3,224,224"``, ``"ids:int64:8,128:0..30000"``."""
    input_file: str | None = None
    loss: str | None = None
    """``"module:function"``, ``"path.py:function"``, ``"cross-entropy"``, ``"mse"`` or ``"none"``; ``None``: worked out."""
    device: str = "auto"
    dtype: str = "float32"
    autocast: str | None = None
    seeds: int = 3
    batch: int | None = None
    steps: int = 0
    """Optimiser steps to observe."""
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    passes: tuple[str, ...] = ALL_PASSES
    time_limit: float = TIME_LIMIT
    """Seconds."""
    memory_limit: int | None = None
    """Bytes; ``None``: 80 % of the physical memory."""
    is_eval: bool = False
    directory: str = "."
    """Where relative paths and dotted names start."""
    contents: Mapping[str, bytes] = {}
    """Absolute path of a Python file -> what is imported instead of what it holds."""

    def __post_init__(self) -> None:
        _require_one_of("dtype", self.dtype, DTYPES)
        _require_one_of("autocast", self.autocast, (None, *AUTOCAST_DTYPES))
        for name in self.passes:
            _require_one_of("pass", name, ALL_PASSES)
        if not DEVICE.fullmatch(self.device):
            raise ValueError(f"device: expected auto, cpu, cuda, cuda:1 or mps, found {self.device!r}")
        for option, value, least in (("seeds", self.seeds, 1), ("batch size", self.batch, 1), ("steps", self.steps, 0)):
            if value is not None and value < least:
                raise ValueError(f"{option}: expected a whole number from {least}, found {value}")
        for option, number in (
            ("learning rate", self.learning_rate),
            ("time limit", self.time_limit),
            ("memory limit", self.memory_limit),
        ):
            if number is not None and not 0 < number < float("inf"):
                raise ValueError(f"{option}: expected a number above 0, found {number:g}")


def _require_one_of(option: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        names = ", ".join(filter(None, known))
        near = nearest(str(value), filter(None, known))
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"{option}: expected one of {names}, found {value!r}{hint}")


# ------------------------------------------------------------------------------------------------------ values as text


def parse_argument(text: str) -> tuple[str, object]:
    """Name and value of ``name=value``.

    The value is a Python literal (``64``, ``1e-3``, ``True``, ``[3, 4]``, ``(3, 3)``, ``{"p": 0.1}``, ``"64"``), one of
    ``true``, ``false``, ``null``, an object (``@torch.nn:LayerNorm``), or else the text itself.
    Raises `ValueError` for anything without a name and an ``=``.
    """
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"expected name=value, found {text!r}")
    return name, _parse_value(value.strip())


def _parse_value(text: str) -> object:
    if text.startswith("@"):
        return parse_reference(text)
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def parse_reference(text: str) -> Reference:
    """``@module:name`` or ``@module:name()`` as a `Reference`; raises `ValueError` if it has no colon."""
    is_called = text.endswith("()")
    target = text[1:-2] if is_called else text[1:]
    if ":" not in target:
        raise ValueError(f"expected @module:name or @path.py:name, found {text!r}; quote it if it is a text")
    return Reference(target, is_called)


def parse_size(value: str | int | float) -> int:
    """Bytes of ``"4GB"`` (10^9 each), ``"512MiB"`` (2^20 each) or a number; raises `ValueError` for anything else."""
    found = SIZE.fullmatch(str(value).strip())
    if found is None or found[2].lower() not in UNITS or isinstance(value, bool):
        raise ValueError(f"expected a size like 4GB or 512MiB, found {value!r}")
    size = int(float(found[1]) * UNITS[found[2].lower()])
    if size < 1:
        raise ValueError(f"expected a size above 0, found {value!r}")
    return size


# -------------------------------------------------------------------------------------------- tables of a configuration


def requests_from_tables(tables: Iterable[Mapping[str, object]], root: str) -> tuple[Request, ...]:
    """The ``[[tool.initlint.probe]]`` tables; paths in them relate to `root`, the configuration's folder.

    Raises `ConfigurationError`, naming the table and the key, for an unknown key, a wrong type or no target.
    """
    return tuple(_request(number, table, root) for number, table in enumerate(tables, 1))


def _request(number: int, table: Mapping[str, object], root: str) -> Request:
    where = f"[[tool.initlint.probe]] {number}" + (f" ({table['target']})" if "target" in table else "")
    if "target" not in table:
        raise ConfigurationError(f'{where}: no target; write target = "path/to/file.py:Name"')
    settings: dict[str, object] = {"directory": str(root)}
    for key, value in table.items():
        if key not in KEYS:
            near = nearest(key, KEYS)
            hint = f"; did you mean {near!r}?" if near else f"; known keys: {', '.join(KEYS)}"
            raise ConfigurationError(f"{where}: unknown key {key!r}{hint}")
        field, read = KEYS[key]
        try:
            settings[field] = read(value)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{where}: {key}: {error}") from error
    try:
        return Request(**settings)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, found {value!r}")
    return value


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_string, value))
    return (_string(value),)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, found {value!r}")
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"expected a number, found {value!r}")
    return float(value)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {value!r}")
    return value


def _size(value: object) -> int:
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"expected a size like 4GB or 512MiB, found {value!r}")
    return parse_size(value)


def _arguments(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table of names and values, found {value!r}")
    return {name: _resolved(item) for name, item in value.items()}


def _resolved(value: object) -> object:
    """A value of a table with its texts like ``@torch.nn:LayerNorm`` as references."""
    if isinstance(value, str) and value.startswith("@"):
        return parse_reference(value)
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    if isinstance(value, dict):
        return {name: _resolved(item) for name, item in value.items()}
    return value


KEYS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "target": ("target", _string),
    "args": ("arguments", _arguments),
    "input": ("inputs", _strings),
    "input-file": ("input_file", _string),
    "loss": ("loss", _string),
    "device": ("device", _string),
    "dtype": ("dtype", _string),
    "autocast": ("autocast", _string),
    "seeds": ("seeds", _whole),
    "batch-size": ("batch", _whole),
    "steps": ("steps", _whole),
    "optimizer": ("optimizer", _string),
    "lr": ("learning_rate", _number),
    "time-limit": ("time_limit", _number),
    "memory-limit": ("memory_limit", _size),
    "eval": ("is_eval", _boolean),
}
"""Key of a table → field of `Request` and how its value is read."""
