"""Models that are made somewhere else in the program, too, and given to an init function there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.program.functions import class_at
from initlint.program.initialising import initialises_weights, may_initialise
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Instance
from initlint.program.loops.routines import Routine
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
    routines = [one for module in program.modules for one in _routines(program.values, module)]
    names = {APPLY, *(one.name for one in routines if _is_init(one))}
    calls = ((call, one) for one in routines for call in one.calls if terminal_name(call) in names)
    return frozenset(id(made.cls.node) for call, one in calls for made in _given(program.values, call, one))


def _routines(values: Values, module: Module) -> list[Routine]:
    return values.links.scopes(module).routines


def _is_init(value: Value) -> bool:
    """Whether it is a function that may initialise what it is given."""
    node = value.node if isinstance(value, Routine) else None
    may = node is not None and bool(node.parameters) and may_initialise(node.called)
    return may and node is not None and initialises_weights(node.body)


def _given(values: Values, call: facts.Call, routine: Routine) -> Iterator[Instance]:
    """The objects that an init function gets: by ``init_weights(net)`` or ``net.apply(init_weights)``."""
    arguments = [one.value for one in call.arguments if not one.star]
    if terminal_name(call) == APPLY:
        owner = call.function.value if isinstance(call.function, facts.Attribute) else None
        functions = [value for one in arguments[:1] for value in values.of(one, routine)]
        subjects = [owner] if any(map(_is_init, functions)) else []
    else:
        subjects = [*arguments] if any(map(_is_init, values.targets(call, routine))) else []
    made = (value for subject in subjects for value in values.of(subject, routine))
    return (value for value in made if isinstance(value, Instance) and value.call is not None)
