"""Functions, methods and scripts, each with its calls and with what its names are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from initlint.program.loops.expressions import terminal_name
from initlint.program.module import Module
from initlint.reading import facts

EACH = -1
"""In a route: any item of what is iterated over or indexed."""
Route = tuple[int, ...]
"""How a target takes its value apart: positions in tuples, from the outermost."""


@dataclass(frozen=True, eq=False)
class Bound:
    """One binding of a name or an attribute."""

    value: facts.Expression
    route: Route
    start: int
    routine: Routine
    is_sure: bool
    """Whether it happens whenever the routine runs this far: it stands in no branch and no loop."""


@dataclass(eq=False)
class ClassScope:
    """A class of the program."""

    module: Module
    node: facts.Class
    enclosing: Routine
    body: Routine
    methods: dict[str, Routine] = field(default_factory=dict)
    attributes: dict[str, list[Bound]] = field(default_factory=dict)
    """What its methods assign to ``self``."""

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(eq=False)
class Routine:
    """A function, a method, the body of a class, or a script."""

    module: Module
    node: facts.Function | None = None
    parent: Routine | None = None
    owner: ClassScope | None = None
    calls: list[facts.Call] = field(default_factory=list)
    bounds: dict[str, list[Bound]] = field(default_factory=dict)
    augmented: list[facts.AugmentedAssign] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)
    """Of its binary expressions and augmented assignments."""
    assigned: list[facts.Assign] = field(default_factory=list)
    returns: list[facts.Expression] = field(default_factory=list)
    loops: list[facts.For | facts.While] = field(default_factory=list)
    branches: list[facts.If] = field(default_factory=list)
    withs: list[facts.With] = field(default_factory=list)
    functions: dict[str, Routine] = field(default_factory=dict)
    classes: dict[str, ClassScope] = field(default_factory=dict)
    imports: list[Module] = field(default_factory=list)
    """The names that imports inside it bind; more than one module if branches import different things under one name."""

    @property
    def name(self) -> str:
        return self.node.name if self.node is not None else "the script"

    @property
    def parameters(self) -> tuple[facts.Parameter, ...]:
        return self.node.parameters if self.node is not None else ()

    @property
    def is_static(self) -> bool:
        return self._is_decorated("staticmethod")

    @property
    def is_class_method(self) -> bool:
        return self._is_decorated("classmethod")

    def _is_decorated(self, name: str) -> bool:
        return self.node is not None and any(terminal_name(one) == name for one in self.node.decorators)

    @cached_property
    def self_name(self) -> str | None:
        """The name of the parameter that a method gets its object (or its class) by."""
        if self.owner is None or self.node is None or self.is_static or not self.node.parameters:
            return None
        return self.node.parameters[0].name

    def parameter(self, name: str) -> facts.Parameter | None:
        return next((one for one in self.parameters if one.name == name), None)

    def importing(self, name: str) -> list[Module]:
        """The modules of `imports` in which a name is bound."""
        return [module for module in self.imports if name in module.bindings]


def binding_scope(name: str, routine: Routine) -> Routine | None:
    """The scope around a routine, or itself, that binds a name."""
    scope: Routine | None = routine
    while scope is not None and name not in scope.bounds and scope.parameter(name) is None:
        scope = scope.parent
    return scope


def reaching(scope: Routine, bounds: list[Bound], at: int | None) -> Iterator[Bound]:
    """The bindings of a name that may hold where it is used."""
    if at is None:
        yield from bounds
        return
    last = max((bound.start for bound in bounds if bound.is_sure and bound.value.end <= at), default=-1)
    for bound in bounds:
        is_later = bound.start > at or bound.value.start <= at < bound.value.end
        shares_loop = any(
            loop.start <= min(at, bound.start) and max(at, bound.start) <= loop.end for loop in scope.loops
        )
        if bound.start >= last and (not is_later or shares_loop):
            yield bound
