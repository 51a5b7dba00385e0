"""Whether a program computes in half precision, and which values are then of that type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import precision as framework
from initlint.frameworks import torch as layers
from initlint.program.dataflow.term import EITHER, KEEP, NUMBER, Term
from initlint.program.loops.expressions import dotted, terminal_name
from initlint.program.loops.links import names_called
from initlint.program.loops.objects import Foreign, Instance
from initlint.program.loops.recurrence import is_model
from initlint.program.loops.routines import Routine
from initlint.program.nodes import nodes
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.values import Values
    from initlint.program.program import Program

DEEPEST = 12
"""Operations followed from a value back to the one that made it half."""
MATMUL = "matmul"
CALLED = frozenset({"autocast", "GradScaler", *framework.HALVING, *framework.TRAINERS})


def half_precision_in(program: Program) -> Place | None:
    """The first place at which the program asks for float16."""
    return next(_places(program), None)


def _places(program: Program) -> Iterator[Place]:
    values = program.values
    for module in program.modules:
        if CALLED.isdisjoint(names_called(module)):
            continue
        for name, found in values.links.scopes(module).calls.items():
            for routine, call in found if name in CALLED else ():
                if _asks(values, call, routine):
                    yield module.source.place(call.start, call.end)


def _asks(values: Values, call: facts.Call, routine: Routine) -> bool:
    name = terminal_name(call.function)
    if name in framework.HALVING:
        return isinstance(call.function, facts.Attribute) and _is_of_model(values, call.function.value, routine)
    if name in framework.TRAINERS:
        return any(_is_one_of(one, framework.OPTIONS.get(one.keyword or "")) for one in call.arguments)
    callees = [callee.name for callee in values.callees(call, routine) if isinstance(callee, Foreign)]
    if any(callee in framework.SCALERS for callee in callees):
        return not _is_off(call)
    return any(callee in framework.AUTOCASTS for callee in callees) and _is_half_cast(call)


def _is_of_model(values: Values, receiver: facts.Expression, routine: Routine) -> bool:
    """Whether a model is turned into half precision, rather than a tensor."""
    found = values.of(receiver, routine)
    return any(isinstance(one, Instance) and is_model(values, one.cls) for one in found)


def _is_one_of(given: facts.Argument, wanted: frozenset[object] | None) -> bool:
    value = given.value.value if isinstance(given.value, facts.Literal) else None
    return wanted is not None and any(value == one and type(value) is type(one) for one in wanted)


def _is_off(call: facts.Call) -> bool:
    """Whether it is switched off by a constant."""
    given = [one.value for one in call.arguments if one.keyword in (None, "enabled")]
    return any(isinstance(value, facts.Literal) and value.value is False for value in given)


def _is_half_cast(call: facts.Call) -> bool:
    if _is_off(call):
        return False
    devices = [one.value for one in call.arguments if one.keyword in (None, "device_type")]
    if any(isinstance(value, facts.Literal) and value.value in framework.OTHER_DEVICES for value in devices):
        return False
    types = [one.value for one in call.arguments if one.keyword == "dtype"] + _positional(call)[1:2]
    return all(terminal_name(value) in framework.HALVES for value in types)


def _positional(call: facts.Call) -> list[facts.Expression]:
    return [one.value for one in call.arguments if one.keyword is None]


# --------------------------------------------------------------------------------------------------------------- values


def may_be_half(program: Program, term: Term, depth: int = 0) -> bool:
    """Whether a value is float16 wherever layers compute in it: it was made by one, and nothing has cast it since."""
    if depth > DEEPEST or _is_switched_off(term):
        return False
    if term.op == EITHER:
        return all(may_be_half(program, one, depth + 1) for one in term.operands)
    if _is_made_half(program, term):
        return True
    if term.op not in framework.KEEPS_TYPE or (term.op == KEEP and _casts(term)) or not term.operands:
        return False
    carried = [one for one in term.operands[: _count(term)] if not _is_scalar(one)]
    return bool(carried) and all(may_be_half(program, one, depth + 1) for one in carried)


def _is_scalar(term: Term) -> bool:
    """Whether it is a number rather than a tensor: such a factor leaves the type what it is."""
    if term.op == NUMBER or (term.op in framework.OF_NUMBERS and term.operands):
        return term.op == NUMBER or all(_is_scalar(one) for one in term.operands)
    return _is_number(term.node, term.routine)


def _is_number(node: facts.Expression, routine: Routine) -> bool:
    """Told from how it is written: sizes, functions of numbers, and attributes that a constructor computes from them."""
    if isinstance(node, facts.Literal):
        return isinstance(node.value, (int, float))
    if isinstance(node, facts.Subscript):
        return terminal_name(node.value) in framework.SIZES
    if isinstance(node, facts.Call):
        return terminal_name(node) in framework.SIZES or dotted(node).rpartition(".")[0] in framework.NUMERIC_MODULES
    is_own = isinstance(node, facts.Attribute) and isinstance(node.value, facts.Name)
    if not is_own or routine.owner is None or dotted(node).partition(".")[0] != routine.self_name:
        return False
    bounds = routine.owner.attributes.get(terminal_name(node), [])
    return bool(bounds) and all(_is_computed(bound.value) for bound in bounds)


def _is_computed(node: facts.Expression) -> bool:
    """Whether an expression of a constructor is arithmetic of its arguments."""
    if isinstance(node, facts.Binary):
        return _is_computed(node.left) and _is_computed(node.right)
    if isinstance(node, facts.Unary):
        return _is_computed(node.operand)
    if isinstance(node, facts.Call):
        return terminal_name(node) in framework.NUMERIC_CALLS and all(_is_computed(one.value) for one in node.arguments)
    return isinstance(node, (facts.Literal, facts.Name, facts.Attribute))


def _count(term: Term) -> int:
    """How many of its operands decide on its type: of a masked value, the first."""
    return 1 if term.op == "masked_fill" else len(term.operands)


def _casts(term: Term) -> bool:
    name = terminal_name(term.node) if isinstance(term.node, facts.Call) else ""
    return name in framework.CASTS


def _is_made_half(program: Program, term: Term) -> bool:
    """Whether it is the output of a layer or a product of matrices of a model; one that no gradient goes through is
    often made for the model, in front of it, where autocast is not on yet: spectrograms and other features."""
    values, routine = program.values, term.routine
    is_of_model = routine.owner is not None and is_model(values, routine.owner)
    if term.op == MATMUL:
        return is_of_model and not term.is_detached
    if not isinstance(term.node, facts.Call) or not is_of_model:
        return False
    callees = values.callees(term.node, routine)
    return bool(callees) and all(_makes_half(callee) for callee in callees)


def _makes_half(callee: object) -> bool:
    if not isinstance(callee, Foreign):
        return False
    if callee.call is None:
        name = layers.function_name(callee.name) or ""
        return layers.WEIGHTED_FUNCTIONS.get(name) in framework.CASTS_TO_HALF
    spec = layers.layer_spec(callee.name)
    return spec is not None and spec.op in framework.CASTS_TO_HALF


def _is_switched_off(term: Term) -> bool:
    """Whether it is computed where autocast is switched off, or where the routine looks at the type itself."""
    node = term.routine.node
    if any(terminal_name(item.value) == "autocast" for one in term.routine.withs for item in one.items):
        return True
    return node is not None and any(_names_type(one) for one in nodes(node))


def _names_type(node: facts.Node) -> bool:
    name = node.name if isinstance(node, facts.Attribute) else node.id if isinstance(node, facts.Name) else ""
    return name in framework.HALVES | {"finfo", "is_autocast_enabled"}
