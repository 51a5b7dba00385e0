"""Fixes of a loss that does not fit what it is given."""

from __future__ import annotations

from initlint.finding import Place
from initlint.fix import Copy, Edit, Fix, Name, copied, replaced, statement_removed
from initlint.fix.edit import Binding
from initlint.frameworks import losses as framework
from initlint.frameworks.numerics import PROBABILITY_NAME
from initlint.program import Program
from initlint.program.dataflow import Terms
from initlint.program.dataflow.moving import means_same
from initlint.program.ending import RAW, Call, Ending
from initlint.program.functions import call_at, statement_at
from initlint.program.loops.expressions import argument, receiver, terminal_name
from initlint.program.loops.statements import statement_of
from initlint.program.losses import LossInput, feeds_loss_alone
from initlint.program.nodes import nodes, spelled_names
from initlint.reading import facts

TAKES_LOGITS = frozenset({"categorical", "binary"})


REDUNDANT = "log_softmax"
"""It does no harm in front of cross-entropy; what else uses log-probabilities is worth more than its removal."""


def mended(program: Program, met: list[LossInput], ending: Ending) -> Fix | None:
    """The loss of logits where logits are given; else the activation taken out, or its logarithm taken."""
    kinds = {kind for one in met for kind in one.kinds}
    if ending.op in RAW:
        return _with_loss_of_logits(program, met)
    if kinds <= TAKES_LOGITS:
        return _without(program, met, ending)
    return _with_logarithm(program, met, ending) if kinds == {"log-probabilities"} else None


def _with_loss_of_logits(program: Program, met: list[LossInput]) -> Fix | None:
    """Safe where everything else that the same loss is given is raw, too."""
    loss = framework.LOSSES_OF_LOGITS.get(met[0].loss)
    if loss is None or len(met[0].kinds) > 1:
        return None
    made = met[0].made
    same = [one for one in program.loss_inputs() if one.made.node is made.node]
    is_raw = all(one.endings and all(each.op in RAW for each in one.endings) for one in same)
    return Fix(f"Use {_last(loss)}", (replaced(made.node.function, Name(loss)),), safe=is_raw)


def _without(program: Program, met: list[LossInput], ending: Ending) -> Fix | None:
    if ending.kind == REDUNDANT and any(_is_used_beside(program, one, ending) for one in met):
        return _with_loss_of_logarithms(program, met, ending)
    handed = _handed(program, met, ending)
    if handed:
        return Fix("Give the loss what the activation is given", handed, False, _elsewhere(met[0].call, ending))
    if any(_is_used_beside(program, one, ending, framework.ORDERING, may_be_returned=True) for one in met):
        return None
    title = f"Remove the {ending.kind}"
    if ending.applied is not None and ending.given is not None:
        return _fix(title, program, met, ending, _taken_out(ending.applied, ending.given), ending.applied)
    layer = ending.call.node if ending.is_layer and ending.call is not None else None
    if ending.call is None:  # a network was asked
        made = call_at(program, ending.place)
        is_own = made is not None and terminal_name(made).lower() == ending.kind.replace("_", "")
        layer = made if is_own else None
    if layer is None:
        return None
    place = ending.call.place if ending.call is not None else ending.place
    return Fix(title, (_dropped(program, place, layer) or replaced(layer, Name(framework.IDENTITY), "()"),), safe=False)


def _handed(program: Program, met: list[LossInput], ending: Ending) -> tuple[Edit, ...]:
    """The loss given the logits under a name of their own, where something else wants what is made of them, or the name of
    that says what it is; none where the loss is given no such name."""
    given, here, applied = argument(met[0].call.node, "input", 0), met[0].call.routine, ending.applied
    is_near = len(met) == 1 and applied is not None and applied.routine is here
    if not is_near or not isinstance(given, facts.Name) or applied is None or ending.given is None:
        return ()
    statement, terms = statement_of(here, applied.node), Terms.of_program(program)
    reaching = [one.value for one in terms.definitions(here).uses.get(id(given), ())]
    if not isinstance(statement, facts.Assign) or statement.value is not applied.node or reaching != [applied.node]:
        return ()
    is_told = PROBABILITY_NAME.search(given.id) is not None
    if not is_told and feeds_loss_alone(program, met[0], ending, framework.ORDERING):
        return ()
    if isinstance(ending.given, facts.Name) and means_same(terms, ending.given, here, met[0].call.node):
        return (replaced(given, copied(ending.given)),)
    taken = spelled_names(here.node if here.node is not None else here.module.source.facts.body)
    name = next((name for name in LOGITS if name not in taken), None)
    return () if name is None else (_named(statement, ending.given, name), replaced(given, name))


LOGITS = ("logits", "raw_logits")
"""What logits that have no name are called."""


