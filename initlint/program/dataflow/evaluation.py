"""From an expression to the term that says what it computes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from initlint.frameworks import numerics
from initlint.frameworks.torch import TRANSPARENT_DECORATORS
from initlint.program.dataflow.bindings import Definition, Reach
from initlint.program.dataflow.calls import Calls
from initlint.program.dataflow.definitions import Definitions
from initlint.program.dataflow.term import CYCLE, EITHER, KEEP, NUMBER, PARAMETER, RUNNING, TUPLE, UNKNOWN, Term
from initlint.program.loops.expressions import spelled, terminal_name
from initlint.program.loops.routines import EACH, Route, Routine
from initlint.program.resolution import Definition as Bound
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.program import Program

DEEPEST = 60
"""Names, calls and operands followed one inside another before a value is given up."""
OPERATORS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power", "@": "matmul",
}  # fmt: skip
GRADIENT_FREE = frozenset({"no_grad", "inference_mode"})


class Terms:
    """What the expressions of a program compute; each is worked out once."""

    _of_programs: ClassVar[WeakKeyDictionary[Program, Terms]] = WeakKeyDictionary()

    def __init__(self, program: Program, *, is_shallow: bool = False) -> None:
        self.program = program
        self.is_shallow = is_shallow
        """Whether calls of functions and objects of the program stay unknown, with all they are given as operands."""
        self.values = program.values
        self.calls = Calls(self)
        self._definitions: dict[Routine, Definitions] = {}
        self._known: dict[int, Term] = {}
        self._defined: dict[tuple[int, Routine], Term] = {}
        self._returned: dict[Routine, Term | None] = {}
        self._open = 0

    @classmethod
    def of_program(cls, program: Program) -> Terms:
        """The terms of a program, the same ones for every rule that asks."""
        known = cls._of_programs.get(program)
        if known is None:
            known = cls._of_programs[program] = cls(program)
        return known

    def changed(self, statement: facts.AugmentedAssign, routine: Routine) -> Term:
        """What a statement ``target operator= value`` makes of its target."""
        op = OPERATORS.get(statement.operator, UNKNOWN)
        sides = statement.target, statement.value
        return Term(op, statement.value, routine, lambda: tuple(self.of(side, routine) for side in sides))

    def definitions(self, routine: Routine) -> Definitions:
        """Which definitions reach which uses in a routine."""
        found = self._definitions.get(routine)
        if found is None:
            found = self._definitions[routine] = Definitions.of(routine)
        return found

    # ------------------------------------------------------------------------------------------------------- evaluating

    def of(self, node: facts.Expression, routine: Routine) -> Term:
        """What an expression in a routine computes."""
        known = self._known.get(id(node))
        if known is not None:
            return known
        if self._open > DEEPEST:
            return Term(UNKNOWN, node, routine)
        self._open += 1
        self._known[id(node)] = Term(CYCLE, node, routine)
        found = self._evaluate(node, routine)
        self._open -= 1
        if self.is_without_gradient(node, routine):
            found.is_detached = True
        self._known[id(node)] = found
        return found

    def is_without_gradient(self, node: facts.Node, routine: Routine) -> bool:
        """Whether nothing computed there has a gradient."""
        decorators = routine.node.decorators if routine.node is not None else ()
        if any(terminal_name(one) in GRADIENT_FREE for one in decorators):
            return True
        return self.definitions(routine).is_without_gradient(node)

    def _evaluate(self, node: facts.Expression, routine: Routine) -> Term:
        if isinstance(node, facts.Name):
            return self._reaching(node, self.definitions(routine).uses.get(id(node)), routine)
        if isinstance(node, facts.Literal):
            return _literal(node, routine)
        if isinstance(node, facts.Call):
            return self.calls.of(node, routine)
        if isinstance(node, facts.Binary):
            return self._binary(node, routine)
        if isinstance(node, facts.Unary):
            return self._unary(node, routine)
        if isinstance(node, facts.Attribute):
            return self._attribute(node, routine)
        if isinstance(node, facts.Subscript):
            return self._subscript(node, routine)
        if isinstance(node, facts.Conditional):
            return self.either([self.of(node.body, routine), self.of(node.otherwise, routine)], node, routine)
        if isinstance(node, (facts.Await, facts.NamedExpression)):
            return self.of(node.value, routine)
        if isinstance(node, (facts.Sequence, facts.Dictionary)):
            items = node.items if isinstance(node, facts.Sequence) else node.values
            return Term(TUPLE, node, routine, lambda: tuple(self.of(item, routine) for item in items))
        return Term(UNKNOWN, node, routine)

    def either(self, found: Iterable[Term], node: facts.Expression, routine: Routine) -> Term:
        """One of several terms."""
        distinct = tuple({id(each): each for each in found}.values())
        if len(distinct) == 1:
            return distinct[0]
        return Term(EITHER, node, routine, lambda: distinct) if distinct else Term(UNKNOWN, node, routine)

    def _binary(self, node: facts.Binary, routine: Routine) -> Term:
        op = OPERATORS.get(node.operator, UNKNOWN)
        return Term(op, node, routine, lambda: (self.of(node.left, routine), self.of(node.right, routine)))

    def _unary(self, node: facts.Unary, routine: Routine) -> Term:
        operand = node.operand
        if node.operator == "-" and isinstance(operand, facts.Literal):
            number = _literal(operand, routine)
            if number.value is not None:
                return Term(NUMBER, node, routine, value=-number.value)
        op = {"-": "negate", "+": KEEP}.get(node.operator, UNKNOWN)
        return Term(op, node, routine, lambda: (self.of(operand, routine),))

    def _attribute(self, node: facts.Attribute, routine: Routine) -> Term:
        reach = self.definitions(routine).uses.get(id(node))
        if reach:
            return self._reaching(node, reach, routine)
        if node.name in numerics.NO_SIGNAL:
            return Term(UNKNOWN, node, routine, name=spelled(node))
        op = numerics.ATTRIBUTES.get(node.name, UNKNOWN)
        return Term(op, node, routine, lambda: (self.of(node.value, routine),), name=spelled(node))

    def _subscript(self, node: facts.Subscript, routine: Routine) -> Term:
        value = self.of(node.value, routine)
        index = node.index
        if isinstance(index, facts.Literal) and type(index.value) is int:
            return self.item(value, index.value, node, routine)
        return Term(KEEP, node, routine, lambda: (value,))

    def item(self, value: Term, index: int, node: facts.Expression, routine: Routine) -> Term:
        """What stands at a position of a value; with `EACH`, any of its items."""
        if value.op == TUPLE:
            items = value.operands
            if index == EACH:
                return self.either(items, node, routine)
            return items[index] if -len(items) <= index < len(items) else Term(UNKNOWN, node, routine)
        if value.op == EITHER:
            return self.either([self.item(each, index, node, routine) for each in value.operands], node, routine)
        if value.op in (UNKNOWN, PARAMETER):
            return Term(UNKNOWN, node, routine, lambda: (value,))
        if value.op in ("max", "min") and index == 1:
            return Term(UNKNOWN, node, routine)
        return Term(KEEP, node, routine, lambda: (value,))

    # ------------------------------------------------------------------------------------------------------------ names

    def _reaching(self, node: facts.Name | facts.Attribute, reach: Reach | None, routine: Routine) -> Term:
        if not reach:
            return self._elsewhere(node, routine)
        return self.either([self.definition(each, node, routine) for each in reach], node, routine)

    def definition(self, found: Definition, node: facts.Expression, routine: Routine) -> Term:
        """What a definition gives the name that a node is."""
        if found.parameter:
            return self.parameter(found.parameter, node, routine)
        if found.value is None:
            return Term(UNKNOWN, node, routine, name=spelled(node))
        key = (id(found), routine)
        if key not in self._defined:
            self._defined[key] = Term(CYCLE, node, routine)
            self._defined[key] = self._made(found, found.value, routine)
        return self._defined[key]

    def _made(self, found: Definition, value: facts.Expression, routine: Routine) -> Term:
        factor = self.definitions(routine).factor_of(found)
        if factor is not None:
            detached = self.is_without_gradient(value, routine)
            return Term(RUNNING, value, routine, lambda: (self.of(factor, routine),), is_detached=detached)
        if found.operator:
            assert found.target is not None
            target, before = found.target, found.before
            op = OPERATORS.get(found.operator, UNKNOWN)

            def operands() -> tuple[Term, ...]:
                held = [self.definition(each, target, routine) for each in before]
                return self.either(held, target, routine), self.of(value, routine)

            return Term(op, value, routine, operands, is_detached=self.is_without_gradient(value, routine))
        return self._along(self.of(value, routine), found.route, value, routine)

    def _along(self, term: Term, route: Route, node: facts.Expression, routine: Routine) -> Term:
        for index in route:
            term = self.item(term, index, node, routine)
        return term

    def parameter(self, name: str, node: facts.Expression, routine: Routine) -> Term:
        """What a routine is given under a name, whoever calls it."""
        key = (id(routine.parameter(name)), routine)
        if key not in self._defined:
            self._defined[key] = Term(PARAMETER, node, routine, name=name)
        return self._defined[key]

    def _elsewhere(self, node: facts.Name | facts.Attribute, routine: Routine) -> Term:
        """A name that no statement of the routine binds: a number of the module, if it is one."""
        if isinstance(node, facts.Name) and node.id not in routine.bounds:
            found = self.program.resolve(routine.module, node.id)
            if isinstance(found, Bound) and isinstance(found.node, facts.Assign):
                value = found.node.value
                if isinstance(value, facts.Literal):
                    return _literal(value, routine)
                if isinstance(value, facts.Unary):
                    return self._unary(value, routine)
        return Term(UNKNOWN, node, routine, name=spelled(node))

    # -------------------------------------------------------------------------------------------------------- functions

    def returned(self, routine: Routine) -> Term | None:
        """What a routine of the program gives back, in terms of its parameters; `None` if that is not known."""
        if routine in self._returned:
            return self._returned[routine]
        self._returned[routine] = None
        self._returned[routine] = self._give_back(routine)
        return self._returned[routine]

    def _give_back(self, routine: Routine) -> Term | None:
        node = routine.node
        if node is None or node.is_async or not all(terminal_name(d) in TRANSPARENT for d in node.decorators):
            return None
        definitions = self.definitions(routine)
        values = [each.value for each in definitions.returns if each.value is not None]
        values = [value for value in values if not (isinstance(value, facts.Literal) and value.value is None)]
        if definitions.is_generator or not values:
            return None
        return self.either([self.of(value, routine) for value in values], values[0], routine)


TRANSPARENT = TRANSPARENT_DECORATORS | {"script", "script_if_tracing", "compile", "function", "jit", "script_method"}
"""Last names of decorators that leave what a function computes."""


def _literal(node: facts.Literal, routine: Routine) -> Term:
    if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return Term(NUMBER, node, routine, value=float(node.value))
    return Term(UNKNOWN, node, routine)
