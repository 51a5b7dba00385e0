"""Models that are made somewhere else in the program, too, and given to an init function there."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from initlint.program.functions import class_at
from initlint.program.initialising import initialises_weights, may_initialise
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Instance
from initlint.program.loops.routines import Routine
from initlint.program.module import flatten
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.finding import Place
    from initlint.network import Network
    from initlint.program.loops.objects import Value
    from initlint.program.loops.values import Values
    from initlint.program.module import Module
    from initlint.program.program import Program

APPLY = "apply"
"""The method of a module that runs a function over its parts."""


def is_initialised_elsewhere(program: Program, network: Network) -> bool:
    """Whether an init function may be given a model of this class by code that its tracing did not come from."""
    home = class_at(program, network.place)
    if home is None or id(home[1]) not in program.initialised_classes:
        return False
    module, node = home
    own = module.source.place(node.start, node.body_end)
    writes = [write for parameter in network.parameters for write in parameter.writes if write.is_explicit]
    return all(_is_inside(write.place, own) for write in writes if write.initializer != "loaded")


def _is_inside(place: Place, whole: Place) -> bool:
    return (place.path, place.cell) == (whole.path, whole.cell) and whole.line <= place.line <= whole.end_line


def initialised_classes(program: Program) -> frozenset[int]:
    """Ids of the nodes of the classes whose objects are given to an init function."""
    names = {APPLY, *(each.name for module in program.modules for each in _functions(module) if _is_init(each))}
    calling = [module for module in program.modules if _may_call(module, names)]
    routines = [one for module in calling for one in _routines(program.values, module)]
    # What an init function is given shows where it is called.
    others = (one for one in routines if one.name not in names)
    calls = ((call, one) for one in others for call in one.calls if terminal_name(call) in names)
    return frozenset(id(made.cls.node) for call, one in calls for made in _given(program.values, call, one))


def _routines(values: Values, module: Module) -> list[Routine]:
    return values.links.scopes(module).routines


def _functions(module: Module) -> Iterator[facts.Function]:
    """Those at the top level, and methods."""
    for statement in flatten(module.source.facts.body):
        inside = flatten(statement.body) if isinstance(statement, facts.Class) else (statement,)
        yield from (each for each in inside if isinstance(each, facts.Function))


def _may_call(module: Module, names: AbstractSet[str]) -> bool:
    """Whether anything but an init function calls one of the names."""
    others = (each.called for each in _functions(module) if each.name not in names)
    return any(not names.isdisjoint(called) for called in (module.source.facts.called, *others))


def _is_init(node: facts.Function) -> bool:
    """Whether it is a function that may initialise what it is given."""
    may = node.name != "__init__" and bool(node.parameters) and may_initialise(node.called)
    return may and initialises_weights(node.body)


def _is_init_routine(value: Value) -> bool:
    return isinstance(value, Routine) and value.node is not None and _is_init(value.node)


def _given(values: Values, call: facts.Call, routine: Routine) -> Iterator[Instance]:
    """The objects that an init function gets: by ``init_weights(net)`` or ``net.apply(init_weights)``."""
    arguments = [one.value for one in call.arguments if not one.star]
    if terminal_name(call) == APPLY:
        if not arguments or _is_self(call):
            return iter(())
        owner = call.function.value if isinstance(call.function, facts.Attribute) else None
        functions = [value for one in arguments[:1] for value in values.of(one, routine)]
        subjects = [owner] if any(map(_is_init_routine, functions)) else []
    else:
        subjects = [*arguments] if any(map(_is_init_routine, values.targets(call, routine))) else []
    whole = (subject for subject in subjects if not _is_part_of_parameter(subject, routine))
    made = (value for subject in whole for value in values.of(subject, routine))
    return (value for value in made if isinstance(value, Instance) and value.call is not None)


def _is_self(call: facts.Call) -> bool:
    """``self.apply(...)`` is a model's own init."""
    owner = call.function.value if isinstance(call.function, facts.Attribute) else None
    return isinstance(owner, facts.Name) and owner.id == "self"


def _is_part_of_parameter(subject: facts.Expression | None, routine: Routine) -> bool:
    """Whether it is a part of what the routine is given, as in ``normal_(module.weight)``: no model that it made."""
    if not isinstance(subject, facts.Attribute):
        return False
    root: facts.Expression = subject
    while isinstance(root, facts.Attribute):
        root = root.value
    given = routine.node.parameters if isinstance(routine.node, facts.Function) else ()
    return isinstance(root, facts.Name) and root.id != "self" and any(each.name == root.id for each in given)
