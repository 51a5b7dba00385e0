"""Fixes of what a model is compiled with: an optimiser that bounds the gradients, a loss that takes what it is given."""

from __future__ import annotations

from initlint.finding import Place
from initlint.fix import Edit, Fix, Name, replaced
from initlint.fix.edit import Part
from initlint.frameworks.options import (
    ACTIVATION,
    COMPILE,
    DEFAULT_OPTIMIZER,
    LOGITS,
    LOSS,
    OPTIMIZER,
    OPTIMIZER_CLIP,
    activation_position,
    loss_class,
    optimizer_class,
    package_among,
)
from initlint.program import External, Program
from initlint.program.functions import call_at
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.routines import Routine
from initlint.program.module import Module
from initlint.reading import facts

from .redrawing import Located, all_of, fix_of
from .telling import resolved, with_option

Made = tuple[Routine, facts.Call]
"""A call, and where it stands."""


def bounded_where_made(made: tuple[Made, ...], program: Program) -> Fix | None:
    """The optimisers told to bound the norm of the gradients, where they are made or the model is compiled with them."""
    return fix_of("Let the optimizer clip the gradients", all_of(_bounded(program, *each) for each in made))


def bounded_where_compiled(place: Place, program: Program) -> Fix | None:
    """The same for the one call that compiles a model at a place."""
    found = _compiling(program, place)
    return bounded_where_made((found,), program) if found is not None else None


def _bounded(program: Program, routine: Routine, call: facts.Call) -> list[Located] | None:
    if terminal_name(call.function) != COMPILE:
        return _located(routine, with_option(call, *OPTIMIZER_CLIP))
    given = argument(call, *OPTIMIZER)
    if given is None or isinstance(given, facts.Literal):
        name = optimizer_class(_package(program, routine.module), getattr(given, "value", DEFAULT_OPTIMIZER))
        if name is None:
            return None
        value: list[Part] = [Name(name), f"({'='.join(OPTIMIZER_CLIP)})"]
        edit = replaced(given, *value) if given is not None else with_option(call, OPTIMIZER[0], *value)
        return _located(routine, edit)
    made = _made(program, given, routine)
    return _located(made[0], with_option(made[1], *OPTIMIZER_CLIP)) if made is not None else None


def _made(program: Program, given: facts.Expression, routine: Routine) -> Made | None:
    """The one call that makes what a model is compiled with."""
    found = [one for one in program.values.of(given, routine) if isinstance(one, Foreign)]
    if len(found) != 1 or found[0].call is None or found[0].routine is None:
        return None
    return found[0].routine, found[0].call


def _compiling(program: Program, place: Place) -> Made | None:
    links = program.values.links
    module = program.module_shown(place.path)
    for routine, call in links.scopes(module).calls.get(COMPILE, ()) if module is not None else ():
        if routine.module.source.place(call.start, call.end) == place:
            return routine, call
    return None


def _package(program: Program, module: Module) -> str:
    """Under which name a file imports the framework whose models are compiled; empty if it does not."""
    names = (program.resolve(module, name) for name in module.bindings)
    return package_among(one.name for one in names if isinstance(one, External))


def _located(routine: Routine, edit: Edit | None) -> list[Located] | None:
    return None if edit is None else [(routine.module.source.display, edit)]


# --------------------------------------------------------------------------------------------------------------- losses


def told_probabilities(place: Place, program: Program) -> Fix | None:
    """The loss of a model told that it is given probabilities."""
    return _told(program, place, takes_logits=False)


def told_logits(place: Place, program: Program) -> Fix | None:
    """The loss of a model told that it is given logits."""
    return _told(program, place, takes_logits=True)


def _told(program: Program, place: Place, *, takes_logits: bool) -> Fix | None:
    found = _compiling(program, place)
    given = argument(found[1], *LOSS) if found is not None else None
    if found is None or given is None:
        return None
    title = f"Give the loss {LOGITS}={takes_logits}"
    if isinstance(given, facts.Literal):
        name = loss_class(_package(program, found[0].module), given.value)
        edit = replaced(given, Name(name), f"({LOGITS}={takes_logits})") if name is not None else None
        return fix_of(title, _located(found[0], edit))
    made = _made(program, given, found[0])
    return (
        fix_of(title, _located(made[0], with_option(made[1], LOGITS, str(takes_logits)))) if made is not None else None
    )


def activated(place: Place, activation: str, program: Program) -> Fix | None:
    """The layer that is built at a place given an activation."""
    call = call_at(program, place)
    name = resolved(program, place.path, call.function) if call is not None else ""
    position = activation_position(name)
    if call is None or position is None or argument(call, ACTIVATION, position) is not None:
        return None
    edit = with_option(call, ACTIVATION, f'"{activation}"')
    return fix_of(f"Give the last layer a {activation}", None if edit is None else [(place.path, edit)])
