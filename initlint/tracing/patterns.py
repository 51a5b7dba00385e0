"""Regular expressions on known strings: run as they are, within limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from initlint.tracing.values import ListValue, Unknown, Value

LONGEST = 100
"""Characters of a text or a pattern that are looked at."""
MOST_STEPS = 1_000_000
"""Of a search: with n repetitions in a pattern it takes at most ``length of the text ** n``, unless one stands in another."""
QUANTIFIER = re.compile(r"[*+{]|\)\?")
REPEATED_GROUP = re.compile(r"\)[*+{]")
FUNCTIONS: dict[str, Callable[..., object]] = {
    "re.split": re.split,
    "re.findall": re.findall,
    "re.sub": re.sub,
    "re.match": re.match,
    "re.search": re.search,
    "re.fullmatch": re.fullmatch,
}
"""Those whose results are plain strings, lists of them, and what a pattern was found to match."""
METHODS = frozenset({"split", "findall", "sub", "match", "search", "fullmatch"})
"""Of a compiled pattern, likewise."""
RESULTS = frozenset({"group", "groups", "start", "end", "span"})
"""Methods of what a pattern was found to match."""
Expression: TypeAlias = "re.Pattern[str] | re.Match[str]"


def call(name: str, arguments: tuple[Value, ...]) -> Value:
    """``re.split(pattern, text)`` and the like; an unknown where an argument is no short string."""
    if not arguments or not all(isinstance(given, str) and len(given) <= LONGEST for given in arguments):
        return Unknown(f"{name} of something unknown")
    if not _is_cheap(str(arguments[0]), str(arguments[-1])):
        return Unknown(f"{name} with a pattern that may take long")
    try:
        found = FUNCTIONS[name](*arguments)
    except (re.error, TypeError, IndexError):
        return Unknown(f"{name} fails")
    return ListValue(list(found)) if isinstance(found, list) else found


def compile_pattern(arguments: tuple[Value, ...]) -> Value:
    """``re.compile(pattern)``, without flags."""
    if len(arguments) == 1 and isinstance(arguments[0], str) and len(arguments[0]) <= LONGEST:
        try:
            return re.compile(arguments[0])
        except re.error:
            pass
    return Unknown("a pattern that is not known")


def call_method(receiver: Expression, name: str, arguments: tuple[Value, ...]) -> Value:
    """A method of a compiled pattern, or of what one was found to match."""
    if isinstance(receiver, re.Pattern):
        return (
            call(f"re.{name}", (receiver.pattern, *arguments)) if name in METHODS else Unknown(f"{name} of a pattern")
        )
    if name not in RESULTS or not all(isinstance(given, (int, str)) for given in arguments):
        return Unknown(f"{name} of a match")
    try:
        found: Value = getattr(receiver, name)(*arguments)
    except (IndexError, TypeError):
        return Unknown(f"{name} of a match fails")
    return found


def _is_cheap(pattern: str, text: str) -> bool:
    steps = max(len(text), 2) ** len(QUANTIFIER.findall(pattern))
    return steps <= MOST_STEPS and REPEATED_GROUP.search(pattern) is None
