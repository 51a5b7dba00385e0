"""Regular expressions on known strings: run as they are, within limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from initlint.tracing.values import ListValue, Unknown, Value

LONGEST = 100
"""Characters of a text or a pattern that are looked at."""
MOST_QUANTIFIERS = 3
"""Repetitions in a pattern: n of them take at most ``LONGEST ** n`` steps, unless one stands in another."""
QUANTIFIER = re.compile(r"[*+{]")
REPEATED_GROUP = re.compile(r"\)[*+{?]")
FUNCTIONS: dict[str, Callable[..., object]] = {"re.split": re.split, "re.findall": re.findall, "re.sub": re.sub}
"""Those whose results are plain strings and lists of them."""


def call(name: str, arguments: tuple[Value, ...]) -> Value:
    """``re.split(pattern, text)`` and the like; an unknown where an argument is no short string."""
    if not arguments or not all(isinstance(given, str) and len(given) <= LONGEST for given in arguments):
        return Unknown(f"{name} of something unknown")
    if not _is_cheap(str(arguments[0])):
        return Unknown(f"{name} with a pattern that may take long")
    try:
        found = FUNCTIONS[name](*arguments)
    except (re.error, TypeError, IndexError):
        return Unknown(f"{name} fails")
    return ListValue(list(found)) if isinstance(found, list) else found


def _is_cheap(pattern: str) -> bool:
    return len(QUANTIFIER.findall(pattern)) <= MOST_QUANTIFIERS and REPEATED_GROUP.search(pattern) is None
