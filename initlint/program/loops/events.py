"""What a single call or assignment does to gradients: clears, makes, unscales, bounds or uses them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from initlint.frameworks import training as framework
from initlint.program.loops.clipping import handles_gradients, is_named_clip
from initlint.program.loops.expressions import argument, dotted, mentions_gradient, receiver, terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.paths import is_backward
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Routine, reaching
from initlint.program.loops.statements import statement_of
from initlint.program.loops.steps import given_step, is_scaler, step_of
from initlint.program.loops.tapes import bounded_copies
from initlint.program.nodes import nodes
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values


class Act(Enum):
    """What happens to the gradients."""

    ZERO = "zero"
    BACKWARD = "backward"
    UNSCALE = "unscale"
    """They are scaled by hand, or a gradient scaler divides its factor out."""
    CLIP = "clip"
    STEP = "step"
    UNKNOWN = "unknown"
    """Something that cannot be followed and may do any of these."""


@dataclass(frozen=True, eq=False)
class Event:
    """One act, where it stands."""

    act: Act
    node: facts.Node
    routine: Routine
    subject: facts.Expression | None = None
    """The optimiser that steps, whatever is cleared, or the loss that is sent back."""
    scaler: facts.Expression | None = None
    """The gradient scaler that makes the step, or that multiplied the loss."""
    is_undone_by_step: bool = False
    """Whether every step divides that factor out, whoever makes it."""
    clip: Clip | None = None


@dataclass(frozen=True, eq=False)
class Clip:
    """A call that is known to bound gradients in place."""

    call: facts.Call
    routine: Routine
    by: str
    """``"norm"`` or ``"value"``."""
    parameters: facts.Expression | None
    """What it is given; `None` where it bounds all that its owner holds."""
    bound: facts.Expression | None
    unscales: bool
    """Whether it undoes a loss scale first."""
    gives_copies: bool = False
    """Whether it leaves alone what it is given, and gives back bounded copies."""


class Events:
    """Tells what calls and assignments do; asked for one at a time, and remembered."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._known: dict[tuple[int, int], Event | None] = {}
        self._rescaling: dict[Routine, bool] = {}

    def of(self, node: facts.Call | facts.Statement, routine: Routine) -> Event | None:
        """The act of a call, or of an assignment by itself."""
        key = (id(node), id(routine))
        if key not in self._known:
            self._known[key] = (
                self._of_call(node, routine) if isinstance(node, facts.Call) else _assigned(node, routine)
            )
        return self._known[key]

    def may_be(self, call: facts.Call, routine: Routine) -> Event | None:
        """For a call that cannot be followed: an unknown act if its name or what it is given speaks for one."""
        last = terminal_name(call.function)
        never = framework.NEVER_CLIPS | framework.PARAMETER_READERS | {framework.STEP}
        if last in never or framework.NEVER_STEPS.search(last) is not None:
            return None
        callees = self.values.callees(call, routine)
        foreign = [value.name for value in callees if isinstance(value, Foreign)]
        if callees and (len(foreign) < len(callees) or any(n.startswith(framework.HARMLESS_CALLS) for n in foreign)):
            return None
        if any(name.startswith("torch.") for name in foreign) or not last[:1].islower():
            return None
        is_told = framework.MAY_STEP.search(last) is not None or is_named_clip(call)
        return Event(Act.UNKNOWN, call, routine) if is_told or _is_given_optimizer(call) else None

    def _of_call(self, call: facts.Call, routine: Routine) -> Event | None:
        clip = clip_of(self.values, call, routine)
        if clip is not None:
            return Event(Act.CLIP, call, routine, clip.parameters, clip=clip)
        last, owner = terminal_name(call.function), receiver(call)
        if last in framework.UNSCALE:
            return Event(Act.UNSCALE, call, routine)
        if last in framework.IN_PLACE_SCALING and self._handles_gradients(routine):
            return Event(Act.UNSCALE, call, routine)
        if owner is None:
            return None
        if is_backward(self.values, call, routine):
            return self._sent(call, owner, routine)
        if last in framework.ZERO or (last in framework.CLEARING and mentions_gradient(owner)):
            return Event(Act.ZERO, call, routine, owner)
        if last == framework.STEP:
            return self._stepped(call, owner, routine)
        given = given_step(self.values, call, routine)
        return None if given is None else Event(Act.STEP, call, routine, given.optimizer)

    def _sent(self, call: facts.Call, owner: facts.Expression, routine: Routine) -> Event:
        if self._scales_loss(owner, routine):
            return Event(Act.BACKWARD, call, routine, owner, owner, is_undone_by_step=True)
        return Event(Act.BACKWARD, call, routine, owner, self._scaler_of(owner, routine))

    def _handles_gradients(self, routine: Routine) -> bool:
        if routine not in self._rescaling:
            self._rescaling[routine] = handles_gradients(routine)
        return self._rescaling[routine]

    def _stepped(self, call: facts.Call, owner: facts.Expression, routine: Routine) -> Event | None:
        step = step_of(self.values, call, owner, routine)
        if step is not None:
            return Event(Act.STEP, call, routine, step.optimizer, step.scaler)
        whole = dotted(owner)
        if framework.NO_STEPPER.search(whole) or framework.NO_OPTIMIZER_NAME.search(whole) or len(call.arguments) > 1:
            return None
        is_other = any(isinstance(value, (Foreign, Instance)) for value in self.values.of(owner, routine))
        return None if is_other or _is_taken_apart(call, routine) else Event(Act.UNKNOWN, call, routine)

    # ---------------------------------------------------------------------------------------------------- loss scaling

    def _scaler_of(self, loss: facts.Expression, routine: Routine) -> facts.Expression | None:
        """The gradient scaler that multiplied a loss, for certain."""
        scaled = _scaled(loss)
        if scaled is None and isinstance(loss, facts.Name):
            bounds = list(reaching(routine, routine.bounds.get(loss.id, []), loss.start))
            scaled = _scaled(bounds[0].value) if len(bounds) == 1 and not bounds[0].route else None
        return scaled if scaled is not None and self._is_scaler(scaled, routine) else None

    def _scales_loss(self, owner: facts.Expression, routine: Routine) -> bool:
        """Whether it is an accelerator that multiplies losses by a scale, for certain."""
        made = self.values.of(owner, routine)
        return bool(made) and all(
            isinstance(one, Foreign) and one.name in framework.CLIPPING_CLASSES and _is_told_to_scale(one.call)
            for one in made
        )

    def _is_scaler(self, owner: facts.Expression, routine: Routine) -> bool:
        found = self.values.of(owner, routine)
        is_made = all(isinstance(value, Foreign) and not _is_off(value) for value in found)
        return is_made and is_scaler(found, terminal_name(owner))


