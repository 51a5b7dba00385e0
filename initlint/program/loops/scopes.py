"""The scopes of a module, found in one walk over it: routines and classes, each with its calls and bindings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from initlint.program.loops.expressions import STRUCT_TYPES, terminal_name
from initlint.program.loops.routines import EACH, Bound, ClassScope, Route, Routine
from initlint.program.module import Module
from initlint.program.nodes import fields_with_nodes
from initlint.reading import facts

LEAVES = frozenset({facts.Literal, facts.Opaque, facts.Keyword, facts.Scope, facts.Name})


@dataclass(eq=False)
class ModuleScopes:
    """Everything of one module."""

    script: Routine
    routines: list[Routine] = field(default_factory=list)
    classes: list[ClassScope] = field(default_factory=list)
    calls: dict[str, list[tuple[Routine, facts.Call]]] = field(default_factory=dict)
    """By the last name of what is called."""

    @staticmethod
    def of(module: Module) -> ModuleScopes:
        scopes = ModuleScopes(Routine(module))
        walker = _Walker(scopes)
        walker.enter(scopes.script, module.source.facts.body)
        for routine in scopes.routines:
            for call in routine.calls:
                scopes.calls.setdefault(terminal_name(call.function), []).append((routine, call))
        return scopes


class _Walker:
    """Goes once over a module."""

    def __init__(self, scopes: ModuleScopes) -> None:
        self.scopes = scopes
        self.routine = scopes.script
        self.nesting = 0

    def enter(self, routine: Routine, body: tuple[facts.Statement, ...]) -> None:
        outer, self.routine = self.routine, routine
        nesting, self.nesting = self.nesting, 0
        self.scopes.routines.append(routine)
        self.visit(body)
        self.routine, self.nesting = outer, nesting

    def visit(self, node: object) -> None:
        kind = type(node)
        if kind is tuple:
            for item in node:  # type: ignore[attr-defined]
                self.visit(item)
        elif kind in _VISITS:
            if _VISITS[kind](self, node):
                self.children(node)
        elif kind in _FIELDS:
            self.children(node)

    def children(self, node: object) -> None:
        for name in _FIELDS[type(node)]:
            self.visit(getattr(node, name))

    # Each returns whether the children are still to be visited.

    def function(self, node: facts.Function) -> bool:
        routine = Routine(self.routine.module, node, self.routine)
        for parameter in node.parameters:
            self.visit(parameter)
        self.visit(node.decorators)
        holder = self.routine.owner if self.routine.owner is not None and self.routine.node is None else None
        if holder is not None:
            routine.owner, routine.parent = holder, holder.enclosing
            holder.methods[node.name] = routine
        else:
            self.routine.functions[node.name] = routine
        self.enter(routine, node.body)
        return False

    def class_(self, node: facts.Class) -> bool:
        body = Routine(self.routine.module, None, self.routine)
        scope = ClassScope(self.routine.module, node, self.routine, body)
        body.owner = scope
        self.routine.classes[node.name] = scope
        self.scopes.classes.append(scope)
        self.enter(body, node.body)
        return False

    def call(self, node: facts.Call) -> bool:
        self.routine.calls.append(node)
        return True

    def assign(self, node: facts.Assign) -> bool:
        self.routine.assigned.append(node)
        for target in node.targets if node.value is not None else ():
            self.bind(target, node.value, ())
        return True

    def named(self, node: facts.NamedExpression) -> bool:
        self.bind(node.target, node.value, ())
        return True

    def augment(self, node: facts.AugmentedAssign) -> bool:
        self.routine.augmented.append(node)
        self.routine.operators.add(node.operator)
        self.bind(node.target, node.value, (), is_sure=False)
        return True

    def clause(self, node: facts.Clause) -> bool:
        self.bind(node.target, node.iterable, (EACH,), is_sure=False)
        return True

    def loop(self, node: facts.For | facts.While) -> bool:
        self.routine.loops.append(node)
        if isinstance(node, facts.For):
            self.bind(node.target, node.iterable, (EACH,), is_sure=False)
        return self.nested(node)

    def branch(self, node: facts.If) -> bool:
        """Without recursion along ``elif``, of which there may be hundreds."""
        self.nesting += 1
        following: facts.If | None = node
        while following is not None:
            self.routine.branches.append(following)
            self.visit(following.test)
            self.visit(following.body)
            last = following.otherwise[0] if len(following.otherwise) == 1 else None
            if not isinstance(last, facts.If):
                self.visit(following.otherwise)
            following = last if isinstance(last, facts.If) else None
        self.nesting -= 1
        return False

    def binary(self, node: facts.Binary) -> bool:
        """Without recursion along a sum, of which there may be hundreds of terms."""
        left: facts.Expression = node
        while isinstance(left, facts.Binary):
            self.routine.operators.add(left.operator)
            self.visit(left.right)
            left = left.left
        self.visit(left)
        return False

    def nested(self, node: facts.Statement) -> bool:
        self.nesting += 1
        self.children(node)
        self.nesting -= 1
        return False

    def with_(self, node: facts.With) -> bool:
        self.routine.withs.append(node)
        for item in node.items:
            if item.target is not None:
                self.bind(item.target, item.value, ())
        return True

    def return_(self, node: facts.Return) -> bool:
        if node.value is not None:
            self.routine.returns.append(node.value)
        return True

    def import_(self, node: facts.Import) -> bool:
        names = [imported.alias or imported.name for imported in node.names]
        free = [module for module in self.routine.imports if module.bindings.keys().isdisjoint(names)]
        if not free:
            free.append(Module(self.routine.module.source))
            self.routine.imports.append(free[0])
        free[0].bind_import(node)
        return False

    def bind(
        self, target: facts.Expression, value: facts.Expression | None, route: Route, is_sure: bool = True
    ) -> None:
        if value is None:
            return
        if isinstance(target, facts.Sequence):
            for index, item in enumerate(target.items):
                self.bind(item, value, (*route, index), is_sure)
        elif isinstance(target, facts.Name):
            bound = Bound(value, route, target.start, self.routine, is_sure and not self.nesting)
            self.routine.bounds.setdefault(target.id, []).append(bound)
        elif isinstance(target, facts.Attribute) and isinstance(target.value, facts.Name):
            self.bind_attribute(target, target.value.id, value, route)

    def bind_attribute(self, target: facts.Attribute, of: str, value: facts.Expression, route: Route) -> None:
        holder: Routine | None = self.routine
        while holder is not None and holder.self_name != of:
            holder = holder.parent if holder.owner is None else None
        if holder is not None and holder.owner is not None:
            bound = Bound(value, route, target.start, self.routine, False)
            holder.owner.attributes.setdefault(target.name, []).append(bound)


_VISITS: dict[type, Callable[[_Walker, Any], bool]] = {
    facts.Function: _Walker.function,
    facts.Class: _Walker.class_,
    facts.Call: _Walker.call,
    facts.Binary: _Walker.binary,
    facts.Assign: _Walker.assign,
    facts.NamedExpression: _Walker.named,
    facts.AugmentedAssign: _Walker.augment,
    facts.Clause: _Walker.clause,
    facts.For: _Walker.loop,
    facts.While: _Walker.loop,
    facts.If: _Walker.branch,
    facts.Try: _Walker.nested,
    facts.With: _Walker.with_,
    facts.Return: _Walker.return_,
    facts.Import: _Walker.import_,
}
_FIELDS: dict[type, tuple[str, ...]] = {kind: fields_with_nodes(kind) for kind in STRUCT_TYPES if kind not in LEAVES}
"""What may hold expressions or statements, of everything that is walked into."""
