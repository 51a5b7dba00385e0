"""What bounds a gradient, for certain or perhaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import tapes
from initlint.frameworks import training as framework
from initlint.program.loops.expressions import dotted, mentions_gradient, terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.routines import Routine
from initlint.program.loops.tapes import bounded_copies
from initlint.program.nodes import nodes
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

Span = tuple[int, int]
EVERYWHERE: Span = (-1, 1 << 60)


def calls_in(routine: Routine, span: Span) -> Iterator[facts.Call]:
    """The calls of a routine in a stretch of its source."""
    return (call for call in routine.calls if span[0] <= call.start and call.end <= span[1])


def clips_in(values: Values, routine: Routine, span: Span = EVERYWHERE) -> Iterator[facts.Node]:
    """Where a routine itself bounds gradients, or calls what by its name or its arguments may."""
    for call in calls_in(routine, span):
        if is_named_clip(call) or _may_clip(values, call, routine) or bounded_copies(values, call, routine):
            yield call
    if handles_gradients(routine):
        yield from _rewrites(routine, span)
    yield from (call for call in calls_in(routine, span) if _asks_for_clipping(values, call, routine))


def handles_gradients(routine: Routine) -> bool:
    """Whether a ``.grad`` is read or written in it."""
    iterables = (loop.iterable for loop in routine.loops if isinstance(loop, facts.For))
    return any(map(mentions_gradient, (*routine.calls, *routine.assigned, *routine.augmented, *iterables)))


def _asks_for_clipping(values: Values, call: facts.Call, routine: Routine) -> bool:
    """A call of something outside the program with an option that is named like a bound on the gradient."""
    return has_clip_option(call) and not values.targets(call, routine)


def has_clip_option(call: facts.Call) -> bool:
    """Whether a call is given an option that is named like a bound on the gradient, and does not switch it off."""
    return any(
        one.keyword is not None and framework.CLIP_OPTION.search(one.keyword) and not _is_off(one.value)
        for one in call.arguments
    )


def _is_off(given: facts.Expression) -> bool:
    return isinstance(given, facts.Literal) and given.value in framework.OFF


def is_named_clip(call: facts.Call) -> bool:
    """A call whose name says that it clips gradients, or that clamps something with a ``.grad`` in it."""
    last, whole = terminal_name(call.function).lower(), dotted(call.function).lower()
    if "clip" in whole and ("grad" in whole or "norm" in last or _is_given_gradients(call)):
        return True
    return last.startswith(framework.CLAMPS) and mentions_gradient(call)


def _is_given_gradients(call: facts.Call) -> bool:
    """Whether the arguments hold parameters, an optimiser, a model or gradients."""
    for argument in call.arguments:
        for node in nodes(argument.value):
            word = terminal_name(node).lower() if isinstance(node, (facts.Name, facts.Attribute)) else ""
            if word in framework.PARAMETERS or word in ("params", "model", "net", "grads", "gradients", "grad"):
                return True
            if framework.OPTIMIZER_NAME.search(word) is not None:
                return True
    return False


def _may_clip(values: Values, call: facts.Call, routine: Routine) -> bool:
    """A call of something that is not in the program, is given gradients or parameters and might bound them."""
    last = terminal_name(call.function)
    if last in framework.NEVER_CLIPS or last in framework.PARAMETER_READERS or not _is_given_gradients(call):
        return False
    if last in tapes.STEPS and isinstance(call.function, facts.Attribute):
        return False
    callees = values.callees(call, routine)
    names = [value.name for value in callees if isinstance(value, Foreign)]
    if len(names) < len(callees) or any(name.startswith(framework.HARMLESS_CALLS) for name in names):
        return False
    if not last[:1].islower():
        return False
    is_given = bool(names) and any(_gives_parameters(argument.value) for argument in call.arguments)
    return is_given or framework.MAY_CLIP.search(last) is not None


def _gives_parameters(node: facts.Expression) -> bool:
    return isinstance(node, facts.Call) and terminal_name(node.function) in framework.PARAMETERS


def _rewrites(routine: Routine, span: Span) -> Iterator[facts.Node]:
    """Scaling in place, and assignments to a ``.grad``, in a routine that handles gradients."""
    for call in calls_in(routine, span):
        if terminal_name(call.function) in framework.IN_PLACE_SCALING:
            yield call
    for statement in routine.augmented:
        if span[0] <= statement.start <= span[1] and statement.operator != "+" and mentions_gradient(statement.target):
            yield statement
    for assign in routine.assigned:
        is_cleared = assign.value is None or isinstance(assign.value, facts.Literal)
        if span[0] <= assign.start <= span[1] and not is_cleared and any(map(mentions_gradient, assign.targets)):
            yield assign


# ---------------------------------------------------------------------------------------------------------------- hooks


def hooks_in(values: Values, routine: Routine) -> Iterator[facts.Call]:
    """Where a routine hangs hooks on tensors or parameters that may bound their gradients."""
    for call in routine.calls:
        is_hook = terminal_name(call.function) in framework.HOOKS and bool(call.arguments)
        if is_hook and _hook_bounds(values, call.arguments[0].value, routine):
            yield call


def _hook_bounds(values: Values, hook: facts.Expression, routine: Routine) -> bool:
    if isinstance(hook, facts.Lambda):
        return _bounds(hook.body)
    found = values.of(hook.function if isinstance(hook, facts.Call) else hook, routine)
    routines = [value for value in found if isinstance(value, Routine) and value.node is not None]
    return not routines or any(_bounds(value.node.body) for value in routines if value.node is not None)


def _bounds(body: object) -> bool:
    """Whether what a hook gives back may be smaller than what it is given: clamped, divided or multiplied."""
    for node in nodes(body):
        if isinstance(node, facts.Binary) and node.operator in ("*", "/"):
            return True
        if isinstance(node, facts.Call) and framework.BOUNDING.search(terminal_name(node.function)) is not None:
            return True
    return False


def callbacks_in(values: Values, routine: Routine, span: Span) -> Iterator[facts.Call]:
    """Calls of hooks and callbacks that are hung in from outside, which may do anything."""
    for call in calls_in(routine, span):
        last = terminal_name(call.function)
        if framework.CALLBACK.search(dotted(call.function)) is None or framework.HARMLESS_CALLBACK.match(last):
            continue
        if not values.targets(call, routine):
            yield call
