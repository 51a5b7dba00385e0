"""Which definitions of a name reach each of its uses in a routine, along every way through its statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from initlint.frameworks.training import NO_GRADIENT
from initlint.program.dataflow.bindings import UNKNOWN, Bindings, Definition, State
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.routines import EACH, Routine
from initlint.reading import facts

ROUNDS = 2
"""Times a loop's body is gone through, so that what its end defines reaches its beginning."""


@dataclass
class Definitions(Bindings):
    """The definitions that reach the uses of names in one routine."""

    returns: list[facts.Return] = field(default_factory=list)
    """Those that a run may come to."""
    augmented: list[facts.AugmentedAssign] = field(default_factory=list)
    _without_gradient: list[tuple[int, int]] = field(default_factory=list)
    _left: list[list[State]] = field(default_factory=list)
    """For each open loop, the states at which it is left or begun again."""

    @classmethod
    def of(cls, routine: Routine) -> Definitions:
        """Goes through the routine's statements."""
        found = cls(routine)
        found._go()
        for name in ("returns", "binaries", "augmented"):
            setattr(found, name, list({id(each): each for each in getattr(found, name)}.values()))
        return found

    def state_at(self, node: facts.Node) -> State | None:
        """What all names hold where an expression is computed; `None` where no run comes to."""
        again = Definitions(self.routine, _made=self._made, _watched=node)
        again._go()
        return again._seen

    @property
    def made(self) -> list[Definition]:
        """All definitions of the routine."""
        return list(self._made.values())

    def factor_of(self, found: Definition) -> facts.Expression | None:
        """What a definition multiplies onto its own value of the round before; `None` if it does nothing of the kind."""
        if found.operator:
            return found.value if found.operator == "*" and found in found.before else None
        value = found.value
        if not isinstance(value, facts.Binary) or value.operator != "*" or found.route:
            return None
        for side, other in ((value.left, value.right), (value.right, value.left)):
            if isinstance(side, facts.Name) and found in self.uses.get(id(side), ()):
                return other
        return None

    def _go(self) -> None:
        node = self.routine.node
        body = node.body if node is not None else self.routine.module.source.facts.body
        self._block(body, {one.name: (self._once(one, parameter=one.name),) for one in self.routine.parameters})

    def is_without_gradient(self, node: facts.Node) -> bool:
        """Whether an expression stands where no gradient is kept."""
        return any(start <= node.start and node.end <= end for start, end in self._without_gradient)

    # ------------------------------------------------------------------------------------------------------- statements

    def _block(self, body: Iterable[facts.Statement], state: State | None) -> State | None:
        for statement in body:
            if state is None:
                return None
            state = self._statement(statement, state)
        return state

    def _statement(self, node: facts.Statement, state: State) -> State | None:
        if isinstance(node, facts.Assign):
            self._read(node.value, state)
            for target in node.targets if node.value is not None else ():
                self._bind(target, node.value, (), state)
        elif isinstance(node, facts.AugmentedAssign):
            self._augment(node, state)
        elif isinstance(node, (facts.Return, facts.Raise)):
            self._read(node.value, state)
            if isinstance(node, facts.Return):
                self.returns.append(node)
            return None
        elif isinstance(node, facts.Keyword):
            return self._jump(node, state)
        elif isinstance(node, facts.If):
            return self._if(node, state)
        elif isinstance(node, (facts.For, facts.While)):
            return self._loop(node, state)
        elif isinstance(node, facts.With):
            return self._with(node, state)
        elif isinstance(node, facts.Try):
            return self._try(node, state)
        elif isinstance(node, facts.Match):
            return self._match(node, state)
        else:
            self._other(node, state)
        return state

    def _other(self, node: facts.Statement, state: State) -> None:
        if isinstance(node, facts.Evaluate):
            self._read(node.value, state)
        elif isinstance(node, facts.Assert):
            self._read(node.test, state)
        elif isinstance(node, facts.Delete):
            self._read(node.target, state)
        elif isinstance(node, facts.Scope):
            state.update((name, (UNKNOWN,)) for name in node.names)
        elif isinstance(node, (facts.Function, facts.Class)):
            state.pop(node.name, None)

    def _augment(self, node: facts.AugmentedAssign, state: State) -> None:
        self.augmented.append(node)
        self._read(node.target, state)
        self._read(node.value, state)
        key = self.key(node.target)
        if key:
            before = state.get(key) or (UNKNOWN,)
            changed = self._once(node, value=node.value, operator=node.operator, target=node.target)
            changed.before = tuple(dict.fromkeys((*changed.before, *before)))
            state[key] = (changed,)
        else:
            self._change(node.target, state)

    def _jump(self, node: facts.Keyword, state: State) -> State | None:
        if node.word == "pass":
            return state
        if self._left:
            self._left[-1].append(dict(state))
        return None

    def _if(self, node: facts.If, state: State) -> State | None:
        ends: list[State | None] = []
        following: facts.If | None = node
        while following is not None:
            self._read(following.test, state)
            ends.append(self._block(following.body, dict(state)))
            rest = following.otherwise
            following = rest[0] if len(rest) == 1 and isinstance(rest[0], facts.If) else None
            if following is None:
                ends.append(self._block(rest, state))
        return _join(ends)

    def _loop(self, node: facts.For | facts.While, state: State) -> State | None:
        begin: State | None = state
        if isinstance(node, facts.For):
            self._read(node.iterable, state)
        for _ in range(ROUNDS):
            assert begin is not None
            inside = dict(begin)
            if isinstance(node, facts.For):
                self._bind(node.target, node.iterable, (EACH,), inside)
            else:
                self._read(node.test, inside)
            self._left.append([])
            end = self._block(node.body, inside)
            begin = _join([begin, end, *self._left.pop()])
        return self._block(node.otherwise, begin)

    def _with(self, node: facts.With, state: State) -> State | None:
        for item in node.items:
            self._read(item.value, state)
            if item.target is not None:
                self._bind(item.target, None, (), state)
            if terminal_name(item.value) in NO_GRADIENT:
                self._without_gradient.append((node.start, node.end))
        return self._block(node.body, state)

    def _try(self, node: facts.Try, state: State) -> State | None:
        seen: list[State | None] = [dict(state)]
        here: State | None = state
        for statement in node.body:
            here = self._statement(statement, here) if here is not None else None
            seen.append(None if here is None else dict(here))
        ends = [self._block(node.otherwise, here)]
        for handler in node.handlers:
            caught = _join(seen)
            assert caught is not None
            if handler.name:
                caught[handler.name] = (UNKNOWN,)
            ends.append(self._block(handler.body, caught))
        after = _join(ends)
        if after is None:
            self._block(node.final, _join(seen))
            return None
        return self._block(node.final, after)

    def _match(self, node: facts.Match, state: State) -> State | None:
        self._read(node.subject, state)
        ends: list[State | None] = []
        is_exhaustive = False
        for case in node.cases:
            inside = dict(state)
            for value in case.values or ():
                self._read(value, inside)
            self._read(case.guard, inside)
            is_exhaustive |= case.values == () and case.guard is None
            ends.append(self._block(case.body, inside))
        return _join(ends if is_exhaustive else [*ends, state])


def _join(states: Iterable[State | None]) -> State | None:
    """What may hold where several ways meet. Where a name is not bound, a run cannot use it; an attribute may be there."""
    living = [state for state in states if state is not None]
    if len(living) < 2:
        return dict(living[0]) if living else None
    joined: State = {}
    for name in {name for state in living for name in state}:
        absent = (UNKNOWN,) if "." in name else ()
        found = [each for state in living for each in state.get(name, absent)]
        joined[name] = tuple(dict.fromkeys(found))
    return joined
