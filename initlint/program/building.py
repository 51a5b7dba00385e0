"""What a constructor or factory may be given so that it can be run: as the project gives it, else settings that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.frameworks.command_line import DEFAULTS_OF_ACTIONS, PARSED, PARSERS
from initlint.program.loops.classes import ancestry, find_method
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.routines import ClassScope, Routine, binding_scope, reaching
from initlint.program.module import flatten
from initlint.program.nodes import nodes
from initlint.program.resolution import Definition
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values
    from initlint.program.module import Module

DEEPEST = 6
"""Names, calls and collections followed from one argument."""
MOST_CALLS = 20
"""Calls of one constructor that are looked at."""
SETTINGS_NAME = re.compile(r"(?:config|configuration|settings|args|arguments|hparams|options|params)$", re.IGNORECASE)
"""What classes of settings are called."""


class UnknownValueError(Exception):
    """An argument that the source does not say."""


@dataclass(frozen=True)
class Made:
    """What calling a class at the top level of a file gives."""

    path: Path
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Options:
    """An object with these attributes: the options of a command line with their defaults."""

    values: Mapping[str, object]


Given = Mapping[str, object]
"""Arguments by name: plain values, `Made`, `Options`, and lists, tuples and dictionaries of these."""


class Building:
    """Looks in a program for what to call its classes and functions with."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def given(self, module: Module, node: facts.Class | facts.Function) -> Given:
        """What the first call in the project gives that says all that is needed; else settings for what lacks them."""
        links = self.values.links
        target = links.class_of(module, node) if isinstance(node, facts.Class) else links.routine_of(module, node)
        called = self._routine(target)
        if called is None:
            return {}
        required = [one for one in _own(called) if one.default is None and not one.kind.startswith("*")]
        for routine, call in self._calls_of(target):
            found = self._arguments(called, call, routine)
            if found is not None and all(one.name in found for one in required):
                return found
        return dict(self._fitting(called, required))

    def _routine(self, target: ClassScope | Routine) -> Routine | None:
        return find_method(self.values, target, "__init__") if isinstance(target, ClassScope) else target

    def _calls_of(self, target: ClassScope | Routine) -> Iterator[tuple[Routine, facts.Call]]:
        for number, (routine, call) in enumerate(self.values.links.calls_of(target.name)):
            if number >= MOST_CALLS:
                return
            if any(callee is target for callee in self.values.callees(call, routine)):
                yield routine, call

    def _arguments(self, called: Routine, call: facts.Call, routine: Routine) -> Given | None:
        """What a call gives, by name; `None` if something of it is not known."""
        if any(one.star for one in call.arguments):
            return None
        names = [one.name for one in _own(called) if not one.kind.startswith("*")]
        positional = [one for one in call.arguments if one.keyword is None]
        pairs = [*zip(names, positional, strict=False), *((one.keyword, one) for one in call.arguments if one.keyword)]
        try:
            return {str(name): self._known(one.value, routine, 0) for name, one in pairs}
        except UnknownValueError:
            return None

    # --------------------------------------------------------------------------------------------------------- values

    def _known(self, node: facts.Expression, routine: Routine, depth: int) -> object:
        """The value of an expression. Raises `UnknownValueError`."""
        if depth > DEEPEST:
            raise UnknownValueError
        if isinstance(node, facts.Literal):
            return node.value
        if isinstance(node, facts.Unary) and node.operator == "-":
            return _negative(self._known(node.operand, routine, depth + 1))
        if isinstance(node, facts.Sequence) and node.kind in ("list", "tuple"):
            items = [self._known(item, routine, depth + 1) for item in node.items]
            return items if node.kind == "list" else tuple(items)
        if isinstance(node, facts.Dictionary):
            return self._dictionary(node, routine, depth)
        if isinstance(node, facts.Name):
            return self._named(node, routine, depth)
        if isinstance(node, facts.Call):
            return self._called(node, routine, depth)
        raise UnknownValueError

    def _dictionary(self, node: facts.Dictionary, routine: Routine, depth: int) -> dict[object, object]:
        if any(not isinstance(key, facts.Literal) for key in node.keys):
            raise UnknownValueError
        pairs = zip(node.keys, node.values, strict=True)
        return {k.value: self._known(v, routine, depth + 1) for k, v in pairs if isinstance(k, facts.Literal)}

    def _named(self, name: facts.Name, routine: Routine, depth: int) -> object:
        scope = binding_scope(name.id, routine)
        at = name.start if scope is routine else None
        bounds = list(reaching(scope, scope.bounds.get(name.id, []), at)) if scope is not None else []
        if len(bounds) != 1 or bounds[0].route:
            raise UnknownValueError
        return self._known(bounds[0].value, bounds[0].routine, depth + 1)

    def _called(self, call: facts.Call, routine: Routine, depth: int) -> object:
        if isinstance(call.function, facts.Attribute) and call.function.name == PARSED:
            return self._parsed(call.function.value, routine)
        for callee in self.values.callees(call, routine):
            if isinstance(callee, ClassScope):
                return self._made(callee, call, routine)
            if isinstance(callee, Routine) and len(callee.returns) == 1:
                return self._known(callee.returns[0], callee, depth + 1)
        raise UnknownValueError

    def _made(self, cls: ClassScope, call: facts.Call, routine: Routine) -> Made:
        called = find_method(self.values, cls, "__init__")
        if call.arguments and called is None:
            fields = [one.name for one in _fields(cls)]
            if any(one.star or (one.keyword is None) for one in call.arguments) or not fields:
                raise UnknownValueError
            given = {str(one.keyword): self._known(one.value, routine, 1) for one in call.arguments}
        else:
            found = self._arguments(called, call, routine) if called is not None else {}
            if found is None:
                raise UnknownValueError
            given = dict(found)
        return _made(cls, given)

    def _parsed(self, parser: facts.Expression, routine: Routine) -> Options:
        """The defaults of the options of a parser, as far as they are known."""
        for made in self.values.of(parser, routine):
            if isinstance(made, Foreign) and made.name.rpartition(".")[2] in PARSERS and made.routine is not None:
                return Options(dict(self._options(made, made.routine)))
        raise UnknownValueError

    def _options(self, parser: Foreign, routine: Routine) -> Iterator[tuple[str, object]]:
        for call in routine.calls:
            if terminal_name(call.function) == "add_argument" and isinstance(call.function, facts.Attribute):
                owners = self.values.of(call.function.value, routine)
                if not owners or any(getattr(one, "call", None) is parser.call for one in owners):
                    yield from self._option(call, routine)

    def _option(self, call: facts.Call, routine: Routine) -> Iterator[tuple[str, object]]:
        names = [
            one.value.value for one in call.arguments if one.keyword is None and isinstance(one.value, facts.Literal)
        ]
        named = argument(call, "dest", None)
        written = [name.lstrip("-") for name in names if isinstance(name, str)]
        long = [name.lstrip("-") for name in names if isinstance(name, str) and name.startswith("--")]
        name = named.value if isinstance(named, facts.Literal) else next(iter([*long, *written]), None)
        default, action = argument(call, "default", None), argument(call, "action", None)
        if not isinstance(name, str):
            return
        try:
            value = self._known(default, routine, 1) if default is not None else _default_of(action)
        except UnknownValueError:
            return
        yield name.replace("-", "_"), value

    # ------------------------------------------------------------------------------------------------- fitting settings

    def _fitting(self, called: Routine, required: list[facts.Parameter]) -> Iterator[tuple[str, object]]:
        """Settings for the arguments whose attributes the constructor reads."""
        for one in required:
            read = attributes_read(called.node.body if called.node is not None else (), one.name)
            if one.annotation is None and read:
                found = self._settings(called.module, read) or self._command_line(called.module, read)
                if found is not None:
                    yield one.name, found

    def _settings(self, module: Module, read: frozenset[str]) -> Made | None:
        """The one class of settings in the program that needs no arguments and has these attributes."""
        for classes in (self._named_in(module), self._settings_classes(self.values.links.modules)):
            if found := [cls for cls in classes if self._fits(cls, read)]:
                break
        return _made(found[0], {}) if len(found) == 1 else None

    def _named_in(self, module: Module) -> Iterator[ClassScope]:
        """The classes of settings that stand in a module or are imported there."""
        for name in filter(SETTINGS_NAME.search, module.bindings):
            found = self.values.links.program.resolve(module, name)
            if isinstance(found, Definition) and isinstance(found.node, facts.Class):
                yield self.values.links.class_of(found.module, found.node)

    def _settings_classes(self, modules: list[Module]) -> Iterator[ClassScope]:
        for module in modules:
            for node in flatten(module.source.facts.body):
                if isinstance(node, facts.Class) and SETTINGS_NAME.search(node.name):
                    yield self.values.links.class_of(module, node)

    def _fits(self, cls: ClassScope, read: frozenset[str]) -> bool:
        classes = ancestry(self.values, cls)
        init = find_method(self.values, cls, "__init__")
        required = _own(init) if init is not None else [one for each in classes for one in _fields(each)]
        has = {name for one in classes for name in (*one.attributes, *one.body.bounds, *one.methods)}
        needs = [one for one in required if one.default is None and not one.kind.startswith("*")]
        return not needs and read <= has

    def _command_line(self, module: Module, read: frozenset[str]) -> Options | None:
        """The options of the one parser in the program that has all of these."""
        found: list[Options] = []
        for name in PARSERS:
            for routine, call in self.values.links.calls_of(name):
                options = Options(dict(self._options(Foreign(name, call, routine), routine)))
                found += [options] if read <= options.values.keys() else []
        return found[0] if len(found) == 1 else None


