"""Whether anything in the program may fill a parameter that its constructor leaves as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from initlint.finding import Place
from initlint.network import Network
from initlint.program.functions import class_at, functions, lineage
from initlint.program.initialising import initialisations, may_initialise, may_write, written_attribute
from initlint.program.module import ImportedBinding, Module
from initlint.program.nodes import last_name, nodes, spelled_names, statements
from initlint.program.program import Program
from initlint.program.resolution import Definition
from initlint.reading import facts

COMMON = frozenset({"weight", "bias", "w", "b", "alpha", "beta", "gamma", "scale"})
"""Names that many classes give a parameter: an init of one elsewhere is meant for this class if it says so."""
LOADERS = frozenset({"load_state_dict", "from_pretrained", "_load_from_state_dict", "load_from_checkpoint"})


@dataclass(frozen=True)
class Filling:
    """A function that may fill parameters of other objects."""

    module: Module
    function: facts.Function
    attributes: frozenset[str | None]
    """What the parameters are called; `None` stands for any name."""


def may_be_filled(program: Program, place: Place, name: str, outside: Sequence[Filling]) -> bool:
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
    owners = {base.node.name for base in line.classes if isinstance(base.node, facts.Class)}
    return any(_may_fill(filling, name, owners) for filling in outside)


def _loads(body: object) -> bool:
    return any(isinstance(node, facts.Call) and last_name(node) in LOADERS for node in nodes(body))


def fillings(program: Program) -> Iterator[Filling]:
    """The functions of the program that initialise something, or set attributes of something else than ``self``."""
    for module in program.modules:
        for written in functions(module):
            inits = _initialised(written.node) if may_initialise(written.node.called) else set()
            if attributes := inits | _set_elsewhere(written.node):
                yield Filling(module, written.node, frozenset(attributes))


def _initialised(function: facts.Function) -> set[str | None]:
    return {written_attribute(found.target) for found in initialisations(function.body)}


def _set_elsewhere(function: facts.Function) -> set[str | None]:
    targets = [t for node in statements(function.body) if isinstance(node, facts.Assign) for t in node.targets]
    owned = (t for t in targets if isinstance(t, facts.Attribute) and last_name(t.value) != "self")
    return {written_attribute(target) for target in owned} - {None}


def _may_fill(filling: Filling, name: str, owners: set[str]) -> bool:
    """Whether an init function may reach it from outside: by its name, or in a loop over all parameters of a model."""
    if name in filling.attributes:
        words = spelled_names(filling.function.body)
        if not owners.isdisjoint(words) or (name not in COMMON and "isinstance" not in words):
            return True
    return None in filling.attributes and _loops_over_parameters(filling.function)


def may_be_redrawn(program: Program, network: Network, outside: Sequence[Filling]) -> bool:
    """Whether a loop over all parameters of a model that holds this one may draw them anew: in its file, or in one that
    imports from there."""
    home = program.module_shown(network.place.path)
    redrawing = (one for one in outside if None in one.attributes and _loops_over_parameters(one.function))
    return any(one.module is home or _imports_from(program, one.module, home) for one in redrawing)


def _imports_from(program: Program, module: Module, home: Module | None) -> bool:
    """Whether a name of one module leads to another, through re-exports, too."""
    names = [name for name, binding in module.bindings.items() if isinstance(binding, ImportedBinding)]
    found = (program.resolve(module, name) for name in names)
    return any((one.module if isinstance(one, Definition) else one) is home for one in found if one is not None)


def _loops_over_parameters(function: facts.Function) -> bool:
    """Whether it goes through the parameters of something that is not ``self``."""
    for node in nodes(function.body):
        if isinstance(node, facts.Call) and last_name(node) in ("parameters", "named_parameters"):
            owner = node.function.value if isinstance(node.function, facts.Attribute) else None
            if not (isinstance(owner, facts.Name) and owner.id == "self"):
                return True
    return False
