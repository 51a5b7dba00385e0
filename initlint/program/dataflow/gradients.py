"""Whether a gradient flows back through a term: it is computed on the way from a model, or of its output, to a loss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from initlint.frameworks import numerics
from initlint.frameworks.torch import layer_spec
from initlint.frameworks.training import BACKWARD
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.term import DETACH, NUMBER, PARAMETER, UNKNOWN, Term
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Routine
from initlint.program.nodes import last_name
from initlint.reading import facts

MOST_CALLERS = 3
"""Callers of callers that are asked for what becomes of a result."""
MOST_TERMS = 20_000
"""Terms looked at to follow one result back."""
FORWARD = frozenset({"forward", "training_step", "call", "__call__"})
"""Methods of a model that a loss is computed from."""
LOSS_NAME = re.compile(r"loss|criterion|objective|entropy|penalty|regulari[sz]", re.IGNORECASE)
"""What functions and classes are called that compute a loss."""
NORM_NAME = re.compile(r"norm", re.IGNORECASE)
"""What layers are called that stand between others, so that what they are given has a gradient."""
NO_TRAINING = re.compile(
    r"metric|accura|eval|score|psnr|ssim|visual|plot|draw|valid|infer|predict|test|debug|stat|summary|sample|analy",
    re.IGNORECASE,
)
"""What functions, classes and files are called in which nothing learns."""
NO_TRAINING_FOLDER = re.compile(r"metrics?|tests?|eval(?:uation|uators?)?|inference|analysis|visuali[sz]ation")
"""What folders are called that hold nothing else."""
TARGET_NAME = re.compile(r"target|label|truth|(?:^|_)(?:gt|y|true|mask|weights?|ref|reference)(?:$|_)", re.IGNORECASE)
"""What functions are given that is not learned."""
PLAIN = frozenset({"int", "float", "bool", "str"})
"""Annotations of what is no tensor."""
STOPPING = frozenset({DETACH, NUMBER, "item"})
"""Operations that no gradient passes."""


@dataclass(frozen=True)
class _Step:
    """A routine on the way from a root up to a loss."""

    routine: Routine
    node: facts.Expression
    """In the routine, what the root goes into."""
    start: list[Term]
    """What that depends on."""
    depth: int = 0
    is_fed: bool = False
    """Whether the output of a layer goes in below."""


class Gradients:
    """Answers for the terms of one program, from what stands in each routine; functions that are called stay closed."""

    def __init__(self, terms: Terms) -> None:
        self._values = terms.values
        self._terms = Terms(terms.program, is_shallow=True)
        self._reached: dict[Routine, set[int]] = {}

    def flows_through(self, term: Term) -> bool:
        """Whether a gradient surely flows back through a term, to the output of a layer or to what a loss is given."""
        return self._is_trained(_Step(term.routine, term.node, [self._terms.of(term.node, term.routine)]))

    def _sources(self, start: list[Term], routine: Routine) -> tuple[bool, list[str]]:
        """Whether terms depend on the output of a layer, and the tensors that the routine is given they depend on."""
        below = list(self._below(start))
        names = dict.fromkeys(each.name for each in below if each.op == PARAMETER and each.routine is routine)
        given = [each for each in map(routine.parameter, names) if each is not None and each.name != routine.self_name]
        is_layered = any(self._is_layer(each, routine) for each in below if each.op == UNKNOWN)
        return is_layered, [each.name for each in given if may_be_trained(each)]

    def _is_layer(self, term: Term, routine: Routine) -> bool:
        """Whether a term is what a layer or a model gives back."""
        call = term.node
        if not isinstance(call, facts.Call):
            return False
        callees = self._values.callees(call, routine)
        return any(
            isinstance(each, Instance) or (isinstance(each, Foreign) and layer_spec(each.name) is not None)
            for each in callees
        )

    def _below(self, start: list[Term]) -> Iterator[Term]:
        waiting, seen = start, {id(each) for each in start}
        while waiting and len(seen) < MOST_TERMS:
            here = waiting.pop()
            if here.is_detached or here.op in STOPPING or last_name(here.node) in numerics.NO_SIGNAL:
                continue
            yield here
            new = [part for part in here.operands if id(part) not in seen]
            seen.update(map(id, new))
            waiting += new

    # --------------------------------------------------------------------------------------------------------- upwards

    def _is_trained(self, step: _Step) -> bool:
        """Whether what a routine gives back depends on an expression in it, and goes into a loss."""
        routine = step.routine
        if _is_elsewhere(routine) or id(step.node) not in self._results(routine):
            return False
        is_layered, given = self._sources(step.start, routine)
        is_fed = step.is_fed or is_layered
        if not is_fed and not given:
            return False
        if self.is_loss(routine):
            return True
        owner = routine.owner
        if owner is not None and routine.name in FORWARD and is_model(self._values, owner):
            return is_fed or self.is_norm(routine)
        callers = self._values.callers(routine) if step.depth < MOST_CALLERS else []
        return any(self._is_trained(self._upwards(step, given, *caller, is_fed=is_fed)) for caller in callers)

    def _upwards(self, step: _Step, names: list[str], caller: Routine, call: facts.Call, *, is_fed: bool) -> _Step:
        """The same question where a routine is called."""
        given = dict(self._terms.calls.given(step.routine, call, caller))
        start = [given[name]() for name in names if name in given]
        return _Step(caller, call, start, step.depth + 1, is_fed)

    @staticmethod
    def is_norm(routine: Routine) -> bool:
        """Whether a routine belongs to a layer that normalises."""
        return routine.owner is not None and NORM_NAME.search(routine.owner.name) is not None

    @staticmethod
    def is_loss(routine: Routine) -> bool:
        """Whether a routine computes a loss or sends one back."""
        names = [routine.name, *([routine.owner.name] if routine.owner is not None else [])]
        return any(map(LOSS_NAME.search, names)) or any(terminal_name(call) in BACKWARD for call in routine.calls)

    def _results(self, routine: Routine) -> set[int]:
        """The nodes of all that the results of a routine, and the losses it sends back, depend on."""
        known = self._reached.get(routine)
        if known is None:
            found = [self._terms.of(each, routine) for each in self._given(routine)]
            known = self._reached[routine] = {id(each.node) for each in self._below(found)}
        return known

    def _given(self, routine: Routine) -> Iterator[facts.Expression]:
        yield from (each.value for each in self._terms.definitions(routine).returns if each.value is not None)
        for call in routine.calls:
            if terminal_name(call) in BACKWARD:
                yield from (one.value for one in call.arguments)
                if isinstance(call.function, facts.Attribute):
                    yield call.function.value


def may_be_trained(given: facts.Parameter) -> bool:
    """Whether a parameter is no target by its name, and no number, string or flag by its annotation and default."""
    if TARGET_NAME.search(given.name):
        return False
    if isinstance(given.annotation, facts.Name) and given.annotation.id in PLAIN:
        return False
    default = given.default
    return not (isinstance(default, facts.Literal) and default.value is not None)


def _is_elsewhere(routine: Routine) -> bool:
    """Whether nothing learns there, by the names of the function, its class, its file and the folder of that."""
    path = routine.module.path
    names = [routine.name, path.stem, *([routine.owner.name] if routine.owner is not None else [])]
    return any(map(NO_TRAINING.search, names)) or NO_TRAINING_FOLDER.fullmatch(path.parent.name) is not None
