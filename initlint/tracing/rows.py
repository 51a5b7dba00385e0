"""Rows: tensors with one axis whose entries are known, as sizes and rates are worked out with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from initlint.tracing.values import ListValue, Row, Value

MOST_NUMBERS = 1_024
"""Entries of a row that are worked out."""
LARGEST = 2**53
"""Size from which on an entry counts as not known: floats hold no more whole numbers exactly."""
MOST_FACTORS = 64
"""Largest exponent of an exact power."""
OF_EACH: Mapping[str, Callable[[float], float]] = {
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log2": math.log2,
}
"""Functions and methods of each entry alone. Halves are rounded to even numbers, as Python does."""
OF_PAIRS: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
    "**": lambda left, right: left**right if abs(right) <= MOST_FACTORS else float(left) ** right,
}
SYMBOLS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "multiply": "*",
    "div": "/",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "pow": "**",
}
"""Functions and methods that do what an operator does."""
OF_ALL: Mapping[str, Callable[[Sequence[float]], Sequence[float]]] = {
    "diff": lambda numbers: [after - before for before, after in pairwise(numbers)],
    "cumsum": lambda numbers: list(accumulate(numbers)),
    "unique": lambda numbers: sorted(set(numbers)),
    "flip": lambda numbers: list(reversed(numbers)),
    "detach": list,
    "clone": list,
    "cpu": list,
    "to": list,
}
"""Functions and methods of a whole row that give another."""
TO_ONE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "amax": max,
    "amin": min,
}
"""Functions and methods of a whole row that give a number."""


def part(owner: Row, numbers: Sequence[float]) -> Row:
    """Some entries of a row."""
    return replace(owner, shape=(len(numbers),), numbers=tuple(numbers), is_part=True)


def made(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[float, ...]:
    """The entries of what ``torch.<name>(...)`` makes; none if they are not known."""
    maker = {"linspace": _spaced, "arange": _counted, "tensor": _listed, "as_tensor": _listed}.get(name)
    found = maker(arguments, keywords) if maker is not None else ()
    return found if len(found) <= MOST_NUMBERS else ()


def _spaced(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[float, ...]:
    given = dict(zip(("start", "end", "steps"), arguments, strict=False)) | dict(keywords)
    start, end, steps = (given.get(name) for name in ("start", "end", "steps"))
    if not isinstance(start, (int, float)) or not isinstance(end, (int, float)) or not isinstance(steps, int):
        return ()
    if steps > MOST_NUMBERS:
        return ()
    return tuple(start + (end - start) * step / max(steps - 1, 1) for step in range(steps))


def _counted(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[float, ...]:
    given = [*arguments, *(keywords[name] for name in ("start", "end", "step") if name in keywords)]
    whole = [value for value in given if isinstance(value, int) and not isinstance(value, bool)]
    if len(whole) < len(given) or not 1 <= len(whole) <= 3 or (len(whole) == 3 and whole[2] == 0):
        return ()
    found = range(*whole)
    return tuple(found) if len(found) <= MOST_NUMBERS else ()


def _listed(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[float, ...]:
    first = arguments[0] if arguments else keywords.get("data")
    items = first.items if isinstance(first, ListValue) and not first.is_open else first
    if not isinstance(items, (list, tuple)):
        return ()
    numbers = [item for item in items if isinstance(item, (int, float))]
    return tuple(numbers) if len(numbers) == len(items) else ()


# ----------------------------------------------------------------------------------------------------------- computing


def binary(symbol: str, left: Value, right: Value) -> Row | None:
    """``left symbol right`` of two rows, or of a row and a number; `None` where it is not known."""
    rows = [value for value in (left, right) if isinstance(value, Row)]
    function = OF_PAIRS.get(symbol)
    if not rows or function is None:
        return None
    count = len(rows[0].numbers)
    pair = [_spread(value, count) for value in (left, right)]
    return _tried(lambda: [function(*entries) for entries in zip(*pair, strict=True)], rows[0])


def _spread(value: Value, count: int) -> Sequence[float]:
    """The entries of a row, or a number as often as there are entries; nothing of what is neither."""
    if isinstance(value, Row):
        return value.numbers
    return [value] * count if isinstance(value, (int, float)) else ()


def call(name: str, arguments: Sequence[Value]) -> Value:
    """A function, or a method of the first argument, of at least one row; `None` where it is not known."""
    if name in SYMBOLS and len(arguments) == 2:
        return binary(SYMBOLS[name], *arguments)
    owner = arguments[0] if arguments else None
    if not isinstance(owner, Row):
        return None
    if name == "split":
        return _split(owner, arguments[1:])
    if name == "tolist":
        return ListValue(list(owner.numbers))
    if name in OF_EACH and len(arguments) == 1:
        function = OF_EACH[name]
        return _tried(lambda: [function(number) for number in owner.numbers], owner)
    if name in TO_ONE and len(arguments) == 1 and owner.numbers:
        return TO_ONE[name](owner.numbers)
    return _tried(lambda: OF_ALL[name](owner.numbers), owner) if name in OF_ALL else None


def _tried(compute: Callable[[], Sequence[float]], like: Row) -> Row | None:
    try:
        found = compute()
    except (ArithmeticError, ValueError, TypeError):
        return None
    if not all(isinstance(each, (int, float)) and abs(each) <= LARGEST for each in found):
        return None
    return Row((len(found),), place=like.place, numbers=tuple(found))


def _split(owner: Row, arguments: Sequence[Value]) -> Value:
    """``row.split(size)`` or ``row.split(sizes)``."""
    sizes = arguments[0] if arguments else None
    if not isinstance(sizes, (int, tuple, ListValue)):
        return None
    counts = sizes.items if isinstance(sizes, ListValue) else sizes
    if isinstance(counts, int):
        counts = (counts,) * -(-len(owner.numbers) // counts) if counts > 0 else ()
    ends = list(accumulate(count for count in counts if isinstance(count, int)))
    if len(ends) < len(counts):
        return None
    return tuple(part(owner, owner.numbers[start:end]) for start, end in zip([0, *ends], ends, strict=False))
