"""Types, strings and numbers that remember what they were made of."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.tracing.values.objects import Value


@dataclass(frozen=True)
class TypeName:
    """``type(m)`` or ``m.__class__`` of a framework layer or an instance, or the string of its name."""

    of: Value


class ClassName(str):
    """The name of a module's class, as a string that remembers the module."""

    of: Value

    @staticmethod
    def made(name: str, of: Value) -> ClassName:
        """The name of the class of `of`."""
        value = ClassName(name)
        value.of = of
        return value


class NamedGain(float):
    """A gain that remembers which activation it was looked up for."""

    nonlinearity: str

    @staticmethod
    def made(gain: float, nonlinearity: str) -> NamedGain:
        """The gain of `nonlinearity`."""
        value = NamedGain(gain)
        value.nonlinearity = nonlinearity
        return value
