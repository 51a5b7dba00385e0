"""Small questions to expressions: their last name, their spelling, what is in them."""

from __future__ import annotations

import msgspec

from initlint.program.nodes import nodes
from initlint.reading import facts

STRUCTS = (
    facts.Node,
    facts.Argument,
    facts.WithItem,
    facts.Handler,
    facts.Case,
    facts.Clause,
    facts.Parameter,
)
"""Whatever holds expressions or statements."""
STRUCT_TYPES: tuple[type[msgspec.Struct], ...] = (*facts.Node.__subclasses__(), *STRUCTS[1:])
"""The same, each class by itself."""


def terminal_name(expression: facts.Expression) -> str:
    """The last name of a dotted name or of what a call calls; empty for anything else."""
    if isinstance(expression, facts.Call):
        return terminal_name(expression.function)
    if isinstance(expression, facts.Name):
        return expression.id
    return expression.name if isinstance(expression, facts.Attribute) else ""


def dotted(expression: facts.Expression) -> str:
    """All names of a chain of attributes, calls and subscripts, joined with dots."""
    if isinstance(expression, facts.Attribute):
        return f"{dotted(expression.value)}.{expression.name}"
    if isinstance(expression, (facts.Call, facts.Subscript)):
        return dotted(expression.function if isinstance(expression, facts.Call) else expression.value)
    return expression.id if isinstance(expression, facts.Name) else ""


def spelled(expression: facts.Expression) -> str:
    """An expression as source, as far as names, attributes, plain calls and literal indices go; else empty."""
    if isinstance(expression, facts.Name):
        return expression.id
    if isinstance(expression, facts.Literal):
        return repr(expression.value)
    if isinstance(expression, facts.Attribute):
        owner = spelled(expression.value)
        return owner and f"{owner}.{expression.name}"
    if isinstance(expression, facts.Subscript):
        owner, index = spelled(expression.value), spelled(expression.index)
        return f"{owner}[{index}]" if owner and index else ""
    if isinstance(expression, facts.Call) and not expression.arguments:
        owner = spelled(expression.function)
        return owner and f"{owner}()"
    return ""


def receiver(call: facts.Call) -> facts.Expression | None:
    """What a method is called on."""
    return call.function.value if isinstance(call.function, facts.Attribute) else None


def mentions_gradient(node: object) -> bool:
    """Whether it reads or writes a ``.grad``."""
    return any(isinstance(one, facts.Attribute) and one.name in ("grad", "main_grad", "_grad") for one in nodes(node))


def argument(call: facts.Call, name: str, position: int | None) -> facts.Expression | None:
    """The argument a call gives for a parameter, by keyword or position."""
    for one in call.arguments:
        if one.keyword == name:
            return one.value
    given = [one for one in call.arguments if one.keyword is None]
    if position is None or not 0 <= position < len(given) or any(one.star for one in given[: position + 1]):
        return None
    return given[position].value