def _named(statement: facts.Assign, inner: facts.Expression, name: str) -> Edit:
    """A statement behind one that binds a name to a part of it."""
    head, tail = Copy(statement.start, inner.start, Binding.ATOM), Copy(inner.end, statement.end, Binding.ATOM)
    return replaced(statement, f"{name} = ", copied(inner), "\n", head, name, tail)


def _with_loss_of_logarithms(program: Program, met: list[LossInput], ending: Ending) -> Fix | None:
    """Of log-probabilities that are wanted elsewhere, too. Unsafe, as it is for class numbers alone."""
    made = met[0].made.node
    loss, axis = framework.LOSSES_OF_LOGARITHMS.get(met[0].loss), _axis(ending)
    same = [each for one in program.loss_inputs() if one.made.node is made for each in one.endings]
    if loss is None or axis not in framework.CLASS_AXES or any(each.kind != REDUNDANT for each in same):
        return None
    if len({one.made.node for one in met}) > 1 or any(one.star for one in made.arguments):
        return None
    if any(one.keyword in framework.OF_LOGITS_ALONE for one in made.arguments):
        return None
    return Fix(f"Use {_last(loss)}", (replaced(made.function, Name(loss)),), False, _elsewhere(met[0].made, ending))


def _axis(ending: Ending) -> int | None:
    """The axis that a call of a function or a method is told to normalise over, if that is written as a number."""
    call = ending.applied.node if ending.applied is not None else None
    position = 0 if call is not None and ending.given is receiver(call) else 1
    given = argument(call, "dim", position) if call is not None else None
    is_negative = isinstance(given, facts.Unary) and given.operator == "-"
    number = given.operand if isinstance(given, facts.Unary) else given
    if not isinstance(number, facts.Literal) or type(number.value) is not int:
        return None
    return -number.value if is_negative else number.value


def _taken_out(applied: Call, given: facts.Expression) -> Edit:
    """What an activation is given instead of what it gives; without the statement where that would be ``x = x``."""
    statement = statement_of(applied.routine, applied.node)
    if isinstance(statement, facts.Assign) and statement.value is applied.node and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, facts.Name) and isinstance(given, facts.Name) and target.id == given.id:
            return statement_removed(statement)
    return replaced(applied.node, copied(given))


def _dropped(program: Program, place: Place, layer: facts.Node) -> Edit | None:
    """Without the last of the layers that a chain is given."""
    for node in nodes(statement_at(program, place)):
        is_chain = isinstance(node, facts.Call) and terminal_name(node) in framework.CHAINS and len(node.arguments) > 1
        if is_chain and isinstance(node, facts.Call) and node.arguments[-1].value is layer:
            before, module = node.arguments[-2].value, program.module_shown(place.path)
            between = module.source.text()[before.end : layer.start] if module is not None else ""
            return Edit(before.end, layer.end) if between.strip() == "," else None
    return None


def _is_used_beside(
    program: Program,
    met: LossInput,
    ending: Ending,
    harmless: frozenset[str] = frozenset(),
    *,
    may_be_returned: bool = False,
) -> bool:
    """Whether more than the loss, and calls of those names, uses what is computed in the function of the loss."""
    is_there = ending.applied is not None and ending.applied.routine is met.call.routine
    return is_there and not feeds_loss_alone(program, met, ending, harmless, may_be_returned=may_be_returned)


def _with_logarithm(program: Program, met: list[LossInput], ending: Ending) -> Fix | None:
    name = framework.LOGARITHMS.get(_called(ending.call))
    if ending.kind != "softmax" or ending.call is None or name is None:
        return None
    if any(_is_used_beside(program, one, ending, framework.ORDERING) for one in met):
        return None
    edit = _renamed(ending.call.node, name, is_method=ending.given is receiver(ending.call.node))
    return _fix(f"Use {_last(name)}", program, met, ending, edit, ending.call)


def _fix(title: str, program: Program, met: list[LossInput], ending: Ending, edit: Edit, at: Call) -> Fix:
    """Safe where the loss alone sees the change."""
    is_safe = len(met) == 1 and not ending.is_layer and feeds_loss_alone(program, met[0], ending)
    return Fix(title, (edit,), is_safe, _elsewhere(at, ending))


def _elsewhere(call: Call, ending: Ending) -> str:
    """The file of a call, if that is not the one in which the mismatch is reported."""
    return call.place.path if call.place.path != ending.place.path else ""


def _renamed(call: facts.Call, name: str, *, is_method: bool) -> Edit:
    """The same call of another function; of a method, only its name is another."""
    if not is_method or not isinstance(call.function, facts.Attribute):
        return replaced(call.function, Name(name))
    end = call.function.end
    return Edit(end - len(call.function.name), end, (_last(name),))


def _called(call: Call | None) -> str:
    function = call.node.function if call is not None else None
    return function.name if isinstance(function, facts.Attribute) else getattr(function, "id", "")


def _last(name: str) -> str:
    return name.rpartition(".")[2]
