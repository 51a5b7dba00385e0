"""Classes of the program and their bases, as far as training loops need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.routines import ClassScope, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Foreign, Instance
    from initlint.program.loops.values import Values

DEEPEST_BASE = 12
MOST_SUBCLASSES = 60
"""Derived classes that are looked at: a class with more is a framework's base, of whose objects too little can be said."""


def bases_of(values: Values, cls: ClassScope) -> list[ClassScope | Foreign]:
    """The direct bases of a class, as far as they are known."""
    known = values.bases.get(cls)
    if known is None:
        bases = [base.value for base in cls.node.bases if base.keyword is None]
        found = [value for base in bases for value in values.of(base, cls.enclosing)]
        known = [value for value in found if isinstance(value, (ClassScope, Foreign)) and value is not cls]
        values.bases[cls] = known
    return known


def ancestry(values: Values, cls: ClassScope) -> list[ClassScope]:
    """A class and its bases in the program, itself first."""
    return [one for one in _known_ancestry(values, cls) if isinstance(one, ClassScope)]


def foreign_bases(values: Values, cls: ClassScope) -> list[str]:
    """Names of the bases outside the program, of the class and of its bases in it."""
    return [one.name for one in _known_ancestry(values, cls) if not isinstance(one, ClassScope)]


def _known_ancestry(values: Values, cls: ClassScope) -> list[ClassScope | Foreign]:
    known = values.ancestors.get(cls)
    if known is None:
        known = values.ancestors[cls] = _ancestry(values, cls, 0)
    return known


def _ancestry(values: Values, cls: ClassScope, depth: int) -> list[ClassScope | Foreign]:
    found: list[ClassScope | Foreign] = [cls]
    for base in bases_of(values, cls) if depth < DEEPEST_BASE else []:
        above = _ancestry(values, base, depth + 1) if isinstance(base, ClassScope) else [base]
        found += [one for one in above if one not in found]
    return found


def find_method(values: Values, cls: ClassScope, name: str) -> Routine | None:
    """The method of that name that an object of the class has."""
    if name in cls.methods:
        return cls.methods[name]
    return next((one.methods[name] for one in ancestry(values, cls) if name in one.methods), None)


def subclasses(values: Values, cls: ClassScope) -> list[ClassScope]:
    """The classes of the program that derive from a class, directly or not."""
    known = values.derived.get(cls)
    if known is None:
        values.derived[cls] = known = list(_find_subclasses(values, cls))
    return known


def _find_subclasses(values: Values, cls: ClassScope) -> Iterator[ClassScope]:
    queue, seen = [cls], {id(cls)}
    while queue:
        current = queue.pop()
        for other in values.links.derived_from(current.name):
            if id(other) not in seen and any(base is current for base in bases_of(values, other)):
                seen.add(id(other))
                queue.append(other)
                yield other
            if len(seen) > MOST_SUBCLASSES:
                return


def hierarchy(values: Values, instance: Instance) -> list[ClassScope]:
    """The classes whose methods an object may run: of a ``self``, also those derived from its own that run its method."""
    key = (instance.cls, instance.call is None, instance.routine)
    known = values.hierarchies.get(key)
    if known is None:
        known = values.hierarchies[key] = list(dict.fromkeys(_hierarchy(values, instance)))
    return known


def _hierarchy(values: Values, instance: Instance) -> Iterator[ClassScope]:
    yield from ancestry(values, instance.cls)
    if instance.call is None:
        for other in subclasses(values, instance.cls):
            if instance.routine is None or not _replaces(values, other, instance.routine):
                yield from ancestry(values, other)


def _replaces(values: Values, cls: ClassScope, method: Routine) -> bool:
    """Whether a class has another method of that name, which does not call the one of its base."""
    own = find_method(values, cls, method.name)
    return own is not None and own is not method and not any(_is_of_base(call, method.name) for call in own.calls)


def _is_of_base(call: facts.Call, name: str) -> bool:
    """Whether it is ``super().name()`` or ``Base.name(self)``."""
    function = call.function
    if not isinstance(function, facts.Attribute) or function.name != name:
        return False
    return terminal_name(function.value) == "super" or terminal_name(function.value)[:1].isupper()


def overrides(values: Values, cls: ClassScope, name: str) -> Iterator[Routine]:
    """The methods of that name in classes derived from a class."""
    for other in subclasses(values, cls):
        if name in other.methods:
            yield other.methods[name]


def is_related(values: Values, one: ClassScope, other: ClassScope) -> bool:
    """Whether the methods of one class may run on an object of the other."""
    return one is other or other in ancestry(values, one) or one in ancestry(values, other)
