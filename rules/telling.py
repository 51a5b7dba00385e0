"""Fixes that set an option of what is called: a layer, an optimiser, a loss, a trainer."""

from __future__ import annotations

from initlint.fix import Edit, Name, inserted, replaced
from initlint.fix.edit import Part
from initlint.frameworks.options import ACTIVATION, Option, activation_position, package_of
from initlint.program import External, Program
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.nodes import nodes
from initlint.reading import facts

MOST_BY_POSITION = 3
"""Arguments given by position, beyond which the one that an option stands for may be among them."""


def resolved(program: Program, path: str, function: facts.Expression) -> str:
    """The full name that an expression at the top of a file stands for, outside the program; else empty."""
    module = program.module_shown(path)
    found = None if module is None else program.resolve_expression(module, function)
    return found.name if isinstance(found, External) else ""


def told(program: Program, path: str, call: facts.Call, option: Option) -> Edit | None:
    """An option set, instead of what it is; `None` where that is the caller's choice."""
    given = argument(call, option.name, None)
    by_position = sum(one.keyword is None for one in call.arguments)
    if by_position > MOST_BY_POSITION or (given is not None and not _is_decided(program, path, given)):
        return None
    return with_option(call, option.name, *([Name(option.called)] if option.called else []), option.text)


def _is_decided(program: Program, path: str, given: facts.Expression) -> bool:
    """Whether a value is written where it is used, or under a name that no function of the file takes."""
    if not isinstance(given, facts.Name):
        return isinstance(given, (facts.Literal, facts.Call))
    return not is_taken(program, path, given)


def is_taken(program: Program, path: str, given: facts.Name) -> bool:
    """Whether some function of the file takes a parameter of that name: its callers choose the value."""
    module = program.module_shown(path)
    body = nodes(module.source.facts.body if module is not None else ())
    functions = (node for node in body if isinstance(node, (facts.Function, facts.Lambda)))
    return any(parameter.name == given.id for function in functions for parameter in function.parameters)


def with_option(call: facts.Call, name: str, *value: Part) -> Edit | None:
    """A call with an option set; `None` where it is given options that are not in sight."""
    given = argument(call, name, None)
    if given is not None:
        return replaced(given, *value)
    if any(one.star == "**" for one in call.arguments):
        return None
    if not call.arguments:
        return inserted(call.end - 1, f"{name}=", *value)
    return inserted(call.arguments[-1].value.end, f", {name}=", *value)


def renamed(called: str, call: facts.Call, kind: str, name: str) -> Edit | None:
    """For a layer of a framework with options: another activation in the string it is told, or another layer."""
    package, position = package_of(called), activation_position(called)
    if not package:
        return None
    given = argument(call, ACTIVATION, position)
    if isinstance(given, facts.Literal) and given.value == kind:
        return replaced(given, f'"{name.lower()}"')
    return replaced(call.function, Name(f"{package}.layers.{name}")) if called.endswith(f".{kind}") else None


def drawn_by(call: facts.Call, option: str) -> str:
    """The name of the initialiser that a layer is told, as far as it is written there."""
    given = argument(call, option, None)
    if isinstance(given, facts.Literal):
        return str(given.value)
    return terminal_name(given).lower() if given is not None else ""
