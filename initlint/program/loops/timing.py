"""Whether gradients are bounded at the right time: behind the backward call and the unscaling, in front of the step."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from initlint.frameworks import trainers
from initlint.frameworks import training as framework
from initlint.program.loops.classes import ancestry, foreign_bases
from initlint.program.loops.events import Act, Clip, Event
from initlint.program.loops.expressions import argument, dotted, spelled, terminal_name
from initlint.program.loops.holdings import held_by, held_by_parameters, may_share
from initlint.program.loops.objects import Foreign
from initlint.program.loops.rounds import Round
from initlint.program.loops.routines import ClassScope, Routine
from initlint.program.loops.trainers import is_manual
from initlint.program.loops.ways import Way
from initlint.program.nodes import nodes, spelled_names
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values

USES = frozenset({Act.ZERO, Act.BACKWARD, Act.STEP, Act.UNKNOWN})
IDLE_BEFORE = frozenset({Act.ZERO, Act.STEP, None})
IDLE_AFTER = frozenset({Act.ZERO, Act.BACKWARD, None})


class Timing(Enum):
    """A wrong time to bound gradients."""

    BEFORE_BACKWARD = "before backward"
    AFTER_STEP = "after step"
    EACH_BATCH = "at every micro-batch"
    IN_HOOK = "in a method that the trainer calls before it sends the gradient back"
    BEFORE_CLOSURE = "before the closure that sends the gradient back"


def hook_of(values: Values, clip: Clip) -> Timing | None:
    """When gradients are bounded in a method that a trainer calls, or in its context, if that is wrong for certain."""
    return _in_hook(values, clip) or (Timing.EACH_BATCH if accumulator_of(values, clip) is not None else None)


def timing_of(values: Values, clip: Clip, one: Round) -> Timing | None:
    """When gradients are bounded in a round, if that is wrong for certain; `None` if it is right or not known."""
    acts = _Neighbours(values, clip, one)
    if not acts.before or not acts.after:
        return None
    before = {event and event.act for event in acts.before}
    after = {event and event.act for event in acts.after}
    if Act.UNKNOWN in before | after:
        return None
    if before <= IDLE_BEFORE and after <= IDLE_AFTER and before != {None}:
        return Timing.AFTER_STEP if _is_behind_step(one, clip) else Timing.BEFORE_BACKWARD
    if before == {Act.BACKWARD} and Act.BACKWARD in after and len(one.optimizers) == 1:
        return Timing.EACH_BATCH if _is_repeated(clip, one) or _is_guarded(clip, one) else None
    return None


class _Neighbours:
    """The acts next to a clip that concern what it bounds; none where that is not known."""

    def __init__(self, values: Values, clip: Clip, one: Round) -> None:
        self.values = values
        self.clip = clip
        self.held = held_by_parameters(values, clip.parameters, clip.routine)
        self.is_single = len(one.optimizers) <= 1
        is_known = all(self._concerns(event) is not None for way in one.ways for event in way.events)
        self.round = Round(one.routine, tuple(map(self._concerned, one.ways)) if is_known else ())
        self.before = list(self.round.before(clip.call, USES))
        self.after = list(self.round.after(clip.call, USES))

    def steps(self, *, is_behind: bool) -> Iterator[Event | None]:
        """The steps next to the clip."""
        sought = self.round.after if is_behind else self.round.before
        yield from sought(self.clip.call, (Act.STEP,))

    def _concerned(self, way: Way) -> Way:
        return Way(tuple(event for event in way.events if self._concerns(event)), way.decided, way.ended)

    def _concerns(self, event: Event) -> bool | None:
        """Whether an act may concern the bounded gradients; `None` if that is not known."""
        if self.is_single or event.act not in (Act.ZERO, Act.STEP):
            return True
        others = held_by(self.values, event.subject, event.routine) if event.subject is not None else []
        if not others or not self.held:
            return None
        return any(may_share(self.values, one, other) for one in self.held for other in others)


def _is_behind_step(one: Round, clip: Clip) -> bool:
    """Whether a step stands nearer before it than anything that clears the gradient."""
    for way, index in one.with_(clip.call):
        acts = [event.act for event in way.events[:index] if event.act in USES]
        if acts and acts[-1] is Act.STEP:
            return True
    return False


def _is_repeated(clip: Clip, one: Round) -> bool:
    """Whether an inner loop sends a gradient back and bounds the sum so far, again and again, before the step."""
    for way, index in one.with_(clip.call):
        back = next((event for event in reversed(way.events[:index]) if event.act in USES), None)
        ahead = next((event for event in way.events[index + 1 :] if event.act in USES), None)
        if back is not None and ahead is not None and back.act is Act.BACKWARD and back.node is ahead.node:
            return True
    return False


def _is_guarded(clip: Clip, one: Round) -> bool:
    """Whether a test that lets several batches pass holds the step and the clearing back, and not the clip."""
    ways = [way for way, _ in one.with_(clip.call)]
    stepping = [way for way in ways if _acts(way) >= {Act.STEP, Act.ZERO}]
    waiting = [way for way in ways if way not in stepping]
    if not stepping or not waiting or any(_acts(way) & {Act.STEP, Act.ZERO} for way in waiting):
        return False
    return any(_lets_pass(test) and _parts(key, stepping, waiting) for key, (_, test) in stepping[0].decided.items())


def _acts(way: Way) -> set[Act]:
    return {event.act for event in way.events}


def _parts(key: object, stepping: list[Way], waiting: list[Way]) -> bool:
    """Whether a test comes out one way wherever a step is made, and the other way elsewhere."""
    outcomes = {way.decided[key][0] if key in way.decided else None for way in stepping}
    others = {way.decided[key][0] if key in way.decided else None for way in waiting}
    return len(outcomes) == len(others) == 1 and None not in outcomes | others and outcomes != others


def _lets_pass(test: facts.Expression) -> bool:
    """Whether a test counts batches up to a step."""
    if any(isinstance(node, facts.Binary) and node.operator == "%" for node in nodes(test)):
        return True
    return any(framework.ACCUMULATION_TEST.search(name) for name in spelled_names(test))


# --------------------------------------------------------------------------------------------------------------- trainers


def _in_hook(values: Values, clip: Clip) -> Timing | None:
    for trainer in hooks_around(values, clip):
        if clip.routine.name in trainer.too_early:
            return Timing.IN_HOOK
        if clip.routine.name == trainer.step and _is_before_closure(clip):
            return Timing.BEFORE_CLOSURE
    return None


def hooks_around(values: Values, clip: Clip) -> list[trainers.TrainerHooks]:
    """The trainers that call the methods of the class in which gradients are bounded."""
    cls = clip.routine.owner
    if cls is None:
        return []
    bases = foreign_bases(values, cls)
    found = [one for one in trainers.TRAINER_HOOKS if any(one.base.search(base) for base in bases)]
    return found if found and not _trains_itself(cls, values) else []


def _trains_itself(cls: ClassScope, values: Values) -> bool:
    """Whether a class turns automatic optimisation off, or sends gradients back itself."""
    calls = (call for one in ancestry(values, cls) for method in one.methods.values() for call in method.calls)
    return is_manual(values, cls) or any(terminal_name(call.function) in framework.BACKWARD for call in calls)


def _is_before_closure(clip: Clip) -> bool:
    """Whether what is given as a closure runs behind the clip and not before."""
    given = [one.name for one in clip.routine.parameters if trainers.CLOSURE.search(one.name)]
    before = [call for call in clip.routine.calls if call.end <= clip.call.start]
    behind = [call for call in clip.routine.calls if call.start >= clip.call.end]
    if any(spelled_names(call) & set(given) for call in before):
        return False
    return any(_gives(call, given) for call in behind)


def _gives(call: facts.Call, names: list[str]) -> bool:
    return any(isinstance(one.value, facts.Name) and one.value.id in names for one in call.arguments)


def accumulator_of(values: Values, clip: Clip) -> facts.Expression | None:
    """The accelerator in whose ``accumulate`` it stands, if nothing asks there whether a step is due."""
    routine = clip.routine
    around = [block for block in routine.withs if block.start <= clip.call.start and clip.call.end <= block.end]
    managers = [item.value for block in around for item in block.items if _accumulates(values, item.value, routine)]
    tests = [one.test for one in routine.branches if one.start <= clip.call.start and clip.call.end <= one.end]
    is_asked = any(framework.ACCUMULATION_TEST.search(name) for test in tests for name in spelled_names(test))
    called = [one.function for one in managers if isinstance(one, facts.Call)]
    owners = [one.value for one in called if isinstance(one, facts.Attribute)]
    return owners[0] if owners and not is_asked else None


def _accumulates(values: Values, manager: facts.Expression, routine: Routine) -> bool:
    if not isinstance(manager, facts.Call) or not isinstance(manager.function, facts.Attribute):
        return False
    if manager.function.name != framework.ACCUMULATE:
        return False
    made = [one for one in values.of(manager.function.value, routine) if isinstance(one, Foreign) and one.call]
    return bool(made) and all(
        one.name in framework.CLIPPING_CLASSES and _is_many(argument(one.call, framework.ACCUMULATION, None))
        for one in made
        if one.call is not None
    )


def _is_many(steps: facts.Expression | None) -> bool:
    return steps is not None and not (isinstance(steps, facts.Literal) and steps.value in (1, None))


# ------------------------------------------------------------------------------------------------------------ loss scales

SCALES = frozenset({Act.BACKWARD, Act.STEP, Act.UNSCALE, Act.UNKNOWN})


def scaler_of(clip: Clip, one: Round) -> Event | None:
    """The backward call whose scaled gradients are bounded as they are; `None` if they are unscaled, or not for certain."""
    if clip.unscales or _knows_scale(clip.bound):
        return None
    sent = list(sent_back(clip, one))
    if any(event is None or event.act in (Act.UNSCALE, Act.UNKNOWN) for event in sent):
        return None
    return next((event for event in sent if event is not None and event.scaler is not None), None)


def sent_back(clip: Clip, one: Round) -> Iterator[Event | None]:
    """The last backward call, unscaling or step before a clip, on each way on which the step behind fits to it."""
    for way, index in one.with_(clip.call):
        steps = [event for event in one.after_on(way, index, (Act.STEP,)) if event is not None]
        is_scaled = not steps or any(event.scaler is not None for event in steps)
        for event in one.before_on(way, index, SCALES):
            if event is None or event.scaler is None or event.is_undone_by_step or is_scaled:
                yield event


def _knows_scale(bound: facts.Expression | None) -> bool:
    """Whether the bound is multiplied by the current scale."""
    return bound is not None and any(
        name in framework.CURRENT_SCALE or framework.SCALER_NAME.search(name) for name in spelled_names(bound)
    )


def step_due(values: Values, clip: Clip, one: Round, timing: Timing) -> Event | None:
    """The one step that uses the gradients a clip should have bounded; `None` if there are several."""
    near = _Neighbours(values, clip, one).steps(is_behind=timing is not Timing.AFTER_STEP)
    found = {id(event.node): event for event in near if event is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def written(expression: facts.Expression | None) -> str:
    """An expression as source, or its names; empty if there is none."""
    return "" if expression is None else spelled(expression) or dotted(expression)
