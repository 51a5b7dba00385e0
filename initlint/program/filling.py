"""Whether anything in the program may fill a parameter that its constructor leaves as it is."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Place
from initlint.program.functions import class_at, functions, lineage
from initlint.program.initialising import initialisations, may_write, mentions, written_attribute
from initlint.program.nodes import last_name, nodes
from initlint.program.program import Program
from initlint.reading import facts

COMMON = frozenset({"weight", "bias", "w", "b", "alpha", "beta", "gamma", "scale"})
"""Names that many classes give a parameter: an init of one elsewhere is meant for this class if it says so."""
LOADERS = frozenset({"load_state_dict", "from_pretrained", "_load_from_state_dict", "load_from_checkpoint"})


def may_be_filled(program: Program, place: Place, name: str) -> bool:
    """Whether the parameter called `name` that is made at `place` may be filled by something that was not traced."""
    home = class_at(program, place)
    if home is None:
        return True
    line = lineage(program, *home)
    if not line.is_known:
        return True
    bodies = [base.node.body for base in line.classes if isinstance(base.node, facts.Class)]
    if any(may_write(body, name) or _loads(body) for body in bodies):
        return True
    return any(_may_fill(function, name, home[1].name) for function in _outside(program))


def _loads(body: object) -> bool:
    return any(isinstance(node, facts.Call) and last_name(node) in LOADERS for node in nodes(body))


def _outside(program: Program) -> Iterator[facts.Function]:
    """The functions of the program that initialise something."""
    for module in program.modules:
        for written in functions(module):
            if next(initialisations(written.node.body), None) is not None:
                yield written.node


def _may_fill(function: facts.Function, name: str, owner: str) -> bool:
    """Whether an init function may reach it from outside: by its name, or in a loop over all parameters of a model."""
    for found in initialisations(function.body):
        attribute = written_attribute(found.target)
        if attribute == name and (name not in COMMON or _names(function, owner)):
            return True
        if attribute is None and _loops_over_parameters(function):
            return True
    return False


def _names(function: facts.Function, owner: str) -> bool:
    return mentions(function.body, owner) or any(
        isinstance(n, facts.Name) and n.id == owner for n in nodes(function.body)
    )


def _loops_over_parameters(function: facts.Function) -> bool:
    """Whether it goes through the parameters of something that is not ``self``."""
    for node in nodes(function.body):
        if isinstance(node, facts.Call) and last_name(node) in ("parameters", "named_parameters"):
            owner = node.function.value if isinstance(node.function, facts.Attribute) else None
            if not (isinstance(owner, facts.Name) and owner.id == "self"):
                return True
    return False
