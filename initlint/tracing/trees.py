"""Tuples, lists and dicts within each other: taken apart, put together again, and gone through leaf by leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing.collection_construction import new_dict, new_list
from initlint.tracing.iteration import items
from initlint.tracing.values import Arguments, DictValue, Keywords, ListValue, Many, Partial, Scope, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def flatten(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``tree_flatten(tree)``: its leaves, and what puts them together again, which is the tree itself here."""
    tree = arguments[0] if arguments else keywords.get("tree")
    return new_list(tracer, list(_leaves(tree)), place), Partial(None, (tree,), {})


def leaves(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``tree_leaves(tree)``."""
    return new_list(tracer, list(_leaves(arguments[0])), place) if arguments else Unknown("a tree", place)


def unflatten(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``tree_unflatten(leaves, spec)``."""
    given = dict(zip(("leaves", "treespec"), arguments, strict=False)) | dict(keywords)
    spec, found = given.get("treespec"), items(tracer, given.get("leaves"))
    if found is None or not isinstance(spec, Partial) or spec.function is not None:
        return Unknown("a tree of something unknown", place)
    queue = iter(found)
    return _rebuilt(tracer, spec.arguments[0], lambda leaf: next(queue, Unknown("a leaf")), place)


def mapped(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``tree_map(function, tree)``."""
    if len(arguments) != 2:
        return Unknown("a tree of something unknown", place)
    function, tree = arguments
    return _rebuilt(tracer, tree, lambda leaf: tracer.call(function, (leaf,), {}, place, scope), place)


def _leaves(tree: Value) -> Iterator[Value]:
    if isinstance(tree, Many):
        yield Many(tuple(leaf for each in tree.items for leaf in _leaves(each)))
        return
    inside = _inside(tree)
    if inside is None:
        yield tree
    for each in inside or ():
        yield from _leaves(each)


def _inside(tree: Value) -> list[Value] | None:
    if isinstance(tree, DictValue):
        return list(tree.items.values())
    return list(tree) if isinstance(tree, tuple) else list(tree.items) if isinstance(tree, ListValue) else None


def _rebuilt(tracer: Tracer, tree: Value, made: Callable[[Value], Value], place: Place) -> Value:
    """The same tree with other leaves."""
    if isinstance(tree, tuple):
        return tuple(_rebuilt(tracer, each, made, place) for each in tree)
    if isinstance(tree, ListValue):
        return new_list(tracer, [_rebuilt(tracer, each, made, place) for each in tree.items], place)
    if isinstance(tree, DictValue):
        inside = {key: _rebuilt(tracer, each, made, place) for key, each in tree.items.items()}
        return new_dict(tracer, inside, place, tree.is_open)
    return made(tree)


FUNCTIONS = {
    **{f"torch.utils._pytree.{name}": function for name, function in (
        ("tree_flatten", flatten), ("tree_unflatten", unflatten), ("tree_leaves", leaves), ("tree_map", mapped),
    )},
    "keras.tree.map_structure": mapped,
    "keras.tree.flatten": leaves,
}  # fmt: skip
