"""What an expression may be worth, as far as models, optimisers and functions go: followed through names, attributes,
parameters and returns over the whole program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from initlint.frameworks import training as framework
from initlint.frameworks.torch import canonical
from initlint.program.loops_classes import bases_of, find_method, hierarchy, overrides
from initlint.program.loops_routines import EACH, Bound, ClassScope, Route, Routine, terminal_name
from initlint.program.module import Module
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops_links import Links
    from initlint.program.program import Resolved

DEEPEST = 40
"""Names, calls and attributes followed one after another before an expression is given up."""
MOST_CALLERS = 60
"""Calls of one function that are looked at for what a parameter may be."""


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a class of the program; without a call it is the ``self`` of a method."""

    cls: ClassScope
    call: facts.Call | None = None
    routine: Routine | None = None


@dataclass(frozen=True, eq=False)
class Foreign:
    """Something outside the program by its dotted name; with a call, what calling it gives."""

    name: str
    call: facts.Call | None = None
    routine: Routine | None = None


Value: TypeAlias = "Instance | Foreign | ClassScope | Routine | Module"


class Values:
    """Follows expressions. What cannot be followed gives no value."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self._known: dict[tuple[int, int, Route], list[Value]] = {}
        self._open: set[tuple[int, int, Route]] = set()
        self._callers: dict[Routine, list[tuple[Routine, facts.Call]]] = {}

    def of(self, expression: facts.Expression | None, routine: Routine, route: Route = ()) -> list[Value]:
        """All that an expression in a routine may be; of a collection, the item that the route leads to."""
        if expression is None or isinstance(expression, facts.Literal):
            return []
        key = (id(expression), id(routine), route)
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._open or len(self._open) > DEEPEST:
            return []
        self._open.add(key)
        found = _distinct(self._evaluate(expression, routine, route))
        self._open.discard(key)
        self._known[key] = found
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
            yield from self.of(node.value, routine, (_index(node.index), *route))
        elif route:
            for part in _items(node, route[0]):
                yield from self.of(part, routine, route[1:])

    # -------------------------------------------------------------------------------------------------------------- names

    def named(self, name: str, routine: Routine, route: Route = (), at: int | None = None) -> Iterator[Value]:
        """What a name in a routine may be; `at` is where it is used, if in that routine itself."""
        scope: Routine | None = routine
        while scope is not None:
            if name in scope.bounds or scope.parameter(name) is not None:
                yield from self._local(name, scope, route, at if scope is routine else None)
                return
            if name in scope.functions or name in scope.classes:
                yield scope.functions[name] if name in scope.functions else scope.classes[name]
                return
            if scope.imports is not None and name in scope.imports.bindings:
                yield from self._resolved(self.links.program.resolve(scope.imports, name), name, route)
                return
            scope = scope.parent
        yield from self._resolved(self.links.program.resolve(routine.module, name), name, route)

    def _local(self, name: str, scope: Routine, route: Route, at: int | None) -> Iterator[Value]:
        bounds = list(reaching(scope, scope.bounds.get(name, []), at))
        for bound in bounds:
            yield from self.of(bound.value, bound.routine, (*bound.route, *route))
        is_rebound = any(bound.is_sure and at is not None for bound in bounds)
        if scope.parameter(name) is not None and not is_rebound:
            yield from self.parameter(scope, name, route)

    def _resolved(self, found: Resolved, name: str, route: Route) -> Iterator[Value]:
        from initlint.program.program import Definition, External

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

    # --------------------------------------------------------------------------------------------------------- attributes

    def attribute(self, owner: Value, name: str, route: Route = ()) -> Iterator[Value]:
        """What ``owner.name`` may be."""
        if isinstance(owner, Instance):
            yield from self._member(owner, name, route)
        elif isinstance(owner, ClassScope):
            yield from (method for method in [find_method(self, owner, name)] if method is not None)
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
            yield from self._field(owner.cls, name, route)
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

    def _field(self, cls: ClassScope, name: str, route: Route) -> Iterator[Value]:
        """A field of a dataclass: what its constructor is given."""
        fields = [
            statement.targets[0].id
            for statement in cls.node.body
            if isinstance(statement, facts.Assign) and statement.annotation and isinstance(statement.targets[0], facts.Name)
        ]
        if name in fields and find_method(self, cls, "__init__") is None:
            for caller, call in self.links.calls_of(cls.name):
                if any(value is cls for value in self.of(call.function, caller)):
                    yield from self.of(argument(call, name, fields.index(name)), caller, route)

    # --------------------------------------------------------------------------------------------------------- parameters

    def parameter(self, routine: Routine, name: str, route: Route = ()) -> Iterator[Value]:
        """What a parameter may be: from the calls of the routine, else its default and its annotation."""
        if name == routine.self_name and routine.owner is not None:
            is_class = routine.node is not None and any(terminal_name(d) == "classmethod" for d in routine.node.decorators)
            yield routine.owner if is_class else Instance(routine.owner)
            return
        found = False
        for caller, given in self.given(routine, name):
            for value in self.of(given, caller, route):
                found = True
                yield value
        parameter = routine.parameter(name)
        if parameter is not None and not found:
            outer = routine.parent or routine
            yield from self.of(parameter.default, outer, route)
            yield from self._annotated(parameter.annotation, outer)

    def given(self, routine: Routine, name: str) -> Iterator[tuple[Routine, facts.Expression]]:
        """What the calls of a routine pass for a parameter, and the routines they stand in."""
        names = [one.name for one in routine.parameters if one.kind in ("positional", "normal")]
        if name in names:
            position = names.index(name) - (routine.self_name is not None)
            for caller, call in self.callers(routine):
                shift = _is_unbound(self, routine, caller, call)
                given = argument(call, name, position + shift)
                if given is not None:
                    yield caller, given
        elif routine.parameter(name) is not None:
            for caller, call in self.callers(routine):
                if (given := argument(call, name, None)) is not None:
                    yield caller, given

    def _annotated(self, annotation: facts.Expression | None, outer: Routine) -> Iterator[Value]:
        if isinstance(annotation, facts.Literal) and isinstance(annotation.value, str) and annotation.value.isidentifier():
            found: Iterable[Value] = self.named(annotation.value, outer)
        elif isinstance(annotation, (facts.Name, facts.Attribute)):
            found = self.of(annotation, outer)
        else:
            return
        yield from (Instance(cls) for cls in found if isinstance(cls, ClassScope))

    # -------------------------------------------------------------------------------------------------------------- calls

    def _called(self, call: facts.Call, routine: Routine, route: Route) -> Iterator[Value]:
        passed = self._passed(call, routine, route)
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
            return [method for method in found if method is not None][:1]
        return self.of(function, routine)

    def _chosen(self, call: facts.Call, routine: Routine) -> Iterator[Value]:
        """What ``getattr(owner, name)`` may be: the attribute, or a foreign name that ends in a question mark."""
        name = call.arguments[1].value
        for owner in self.of(call.arguments[0].value, routine):
            if isinstance(name, facts.Literal) and isinstance(name.value, str):
                yield from self.attribute(owner, name.value)
            elif isinstance(owner, Foreign) and owner.call is None:
                yield Foreign(f"{owner.name}.?")

    def _passed(self, call: facts.Call, routine: Routine, route: Route) -> Iterable[Value] | None:
        """For a call that gives back its receiver or an argument: that; `None` for any other."""
        name = terminal_name(call.function)
        given = [one.value for one in call.arguments if not one.star and one.keyword in (None, "module", "model", "optimizers")]
        if isinstance(call.function, facts.Attribute) and name in framework.SAME_OBJECT:
            receiver = call.function.value
            if not any(isinstance(one, (Foreign, Module)) and not getattr(one, "call", 0) for one in self.of(receiver, routine)):
                return self.of(receiver, routine, route)
        if name in ("list", "tuple", "reversed", "sorted", "iter", "tqdm", "set") and given and route:
            return self.of(given[0], routine, route)
        if name in ("enumerate", "zip", "items", "values") and route:
            return self._iterated(name, call, routine, route)
        if name in framework.WRAPPERS | framework.PREPARERS and given and not self._is_own(call, routine):
            return self._wrapped(name, call, given, routine, route)
        return None

    def _is_own(self, call: facts.Call, routine: Routine) -> bool:
        return any(isinstance(one, (Routine, ClassScope)) for one in self.callees(call, routine))

    def _wrapped(
        self, name: str, call: facts.Call, given: list[facts.Expression], routine: Routine, route: Route
    ) -> Iterable[Value] | None:
        if name in framework.WRAPPERS or len(given) == 1:
            return self.of(given[0], routine, route) if name != "watch" else None
        for callee in self.callees(call, routine):
            if isinstance(callee, Foreign) and callee.name in framework.ENGINES:
                return [Foreign(callee.name, call, routine)]
        if route and 0 <= route[0] < len(given):
            return self.of(given[route[0]], routine, route[1:])
        return None

    def _iterated(self, name: str, call: facts.Call, routine: Routine, route: Route) -> Iterable[Value]:
        rest = route[2:]
        if name in ("items", "values"):
            receiver = call.function.value if isinstance(call.function, facts.Attribute) else None
            return self.of(receiver, routine, (EACH, *(rest if name == "items" else route[1:])))
        if len(route) < 2 or not call.arguments:
            return []
        if name == "enumerate":
            return self.of(call.arguments[0].value, routine, (EACH, *rest)) if route[1] == 1 else []
        position = route[1]
        return self.of(call.arguments[position].value, routine, (EACH, *rest)) if 0 <= position < len(call.arguments) else []

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
        if known is None:
            self._callers[routine] = []
            known = self._callers[routine] = list(self._find_callers(routine))
        return known

    def _find_callers(self, routine: Routine) -> Iterator[tuple[Routine, facts.Call]]:
        count = 0
        for name in _called_as(self, routine):
            for caller, call in self.links.calls_of(name):
                if routine in self.targets(call, caller):
                    count += 1
                    yield caller, call
                if count >= MOST_CALLERS:
                    return


def _called_as(values: Values, routine: Routine) -> Iterator[str]:
    yield routine.name
    if routine.owner is not None and routine.name == "__init__":
        yield routine.owner.name
        yield "cls"
        for cls in hierarchy(values, Instance(routine.owner)):
            if cls is not routine.owner and find_method(values, cls, "__init__") is routine:
                yield cls.name


def _is_unbound(values: Values, routine: Routine, caller: Routine, call: facts.Call) -> int:
    """1 for ``Base.__init__(self, ...)``, which passes the object itself first."""
    function = call.function
    if routine.self_name is None or not isinstance(function, facts.Attribute) or terminal_name(function.value) == "super":
        return 0
    return int(any(isinstance(owner, ClassScope) for owner in values.of(function.value, caller)) and function.name == routine.name)


def reaching(scope: Routine, bounds: list[Bound], at: int | None) -> Iterator[Bound]:
    """The bindings of a name that may hold where it is used."""
    if at is None:
        yield from bounds
        return
    last = max((bound.start for bound in bounds if bound.is_sure and bound.value.end <= at), default=-1)
    for bound in bounds:
        is_later = bound.start > at or bound.value.start <= at < bound.value.end
        shares_loop = any(loop.start <= min(at, bound.start) and max(at, bound.start) <= loop.end for loop in scope.loops)
        if bound.start >= last and (not is_later or shares_loop):
            yield bound


def argument(call: facts.Call, name: str, position: int | None) -> facts.Expression | None:
    """The argument a call gives for a parameter, by keyword or position."""
    for one in call.arguments:
        if one.keyword == name:
            return one.value
    given = [one for one in call.arguments if one.keyword is None]
    if position is None or not 0 <= position < len(given) or any(one.star for one in given[: position + 1]):
        return None
    return given[position].value


def _index(node: facts.Expression) -> int:
    return node.value if isinstance(node, facts.Literal) and type(node.value) is int and node.value >= 0 else EACH


def _items(node: facts.Expression, index: int) -> tuple[facts.Expression, ...]:
    if isinstance(node, facts.Sequence):
        return node.items if index == EACH else node.items[index : index + 1]
    if isinstance(node, facts.Dictionary):
        return node.values
    return (node.value or node.element,) if isinstance(node, facts.Comprehension) else ()


def _distinct(values: Iterable[Value]) -> list[Value]:
    found: dict[tuple[object, ...], Value] = {}
    for value in values:
        if isinstance(value, Instance):
            key: tuple[object, ...] = ("instance", id(value.cls), id(value.call))
        elif isinstance(value, Foreign):
            key = ("foreign", value.name, id(value.call))
        else:
            key = (id(value),)
        found.setdefault(key, value)
    return list(found.values())
