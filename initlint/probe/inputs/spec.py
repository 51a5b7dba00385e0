"""One input as the user writes it: ``8,3,224,224``, ``ids:int64:8,128:0..30000``. Needs no torch."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from initlint.probe.errors import ProbeError

BATCH: Literal["B"] = "B"
"""Stands for the batch size in a shape."""

Size = int | Literal["B"]

FORM = "Write [name:][dtype:]shape[:low..high], as in 8,3,224,224 or B,3,224,224 or int64:8,128 or ids:int64:8,128:0..30000."

FLOATING = ("float32", "float64", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTEGER = ("int64", "int32", "int16", "int8", "uint8")
ALIASES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "cfloat": "complex64",
    "cdouble": "complex128",
}
"""Torch's own second names."""
DTYPES = (*FLOATING, *COMPLEX, *INTEGER, "bool")

_SHAPE = re.compile(r"(?:B|\d+)(?:,(?:B|\d+))*,?")
_SCALARS = ("-", "()")


@dataclass(frozen=True)
class Input:
    """A tensor to draw: shape, type and distribution."""

    shape: tuple[Size, ...]
    dtype: str | None = None
    """Torch's name without ``torch.``; ``None``: the floating type the model runs in."""
    name: str | None = None
    """The keyword argument it goes in as; ``None``: positional."""
    low: float | None = None
    high: float | Literal["B"] | None = None
    """Floats are uniform on [low, high), or normal with mean 0 and variance 1 where both are ``None``; integers are
    drawn from low, ..., high - 1. ``B``: the batch size, as for the nodes of a graph."""

    @property
    def is_integer(self) -> bool:
        return self.dtype in INTEGER

    def sizes(self, batch: int) -> tuple[int, ...]:
        """The shape with the batch size put in."""
        return tuple(batch if size == BATCH else int(size) for size in self.shape)

    def describe(self) -> str:
        """As the user would write it."""
        shape = ",".join(map(str, self.shape)) or "-"
        high = self.high if self.high is None or self.high == BATCH else f"{self.high:.15g}"
        bounds = "" if self.low is None or high is None else f"{self.low:g}..{high}"
        return ":".join(part for part in (self.name, self.dtype, shape, bounds) if part)


def parse_input(text: str) -> Input:
    """Read one ``--input``. Raises `ProbeError` that names the part it does not understand and the right form."""
    parts = [part.strip() for part in text.strip().split(":")]
    low, high = _range(text, parts.pop()) if len(parts) > 1 and ".." in parts[-1] else (None, None)
    shape = _shape(text, parts.pop())
    dtype = _dtype(parts.pop()) if parts and _is_dtype(parts[-1]) else None
    name = _name(text, parts.pop()) if parts else None
    if parts:
        raise _error(text, parts[-1], "is a part too many")
    spec = Input(shape, dtype, name, low, high)
    _require_fitting_range(text, spec)
    return spec


def _is_dtype(part: str) -> bool:
    return part.removeprefix("torch.") in (*DTYPES, *ALIASES)


def _dtype(part: str) -> str:
    plain = part.removeprefix("torch.")
    return ALIASES.get(plain, plain)


def _name(text: str, part: str) -> str:
    if not part.isidentifier():
        raise _error(text, part, "is neither an argument's name nor a type; types are " + ", ".join(DTYPES))
    return part


def _shape(text: str, part: str) -> tuple[Size, ...]:
    if part in _SCALARS:
        return ()
    if not _SHAPE.fullmatch(part):
        raise _error(text, part, "is not a shape: sizes divided by commas, B for the batch size, - for a scalar")
    sizes = tuple(BATCH if size == BATCH else int(size) for size in part.rstrip(",").split(","))
    if 0 in sizes:
        raise _error(text, part, "has a size of 0: there would be nothing to measure")
    return sizes


def _range(text: str, part: str) -> tuple[float, float | Literal["B"]]:
    """Lower and upper bound, both finite and in order."""
    is_open = part.endswith(f"..{BATCH}")
    try:
        low, high = (float(bound) for bound in part.replace(f"..{BATCH}", "..inf").split("..", 1))
    except ValueError:
        raise _error(text, part, "is not a range of two numbers such as 0..30000") from None
    if not (math.isfinite(low) and (is_open or math.isfinite(high)) and low < high):
        raise _error(text, part, "is an empty range: the first number is below the second, which is left out")
    return low, BATCH if is_open else high


def _require_fitting_range(text: str, spec: Input) -> None:
    if spec.low is None or spec.high is None or spec.high == BATCH:
        return
    part = text.rsplit(":", 1)[1].strip()
    if spec.dtype in COMPLEX:
        raise _error(text, part, "is a range, which a complex input cannot have")
    is_whole = spec.low.is_integer() and spec.high.is_integer()
    if not is_whole and (spec.is_integer or spec.dtype == "bool"):
        raise _error(text, part, f"is not a range of whole numbers, as {spec.dtype} needs")
    if spec.is_integer and not _holds(str(spec.dtype), spec.low, spec.high):
        raise _error(text, part, f"holds numbers that {spec.dtype} cannot")
    if spec.dtype == "bool" and not (spec.low >= 0 and spec.high <= 2):
        raise _error(text, part, "goes beyond false and true, which are 0..2")


def _holds(dtype: str, low: float, high: float) -> bool:
    """Whether an integer type holds low, ..., high - 1."""
    bits = int(dtype.removeprefix("u").removeprefix("int"))
    return (
        (low >= 0 and high <= 2**bits)
        if dtype.startswith("u")
        else (-(2 ** (bits - 1)) <= low and high <= 2 ** (bits - 1))
    )


def _error(text: str, part: str, reason: str) -> ProbeError:
    column = text.rfind(part) + 1 if part else len(text) + 1
    shown = f"'{part}'" if part else "an empty part"
    return ProbeError("inputs", f"--input {text!r}, letter {column}: {shown} {reason}", FORM)
