"""Inits of tensors that nothing keeps: copies, and fresh tensors that are never stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.finding import Place
from initlint.frameworks.torch import COPIES, UNINITIALISED
from initlint.program.initialising import Initialisation, initialisation, initialising_nodes, may_initialise
from initlint.program.module import Module
from initlint.program.nodes import last_name, nodes, statements
from initlint.reading import facts


@dataclass(frozen=True)
class Discarded:
    """An init of a tensor that nothing uses afterwards."""

    place: Place
    initializer: str
    tensor: str
    """Its name, or the call that makes it."""
    is_copy: bool
    """A copy of something, rather than a tensor of its own."""


def discarded(module: Module) -> Iterator[Discarded]:
    """The inits in a module's functions that change nothing, one for each tensor."""
    for node in initialising_nodes(module.source.facts):
        if isinstance(node, facts.Function) and may_initialise(node.called):
            yield from _of_locals(module, node)
        elif isinstance(node, facts.Evaluate) and isinstance(node.value, facts.Call):
            found = initialisation(node.value)
            maker = _maker(found.target) if found is not None else None
            if found is not None and maker in COPIES:
                yield _made(module, found, f"{maker}()", True)


def _made(module: Module, found: Initialisation, tensor: str, is_copy: bool) -> Discarded:
    return Discarded(module.source.place(found.call.start, found.call.end), found.name, tensor, is_copy)


def _maker(expression: facts.Expression) -> str | None:
    """What makes the tensor, seen through views of it: ``w.clone().data`` is made by ``clone``."""
    while isinstance(expression, (facts.Attribute, facts.Subscript)):
        expression = expression.value
    return last_name(expression) if isinstance(expression, facts.Call) else None


def _of_locals(module: Module, function: facts.Function) -> Iterator[Discarded]:
    """Local tensors that are initialised and used for nothing else."""
    makers = _fresh_locals(function)
    if not makers:
        return
    uses: dict[str, int] = dict.fromkeys(makers, 0)
    inits: dict[str, list[Initialisation]] = {name: [] for name in makers}
    for node in nodes(function.body):
        if isinstance(node, facts.Name) and node.id in uses:
            uses[node.id] += 1
        elif isinstance(node, facts.Evaluate) and isinstance(node.value, facts.Call):
            found = initialisation(node.value)
            name = _local(found.target) if found is not None else None
            if found is not None and name in inits:
                inits[name].append(found)
    for name, calls in inits.items():
        if calls and uses[name] == len(calls) + 1:
            yield _made(module, calls[0], name, makers[name] in COPIES)


def _fresh_locals(function: facts.Function) -> dict[str, str]:
    """Names that are assigned once, a tensor of their own -> what makes it."""
    counts: dict[str, int] = {}
    makers: dict[str, str] = {}
    for node in statements(function.body):
        if isinstance(node, facts.Assign):
            for target in node.targets:
                if isinstance(target, facts.Name):
                    counts[target.id] = counts.get(target.id, 0) + 1
                    maker = _maker(node.value) if isinstance(node.value, facts.Call) else None
                    if maker in COPIES | UNINITIALISED and len(node.targets) == 1:
                        makers[target.id] = str(maker)
    taken = {parameter.name for parameter in function.parameters}
    shared = {name for node in statements(function.body) if isinstance(node, facts.Scope) for name in node.names}
    return {name: maker for name, maker in makers.items() if counts[name] == 1 and name not in taken | shared}


def _local(target: facts.Expression) -> str | None:
    """The name an init's target is, or is the ``.data`` of."""
    if isinstance(target, facts.Attribute) and target.name == "data":
        target = target.value
    return target.id if isinstance(target, facts.Name) else None
