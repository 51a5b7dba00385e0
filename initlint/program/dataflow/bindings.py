"""What names hold as the expressions of a routine are gone through: which definition each use reads, what is bound anew."""

from __future__ import annotations

from dataclasses import dataclass, field

from initlint.program.loops.expressions import STRUCT_TYPES
from initlint.program.loops.routines import EACH, Route, Routine
from initlint.program.nodes import fields_with_nodes
from initlint.reading import facts


@dataclass(eq=False)
class Definition:
    """One way in which a name got its value."""

    value: facts.Expression | None = None
    """`None` where it is not known, as behind a change in place."""
    route: Route = ()
    """How it is taken from that value."""
    operator: str = ""
    """Of ``name operator= value``."""
    before: tuple[Definition, ...] = ()
    """What the name held before such a statement."""
    target: facts.Expression | None = None
    """What such a statement changes."""
    parameter: str = ""


UNKNOWN = Definition()
"""Of a name that another scope binds, or some ways do not."""
Reach = tuple[Definition, ...]
State = dict[str, Reach]
"""Names, and attributes of ``self`` with their dot -> the definitions that may hold."""
EXEMPT = frozenset({"requires_grad_", "detach_", "to_", "share_memory_"})
"""In-place methods that change no value."""


@dataclass
class Bindings:
    """The definitions that the expressions of one routine read and make."""

    routine: Routine
    uses: dict[int, Reach] = field(default_factory=dict)
    """By the identity of the name's node; a name that is bound elsewhere has no definition here."""
    binaries: list[facts.Binary] = field(default_factory=list)
    is_generator: bool = False
    _made: dict[tuple[int, Route], Definition] = field(default_factory=dict)
    _watched: facts.Node | None = None
    _seen: State | None = None

    def _once(self, of: object, route: Route = (), **what: object) -> Definition:
        """The same definition for the same node, however often it is gone through."""
        key = (id(of), route)
        if key not in self._made:
            self._made[key] = Definition(route=route, **what)  # type: ignore[arg-type]
        return self._made[key]

    # ------------------------------------------------------------------------------------------------------ expressions

    def _read(self, node: object, state: State) -> None:
        kind = type(node)
        if node is self._watched and node is not None:
            self._seen = dict(state)
        if kind is tuple:
            for item in node:  # type: ignore[attr-defined]
                self._read(item, state)
        elif kind is facts.Name:
            self.uses[id(node)] = state.get(node.id, ())  # type: ignore[attr-defined]
        elif kind is facts.Comprehension:
            self._comprehension(node, dict(state))  # type: ignore[arg-type]
        elif kind is facts.Lambda:
            inside = {**state, **{one.name: (UNKNOWN,) for one in node.parameters}}  # type: ignore[attr-defined]
            self._read(node.body, inside)  # type: ignore[attr-defined]
        elif kind in _FIELDS:
            self._parts(node, state)

    def _parts(self, node: object, state: State) -> None:
        if isinstance(node, facts.Binary):
            self._chain(node, state)
            return
        for name in _FIELDS[type(node)]:
            self._read(getattr(node, name), state)
        if isinstance(node, facts.Attribute):
            key = self.key(node)
            self.uses[id(node)] = state.get(key, ()) if key else ()
        elif isinstance(node, facts.NamedExpression):
            self._bind(node.target, node.value, (), state)
        elif isinstance(node, facts.Yield):
            self.is_generator = True
        elif isinstance(node, facts.Call) and isinstance(node.function, facts.Attribute):
            name = node.function.name
            if name.endswith("_") and not name.startswith("_") and name not in EXEMPT:
                for changed in (node.function.value, *(one.value for one in node.arguments[:1])):
                    self._change(changed, state)

    def _chain(self, node: facts.Binary, state: State) -> None:
        """Without recursion along a sum, of which there may be hundreds of terms."""
        chain = [node]
        while isinstance(chain[-1].left, facts.Binary):
            chain.append(chain[-1].left)
        self._read(chain[-1].left, state)
        for one in reversed(chain):
            self._read(one.right, state)
            self.binaries.append(one)
            if one is self._watched:
                self._seen = dict(state)

    def _comprehension(self, node: facts.Comprehension, state: State) -> None:
        for clause in node.clauses:
            self._read(clause.iterable, state)
            self._bind(clause.target, clause.iterable, (EACH,), state)
            self._read(clause.conditions, state)
        self._read(node.element, state)
        self._read(node.value, state)

    # ---------------------------------------------------------------------------------------------------------- binding

    def _bind(self, target: facts.Expression, value: facts.Expression | None, route: Route, state: State) -> None:
        if isinstance(target, facts.Sequence):
            starred = next((i for i, item in enumerate(target.items) if isinstance(item, facts.Starred)), None)
            for index, item in enumerate(target.items):
                known = value if starred is None or index < starred else None
                self._bind(item, known, (*route, index), state)
        elif isinstance(target, facts.Starred):
            self._bind(target.value, None, (), state)
        elif key := self.key(target):
            state[key] = (self._once(target, route, value=value),)
        else:
            self._read(target, state)
            self._change(target, state)

    def _change(self, target: facts.Expression, state: State) -> None:
        """Forgets what a part of is written."""
        whole = target
        while isinstance(target, (facts.Subscript, facts.Attribute, facts.Call)):
            key = self.key(target)
            if key:
                state[key] = (self._once(whole),)
                return
            target = target.function if isinstance(target, facts.Call) else target.value
        if isinstance(target, facts.Name) and target.id != self.routine.self_name:
            state[target.id] = (self._once(whole),)

    def key(self, target: facts.Expression) -> str:
        """Under which a target is kept: a name, or an attribute of ``self``."""
        if isinstance(target, facts.Name):
            return target.id
        if isinstance(target, facts.Attribute) and isinstance(target.value, facts.Name):
            owner = target.value.id
            return f"{owner}.{target.name}" if owner == self.routine.self_name else ""
        return ""


_FIELDS: dict[type, tuple[str, ...]] = {
    kind: fields_with_nodes(kind) for kind in STRUCT_TYPES if kind not in {facts.Literal, facts.Opaque}
}