def clip_of(values: Values, call: facts.Call, routine: Routine) -> Clip | None:
    """What a call bounds, if it is known to bound gradients."""
    last = terminal_name(call.function)
    if last in framework.CLAMPS_IN_PLACE and (owner := receiver(call)) is not None and _is_gradient(owner):
        return Clip(call, routine, "value", None, None, unscales=False)
    copies = bounded_copies(values, call, routine)
    if copies is not None:
        return Clip(call, routine, copies.by, copies.given, copies.bound, unscales=False, gives_copies=True)
    if not last.startswith("clip_grad"):
        return None
    callees = values.callees(call, routine)
    kinds = {framework.CLIP_FUNCTIONS.get(value.name) if isinstance(value, Foreign) else None for value in callees}
    if len(kinds) == 1 and None not in kinds:
        by = next(iter(kinds))
        assert by is not None
        given = argument(call, framework.CLIP_PARAMETERS, 0)
        return Clip(call, routine, by, given, argument(call, framework.CLIP_BOUNDS[by], 1), unscales=False)
    return _method_of(values, call, last, routine)


def _method_of(values: Values, call: facts.Call, last: str, routine: Routine) -> Clip | None:
    owner, by = receiver(call), framework.CLIP_METHODS.get(last)
    if owner is None or by is None or values.targets(call, routine):
        return None
    found = values.of(owner, routine)
    is_known = any(isinstance(value, Foreign) and value.name in framework.CLIPPING_CLASSES for value in found)
    if is_known or (not found and framework.CLIPPING_CLASS_NAME.search(terminal_name(owner))):
        given = argument(call, framework.CLIP_PARAMETERS, 0)
        return Clip(call, routine, by, given, argument(call, framework.CLIP_BOUNDS[by], 1), unscales=True)
    if found and all(isinstance(value, Instance) and is_model(values, value.cls) for value in found):
        return Clip(call, routine, by, None, argument(call, framework.CLIP_BOUNDS[by], 0), unscales=False)
    return None


