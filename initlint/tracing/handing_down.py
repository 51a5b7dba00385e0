"""Where a constructor's parameter comes from that says nothing of itself: the classes of a module hand a configuration down.

Of ``class Layer: def __init__(self, config)`` nothing is known, but ``class Model: def __init__(self, config: Config)`` builds
its layers with the configuration that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from initlint.program import Module
from initlint.program.module import flatten
from initlint.program.nodes import nodes
from initlint.reading import facts

CONSTRUCTOR = "__init__"


@dataclass(frozen=True)
class Family:
    """The classes of a module, and who builds whom."""

    module: Module

    @cached_property
    def _classes(self) -> Mapping[str, facts.Class]:
        return {each.name: each for each in flatten(self.module.source.facts.body) if isinstance(each, facts.Class)}

    def source(self, cls: facts.Class, name: str) -> facts.Parameter | None:
        """The annotated parameter of another class of the module that the parameter `name` of a constructor is given."""
        waiting, seen = [(cls, name)], {(cls.name, name)}
        while waiting:
            for builder, parameter in self._given(*waiting.pop(0)):
                if parameter.annotation is not None:
                    return parameter
                if (builder.name, parameter.name) not in seen:
                    seen.add((builder.name, parameter.name))
                    waiting.append((builder, parameter.name))
        return None

    def alike(self, name: str) -> facts.Parameter | None:
        """The parameter `name` of constructors of the module, if all that are annotated say the same."""
        named = self._annotated.get(name, {})
        return next(iter(named.values())) if len(named) == 1 else None

    @cached_property
    def _annotated(self) -> Mapping[str, Mapping[str, facts.Parameter]]:
        """By name and annotation: the parameters of constructors that are annotated with a class."""
        found: dict[str, dict[str, facts.Parameter]] = {}
        for cls in self._classes.values():
            for parameter in self._constructor(cls):
                if isinstance(parameter.annotation, facts.Name):
                    found.setdefault(parameter.name, {})[parameter.annotation.id] = parameter
        return found

    def _given(self, cls: facts.Class, name: str) -> Iterator[tuple[facts.Class, facts.Parameter]]:
        """The constructors that hand one of their own parameters on to it."""
        own = self._constructor(cls)
        position = next((at for at, each in enumerate(own[1:]) if each.name == name), None)
        for builder in self._classes.values():
            derives = any(isinstance(base.value, facts.Name) and base.value.id == cls.name for base in builder.bases)
            if builder is cls or not (derives or cls.name in builder.called):
                continue
            for call in self._calls(builder, cls, derives):
                value = _argument(call.arguments, name, position)
                for parameter in self._constructor(builder):
                    if isinstance(value, facts.Name) and value.id == parameter.name:
                        yield builder, parameter

    def _constructor(self, cls: facts.Class) -> Sequence[facts.Parameter]:
        """Its parameters; of a class without one, those of the base in the module."""
        written = next((each for each in cls.body if _is_constructor(each)), None)
        if isinstance(written, facts.Function):
            return written.parameters
        bases = [self._classes.get(base.value.id) for base in cls.bases if isinstance(base.value, facts.Name)]
        return next((self._constructor(base) for base in bases if base is not None and base is not cls), ())

    def _calls(self, builder: facts.Class, cls: facts.Class, derives: bool) -> Iterator[facts.Call]:
        for function in filter(_is_constructor, builder.body):
            for node in nodes(function):
                if isinstance(node, facts.Call) and _is_call_of(node.function, cls.name, derives):
                    yield node


def _is_constructor(statement: facts.Statement) -> bool:
    return isinstance(statement, facts.Function) and statement.name == CONSTRUCTOR


def _is_call_of(function: facts.Expression, name: str, derives: bool) -> bool:
    """``Class(...)``; in a class derived from it also ``super().__init__(...)``."""
    if isinstance(function, facts.Name):
        return function.id == name
    owner = function.value if isinstance(function, facts.Attribute) and function.name == CONSTRUCTOR else None
    is_super = isinstance(owner, facts.Call) and isinstance(owner.function, facts.Name) and owner.function.id == "super"
    return derives and is_super


def _argument(arguments: Sequence[facts.Argument], name: str, position: int | None) -> facts.Expression | None:
    named = next((each.value for each in arguments if each.keyword == name), None)
    placed = [each.value for each in arguments if each.keyword is None and not each.star]
    return named if named is not None or position is None or position >= len(placed) else placed[position]
