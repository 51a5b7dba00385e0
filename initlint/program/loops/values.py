"""Expressions followed to what they may be worth: through names, attributes, parameters and returns over the whole program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from initlint.frameworks.torch import canonical
from initlint.frameworks.training import MAKERS
from initlint.program.loops.callers import find_callers, given_for, given_to_field
from initlint.program.loops.classes import bases_of, find_method, hierarchy, overrides
from initlint.program.loops.expressions import dotted, terminal_name
from initlint.program.loops.objects import Foreign, Instance, Value, distinct
from initlint.program.loops.passing import index_in, items_at, passed_through
from initlint.program.loops.routines import ClassScope, Route, Routine, reaching
from initlint.program.module import ImportedBinding, Module
from initlint.program.resolution import Definition, External
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.heads import Head
    from initlint.program.loops.links import Links
    from initlint.program.resolution import Resolved

DEEPEST = 40
"""Names, calls and attributes followed one after another before an expression is given up."""
MOST_STEPS = 4000
"""Expressions looked at to follow one."""


class Values:
    """Follows expressions. What cannot be followed gives no value."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._known: dict[tuple[int, int, Route], list[Value]] = {}
        self._open: set[tuple[int, int, Route]] = set()
        self._partial: dict[tuple[int, int, Route], list[Value]] = {}
        """What was found for as long as an outer expression is open; it may lack what circles back to that."""
        self._callers: dict[Routine, list[tuple[Routine, facts.Call]]] = {}
        self.bases: dict[ClassScope, list[ClassScope | Foreign]] = {}
        self._sought: set[Routine] = set()
        self.ancestors: dict[ClassScope, list[ClassScope | Foreign]] = {}
        self.derived: dict[ClassScope, list[ClassScope]] = {}
        self.heads: dict[frozenset[str], list[Head]] = {}
        self.hierarchies: dict[tuple[ClassScope, bool, Routine | None], list[ClassScope]] = {}
        self._steps = 0
        self._cuts = 0
        """How often an expression was given up, circular ones included: what was found meanwhile is not kept."""

    def of(self, expression: facts.Expression | None, routine: Routine, route: Route = ()) -> list[Value]:
        """All that an expression in a routine may be; of a collection, the item that the route leads to."""
        if expression is None or isinstance(expression, facts.Literal):
            return []
        key = (id(expression), id(routine), route)
        known = self._known.get(key, self._partial.get(key))
        if known is not None:
            return known
        if not self._open:
            self._steps = 0
            self._partial.clear()
        self._steps += 1
        if key in self._open or len(self._open) > DEEPEST or self._steps > MOST_STEPS:
            self._cuts += 1
            return []
        cuts = self._cuts
        self._open.add(key)
        found = distinct(self._evaluate(expression, routine, route))
        self._open.discard(key)
        kept = self._known if cuts == self._cuts or not self._open else self._partial
        kept[key] = found
        return found

    def _evaluate(self, node: facts.Expression, routine: Routine, route: Route) -> Iterator[Value]:
        if isinstance(node, facts.Name):
            yield from self.named(node.id, routine, route, node.start)
        elif isinstance(node, facts.Attribute):
            for owner in self.of(node.value, routine):
                yield from self.attribute(owner, node.name, route)
        elif isinstance(node, facts.Call):
            yield from self._called(node, routine, route)
        elif isinstance(node, (facts.Conditional, facts.Boolean)):
            either = (node.body, node.otherwise) if isinstance(node, facts.Conditional) else (node.left, node.right)
            for part in either:
                yield from self.of(part, routine, route)
        elif isinstance(node, (facts.Await, facts.NamedExpression, facts.Starred)):
            yield from self.of(node.value, routine, route)
        elif isinstance(node, facts.Subscript):
            yield from self.of(node.value, routine, (index_in(node.index), *route))
        elif route:
            for part in items_at(node, route[0]):
                yield from self.of(part, routine, route[1:])

    # ------------------------------------------------------------------------------------------------------------ names

    def named(self, name: str, routine: Routine, route: Route = (), at: int | None = None) -> Iterator[Value]:
        """What a name in a routine may be; `at` is where it is used, if in that routine itself."""
        scope: Routine | None = routine
        while scope is not None:
            if name in scope.bounds or scope.parameter(name) is not None:
                yield from self._local(name, scope, route, at if scope is routine else None)
                return
            if (name in scope.functions or name in scope.classes) and not _is_fallback(name, scope):
                yield scope.functions[name] if name in scope.functions else scope.classes[name]
                return
            if imports := scope.importing(name):
                yield from self._imported(imports, name, route)
                return
            scope = scope.parent
        yield from self._resolved(self.links.program.resolve(routine.module, name), name, route)

    def _local(self, name: str, scope: Routine, route: Route, at: int | None) -> Iterator[Value]:
        bounds = list(reaching(scope, scope.bounds.get(name, []), at))
        for bound in bounds:
            yield from self.of(bound.value, bound.routine, (*bound.route, *route))
        is_rebound = any(bound.is_sure and at is not None for bound in bounds)
        if is_rebound:
            return
        if scope.parameter(name) is not None:
            yield from self.parameter(scope, name, route)
        yield from self._imported(scope.importing(name), name, route)

    def _imported(self, imports: list[Module], name: str, route: Route) -> Iterator[Value]:
        for module in imports:
            yield from self._resolved(self.links.program.resolve(module, name), name, route)

    def _resolved(self, found: Resolved, name: str, route: Route) -> Iterator[Value]:
        if isinstance(found, External):
            yield Foreign(canonical(found.name))
        elif isinstance(found, Module):
            yield found
        elif isinstance(found, Definition) and isinstance(found.node, facts.Class):
            yield self.links.class_of(found.module, found.node)
        elif isinstance(found, Definition) and isinstance(found.node, facts.Function):
            yield self.links.routine_of(found.module, found.node)
        elif isinstance(found, Definition):
            script = self.links.scopes(found.module).script
            yield from self.of(found.node.value, script, route)  # type: ignore[union-attr]

    # ------------------------------------------------------------------------------------------------------- attributes

    def attribute(self, owner: Value, name: str, route: Route = ()) -> Iterator[Value]:
        """What ``owner.name`` may be."""
        if isinstance(owner, Instance):
            yield from self._member(owner, name, route)
        elif isinstance(owner, ClassScope):
            method = find_method(self, owner, name)
            made = owner if name in MAKERS else None  # what it gives is of the class
            yield from (each for each in [method or made] if each is not None)
        elif isinstance(owner, Module):
            yield from self._resolved(self.links.program.resolve_attribute(owner, name), name, route)
        elif isinstance(owner, Foreign) and owner.call is None:
            yield Foreign(canonical(f"{owner.name}.{name}"))
        elif isinstance(owner, Foreign) and name == "module":
            yield owner

    def _member(self, owner: Instance, name: str, route: Route) -> Iterator[Value]:
        method = find_method(self, owner.cls, name)
        if method is not None:
            yield from self._method(method, route)
            if owner.call is None:
                yield from overrides(self, owner.cls, name)
            return
        bounds = [bound for cls in hierarchy(self, owner) for bound in cls.attributes.get(name, [])]
        bounds += [bound for cls in hierarchy(self, owner) for bound in cls.body.bounds.get(name, [])]
        for bound in bounds:
            yield from self.of(bound.value, bound.routine, (*bound.route, *route))
        if not bounds:
            for caller, given in given_to_field(self, owner.cls, name):
                yield from self.of(given, caller, route)
            if owner.call is None:
                yield from overrides(self, owner.cls, name)
            elif name == "module":
                yield owner

    def _method(self, method: Routine, route: Route) -> Iterator[Value]:
        decorators = method.node.decorators if method.node is not None else ()
        if any(terminal_name(one) in ("property", "cached_property", "lazy_property") for one in decorators):
            for value in method.returns:
                yield from self.of(value, method, route)
        else:
            yield method

    # ------------------------------------------------------------------------------------------------------- parameters

    def parameter(self, routine: Routine, name: str, route: Route = ()) -> Iterator[Value]:
        """What a parameter may be: from the calls of the routine, else its default and its annotation."""
        if name == routine.self_name and routine.owner is not None:
            yield routine.owner if routine.is_class_method else Instance(routine.owner, None, routine)
            return
        found = False
        for caller, given in given_for(self, routine, name):
            for value in self.of(given, caller, route):
                found = True
                yield value
        parameter = routine.parameter(name)
        if parameter is not None and not found:
            outer = routine.parent or routine
            yield from self.of(parameter.default, outer, route)
            yield from self._annotated(parameter.annotation, outer)

    def _annotated(self, annotation: facts.Expression | None, outer: Routine) -> Iterator[Value]:
        text = annotation.value if isinstance(annotation, facts.Literal) else None
        if isinstance(text, str) and text.isidentifier():
            found: Iterable[Value] = self.named(text, outer)
        elif isinstance(annotation, (facts.Name, facts.Attribute)):
            found = self.of(annotation, outer)
        else:
            return
        yield from (Instance(cls) for cls in found if isinstance(cls, ClassScope))

    # ------------------------------------------------------------------------------------------------------------ calls

    def _called(self, call: facts.Call, routine: Routine, route: Route) -> Iterator[Value]:
        passed = passed_through(self, call, routine, route)
        if passed is not None:
            yield from passed
            return
        for callee in self.callees(call, routine):
            if isinstance(callee, ClassScope):
                yield from [] if route else [Instance(callee, call, routine)]
            elif isinstance(callee, Routine):
                for value in callee.returns:
                    yield from self.of(value, callee, route)
            elif isinstance(callee, Foreign) and callee.call is None:
                yield Foreign(callee.name, call, routine)

    def callees(self, call: facts.Call, routine: Routine) -> list[Value]:
        """What a call calls."""
        function = call.function
        if isinstance(function, facts.Call) and terminal_name(function) == "getattr" and len(function.arguments) > 1:
            return list(self._chosen(function, routine))
        if isinstance(function, facts.Attribute) and terminal_name(function.value) == "super":
            bases = bases_of(self, routine.owner) if routine.owner is not None else []
            found = [find_method(self, base, function.name) for base in bases if isinstance(base, ClassScope)]
            return list[Value]([method for method in found if method is not None][:1])
        return [] if self._leads_nowhere(function, routine) else self.of(function, routine)

    def _leads_nowhere(self, function: facts.Expression, routine: Routine) -> bool:
        """Whether it is a method of a local value that no class of the program has, as those of tensors are."""
        if not isinstance(function, facts.Attribute) or function.name in self.links.defined:
            return False
        root = dotted(function).partition(".")[0]
        scope: Routine | None = routine
        while scope is not None and scope.node is not None:
            if root in scope.bounds or scope.parameter(root) is not None:
                return root != scope.self_name
            scope = scope.parent
        return False

    def _chosen(self, call: facts.Call, routine: Routine) -> Iterator[Value]:
        """What ``getattr(owner, name)`` may be: the attribute, or a foreign name that ends in a question mark."""
        name = call.arguments[1].value
        for owner in self.of(call.arguments[0].value, routine):
            if isinstance(name, facts.Literal) and isinstance(name.value, str):
                yield from self.attribute(owner, name.value)
            elif isinstance(owner, Foreign) and owner.call is None:
                yield Foreign(f"{owner.name}.?")

    def targets(self, call: facts.Call, routine: Routine) -> list[Routine]:
        """The routines of the program that a call may run; of a class, its constructor."""
        found: list[Routine] = []
        for callee in self.callees(call, routine):
            method: Routine | None = None
            if isinstance(callee, Routine):
                method = callee
            elif isinstance(callee, ClassScope):
                method = find_method(self, callee, "__init__")
            elif isinstance(callee, Instance):
                method = find_method(self, callee.cls, "__call__")
            if method is not None and method not in found:
                found.append(method)
        return found

    def callers(self, routine: Routine) -> list[tuple[Routine, facts.Call]]:
        """The calls that may run a routine, and the routines they stand in."""
        known = self._callers.get(routine)
        if known is not None:
            return known
        if routine in self._sought:
            self._cuts += 1
            return []
        cuts = self._cuts
        self._sought.add(routine)
        found = list(find_callers(self, routine))
        self._sought.discard(routine)
        if cuts == self._cuts or not self._sought:
            self._callers[routine] = found
        return found


def _is_fallback(name: str, scope: Routine) -> bool:
    """Whether a script imports what it also defines, for where it cannot be imported."""
    is_script = scope.node is None and scope.owner is None
    return is_script and isinstance(scope.module.bindings.get(name), ImportedBinding)
