"""Calls that initialise, as they are written: what they write to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from initlint.frameworks.torch import IN_PLACE_INITS
from initlint.program.module import flatten
from initlint.program.nodes import last_name, nodes
from initlint.reading import facts
from initlint.signal.initializers import INITIALIZERS

INIT_MODULE = "init"
"""Last part of the name under which the module of initialisers is imported."""
WRITING = re.compile(r"_$|init|reset|fill|copy|load|normal|uniform|orthogonal|assign|set", re.IGNORECASE)
"""What the name of a function that writes to its arguments looks like."""
TRAINED = frozenset({"weight", "bias", "data"})
"""Attributes that lead to a parameter."""


@dataclass(frozen=True)
class Initialisation:
    """One call that initialises."""

    call: facts.Call
    name: str
    target: facts.Expression
    is_method: bool
    """``weight.normal_()`` rather than ``nn.init.normal_(weight)``."""


def initialisation(call: facts.Call) -> Initialisation | None:
    """What a call initialises; `None` if it is none of the framework's initialisers."""
    name, function = last_name(call.function), call.function
    first = call.arguments[0].value if call.arguments and not call.arguments[0].star else None
    owner = last_name(function.value) if isinstance(function, facts.Attribute) else ""
    spelled = name if name.endswith("_") else f"{name}_"
    is_known = spelled in INITIALIZERS
    if first is not None and is_known and (owner == INIT_MODULE or (name == spelled and name not in IN_PLACE_INITS)):
        return Initialisation(call, spelled, first, False)
    if isinstance(function, facts.Attribute) and name in IN_PLACE_INITS:
        return Initialisation(call, name, function.value, True)
    if isinstance(function, facts.Name) and first is not None and name == spelled and is_known:
        return Initialisation(call, spelled, first, False)
    return None


def may_initialise(called: Iterable[str]) -> bool:
    """Whether one of the names called, as the facts of a definition list them, may be an initialiser's."""
    return any(
        name in IN_PLACE_INITS or (name if name.endswith("_") else f"{name}_") in INITIALIZERS for name in called
    )


def initialising_nodes(file: facts.FileFacts) -> Iterator[facts.Node]:
    """The nodes of a file, without the top-level definitions that call no initialiser."""
    rest_may = may_initialise(file.called)
    for statement in flatten(file.body):
        may = may_initialise(statement.called) if isinstance(statement, (facts.Function, facts.Class)) else rest_may
        if may:
            yield from nodes(statement)


def initialisations(root: object) -> Iterator[Initialisation]:
    """Every call in it that initialises."""
    for node in nodes(root):
        if isinstance(node, facts.Call) and (found := initialisation(node)) is not None:
            yield found


def initialises_weights(root: object) -> bool:
    """Whether it initialises parameters, rather than a state or a buffer."""
    for found in initialisations(root):
        if not found.is_method:
            return True
        inside = list(nodes(found.target))
        is_fresh = any(isinstance(node, facts.Call) for node in inside)
        if not is_fresh and any(isinstance(node, facts.Attribute) and node.name in TRAINED for node in inside):
            return True
    return False


def written_attribute(target: facts.Expression) -> str | None:
    """The attribute that leads to what an init writes to: ``m.fc.weight.data[0]`` is ``weight``; a name is `None`."""
    current = target
    while True:
        if isinstance(current, facts.Attribute) and current.name != "data":
            return current.name
        if isinstance(current, (facts.Attribute, facts.Subscript)):
            current = current.value
        elif isinstance(current, facts.Call) and isinstance(current.function, facts.Attribute):
            current = current.function.value
        else:
            return None


def may_write(body: object, name: str) -> bool:
    """Whether something in it may write to a parameter that is called `name`."""
    return any(_writes(node, name) for node in nodes(body))


def _writes(node: facts.Node, name: str) -> bool:
    if isinstance(node, facts.Call):
        if (found := initialisation(node)) is not None:
            return written_attribute(found.target) in (name, None)
        return bool(WRITING.search(last_name(node))) and mentions(node, name)
    if isinstance(node, facts.AugmentedAssign):
        return written_attribute(node.target) == name
    if isinstance(node, facts.Assign):
        return any(written_attribute(t) == name and not _is_plain(t) for t in node.targets)
    return False


def _is_plain(target: facts.Expression) -> bool:
    """Whether a target is ``self.name`` itself."""
    return isinstance(target, facts.Attribute) and isinstance(target.value, facts.Name)


def mentions(root: object, name: str) -> bool:
    """Whether an attribute of that name, or a string that says it, stands in it."""
    return any(
        name == (node.name if isinstance(node, facts.Attribute) else getattr(node, "value", None))
        for node in nodes(root)
        if isinstance(node, (facts.Attribute, facts.Literal))
    )
