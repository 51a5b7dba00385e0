"""Whether a gradient flows back through a term: it is computed on the way from a model, or of its output, to a loss."""

from __future__ import annotations

import re
from collections.abc import Iterator

from initlint.frameworks import numerics
from initlint.frameworks.torch import layer_spec
from initlint.frameworks.training import BACKWARD
from initlint.program.dataflow.evaluation import Terms
from initlint.program.dataflow.term import DETACH, NUMBER, PARAMETER, UNKNOWN, Term
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Routine
from initlint.program.loops.values import Foreign, Instance
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
PLAIN = frozenset({"int", "float", "bool", "str"})
"""Annotations of what is no tensor."""
STOPPING = frozenset({DETACH, NUMBER, "item"})
"""Operations that no gradient passes."""


class Gradients:
    """Answers for the terms of one program, from what stands in each routine; functions that are called stay closed."""

    def __init__(self, terms: Terms) -> None:
        self._values = terms.values
        self._terms = Terms(terms.program, is_shallow=True)
        self._reached: dict[Routine, set[int]] = {}

    def flows_through(self, term: Term) -> bool:
        """Whether a gradient surely flows back through a term, to the output of a layer or to what a loss is given."""
        return self._is_trained(term.routine, term.node, 0, is_fed=False)

    def _depends(self, node: facts.Expression, routine: Routine) -> tuple[bool, bool]:
        """Whether an expression depends on the output of a layer, and on a tensor that the routine is given."""
        below = list(self._below([self._terms.of(node, routine)]))
        given = (routine.parameter(each.name) for each in below if each.op == PARAMETER)
        is_given = any(each.name != routine.self_name and may_be_tensor(each) for each in given if each is not None)
        return any(self._is_layer(each, routine) for each in below if each.op == UNKNOWN), is_given

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

    def _is_trained(self, routine: Routine, node: facts.Expression, depth: int, *, is_fed: bool) -> bool:
        """Whether what a routine gives back depends on an expression in it, and goes into a loss."""
        if _is_elsewhere(routine) or id(node) not in self._results(routine):
            return False
        is_layered, is_given = self._depends(node, routine)
        is_fed |= is_layered
        if not is_fed and not is_given:
            return False
        if self.is_loss(routine):
            return True
        owner = routine.owner
        if owner is not None and routine.name in FORWARD and is_model(self._values, owner):
            return is_fed or NORM_NAME.search(owner.name) is not None
        callers = self._values.callers(routine) if depth < MOST_CALLERS else []
        return any(self._is_trained(caller, call, depth + 1, is_fed=is_fed) for caller, call in callers)

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


def may_be_tensor(given: facts.Parameter) -> bool:
    """Whether neither its annotation nor its default makes a parameter a number, a string or a flag."""
    if isinstance(given.annotation, facts.Name) and given.annotation.id in PLAIN:
        return False
    default = given.default
    return not (isinstance(default, facts.Literal) and default.value is not None)


def _is_elsewhere(routine: Routine) -> bool:
    """Whether nothing learns there, by the names of the function, its class, its file and the folder of that."""
    path = routine.module.path
    names = [routine.name, path.stem, *([routine.owner.name] if routine.owner is not None else [])]
    return any(map(NO_TRAINING.search, names)) or NO_TRAINING_FOLDER.fullmatch(path.parent.name) is not None