def _scaled(loss: facts.Expression) -> facts.Expression | None:
    """The receiver of ``receiver.scale(loss)``."""
    if not isinstance(loss, facts.Call) or not isinstance(loss.function, facts.Attribute):
        return None
    return loss.function.value if loss.function.name == framework.SCALE else None


def _is_taken_apart(call: facts.Call, routine: Routine) -> bool:
    """Whether several values are made of what a call gives: an environment's step gives a state and a reward."""
    statement = statement_of(routine, call)
    return (
        isinstance(statement, facts.Assign)
        and statement.value is call
        and any(isinstance(target, facts.Sequence) for target in statement.targets)
    )


def _is_off(scaler: Foreign) -> bool:
    """Whether a scaler is switched off where it is made."""
    given = argument(scaler.call, framework.SCALER_SWITCH, None) if scaler.call is not None else None
    return isinstance(given, facts.Literal) and given.value is False


def _is_told_to_scale(accelerator: facts.Call | None) -> bool:
    option, value = framework.LOSS_SCALE_OPTION
    given = argument(accelerator, option, None) if accelerator is not None else None
    choices = (given.body, given.otherwise) if isinstance(given, facts.Conditional) else (given,)
    told = [choice.value for choice in choices if isinstance(choice, facts.Literal)]
    names = {terminal_name(node) for node in nodes(accelerator) if isinstance(node, (facts.Name, facts.Attribute))}
    others = {one.keyword for one in accelerator.arguments} if accelerator is not None else set()
    return value in told and framework.SCALES_OTHERWISE.isdisjoint(names | others)


def _is_given_optimizer(call: facts.Call) -> bool:
    """Whether an argument is, by its name, an optimiser or a gradient scaler."""
    for one in call.arguments:
        name = terminal_name(one.value) if isinstance(one.value, (facts.Name, facts.Attribute)) else ""
        if framework.OPTIMIZER_NAME.search(name) and not framework.NO_OPTIMIZER_NAME.search(name):
            return True
        if framework.SCALER_NAME.search(name):
            return True
    return False


def _assigned(statement: facts.Statement, routine: Routine) -> Event | None:
    """Gradients that are cleared, replaced or scaled by an assignment."""
    if isinstance(statement, facts.AugmentedAssign):
        is_scaled = statement.operator != "+" and mentions_gradient(statement.target)
        return Event(Act.UNSCALE, statement, routine) if is_scaled else None
    if not isinstance(statement, facts.Assign) or not any(map(_is_gradient, statement.targets)):
        return None
    is_cleared = statement.value is None or isinstance(statement.value, facts.Literal)
    return Event(Act.ZERO if is_cleared else Act.UNSCALE, statement, routine)


def _is_gradient(target: facts.Expression) -> bool:
    return any(isinstance(one, facts.Attribute) and mentions_gradient(one) for one in nodes(target))