def _made(cls: ClassScope, given: Given) -> Made:
    """Raises `UnknownValueError` for a class that cannot be imported."""
    if cls.enclosing.node is not None:
        raise UnknownValueError
    return Made(cls.module.path.absolute(), cls.name, given)


def _own(called: Routine) -> tuple[facts.Parameter, ...]:
    return called.parameters[called.self_name is not None :]


def _fields(cls: ClassScope) -> Iterator[facts.Parameter]:
    """The fields of a dataclass, as the parameters of its constructor."""
    for one in cls.node.body:
        target = one.targets[0] if isinstance(one, facts.Assign) and one.annotation else None
        if isinstance(target, facts.Name) and isinstance(one, facts.Assign):
            yield facts.Parameter(target.id, "normal", one.value, one.annotation)


def _negative(value: object) -> object:
    if not isinstance(value, (int, float)):
        raise UnknownValueError
    return -value


def _default_of(action: facts.Expression | None) -> object:
    return DEFAULTS_OF_ACTIONS.get(action.value) if isinstance(action, facts.Literal) else None


def attributes_read(body: tuple[facts.Statement, ...], name: str) -> frozenset[str]:
    """The attributes that a function reads of a parameter."""
    return frozenset(
        node.name
        for node in nodes(body)
        if isinstance(node, facts.Attribute) and isinstance(node.value, facts.Name) and node.value.id == name
    )
