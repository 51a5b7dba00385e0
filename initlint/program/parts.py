"""The parts of a value that is put together: items of tuples, entries of dictionaries, fields of results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.frameworks import torch as framework
from initlint.program.loops.expressions import argument, terminal_name
from initlint.program.loops.objects import Foreign
from initlint.program.loops.passing import index_in
from initlint.program.loops.routines import EACH, Routine
from initlint.reading import facts

if TYPE_CHECKING:
    from initlint.program.loops.objects import Value
    from initlint.program.loops.values import Values

ORDERED = "OrderedDict"
Path = tuple[int | str, ...]
"""Where a value lies in another: positions, keys and names of fields, from the outermost."""


def items_of(node: facts.Expression, key: int | str) -> tuple[facts.Expression, ...]:
    """All that may lie at a position or under a key of what is written out; nothing where that is not known."""
    if isinstance(node, facts.Sequence) and isinstance(key, int):
        return node.items if key == EACH else node.items[key : key + 1]
    if isinstance(node, facts.Dictionary) and isinstance(key, str):
        return _entries(node, key)
    if (
        isinstance(node, facts.Call)
        and isinstance(key, str)
        and terminal_name(node.function)[:1].isupper() | _is_dict(node)
    ):
        given = [one.value for one in node.arguments if one.keyword == key]
        return tuple(given) if not any(one.star for one in node.arguments) else ()
    return ()


def _is_dict(call: facts.Call) -> bool:
    return isinstance(call.function, facts.Name) and call.function.id == "dict"


def _entries(node: facts.Dictionary, key: str) -> tuple[facts.Expression, ...]:
    if any(not isinstance(one, facts.Literal) for one in node.keys):
        return ()
    pairs = zip(node.keys, node.values, strict=True)
    return tuple(value for one, value in pairs if isinstance(one, facts.Literal) and one.value == key)


def keyed_items(name: str, key: str, scope: Routine) -> tuple[facts.Expression, ...]:
    """What ``name[key] = ...`` stores; nothing if the name's value is filled in another way, too, or never."""
    stored: list[facts.Expression] = []
    for one in scope.assigned:
        for target in one.targets:
            if isinstance(target, facts.Subscript) and isinstance(target.value, facts.Name) and target.value.id == name:
                if not isinstance(target.index, facts.Literal) or one.value is None:
                    return ()
                stored += [one.value] if target.index.value == key else []
    return tuple(stored) if all(_is_empty(bound.value) for bound in scope.bounds.get(name, [])) else ()


def _is_empty(node: facts.Expression) -> bool:
    return (isinstance(node, facts.Dictionary) and not node.values) or (
        isinstance(node, facts.Call) and _is_dict(node) and not node.arguments
    )


def sequence_of(made: facts.Call) -> tuple[facts.Expression, ...] | None:
    """The layers that a container is made of, first to last; `None` if they are not written out."""
    if len(made.arguments) == 1 and terminal_name(made.arguments[0].value) == ORDERED:
        named = made.arguments[0].value
        pairs = named.arguments[0].value if isinstance(named, facts.Call) and len(named.arguments) == 1 else None
        items = pairs.items if isinstance(pairs, facts.Sequence) else ()
        found = tuple(one.items[1] for one in items if isinstance(one, facts.Sequence) and len(one.items) == 2)
        return found if found and len(found) == len(items) else None
    if any(one.star or one.keyword is not None for one in made.arguments):
        return None
    return tuple(one.value for one in made.arguments)


def items_in(values: Values, node: facts.Subscript, routine: Routine) -> Iterator[Value]:
    """What ``layers[index]`` may be: of a container of layers, the one it was made with at that place."""
    made = [
        one for one in values.of(node.value, routine) if isinstance(one, Foreign) and one.name in framework.CONTAINERS
    ]
    if not made:
        yield from values.of(node, routine)
    index = index_in(node.index)
    for one in made if index != EACH else ():
        if one.call is not None and one.routine is not None:
            yield from values.of(argument(one.call, "", index), one.routine)
