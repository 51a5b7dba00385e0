"""Joining two values gives one that stands for both, whatever their order: the laws that branches rely on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from initlint.signal.size import Size
from initlint.tracing.heap import MISSING, Heap
from initlint.tracing.values import Many, Unknown, Value

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["", "relu"]),
    st.sampled_from(["width", "depth"]).map(Size.symbol),
    st.builds(Unknown, st.just("given")),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)
LISTS = st.lists(
    st.one_of(VALUES, st.lists(VALUES, min_size=1, max_size=2).map(lambda items: Many(tuple(items)))), max_size=3
)
DICTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
ALIKE = st.one_of(st.tuples(VALUES, VALUES, VALUES), st.tuples(LISTS, LISTS, LISTS), st.tuples(DICTS, DICTS, DICTS))


def join(left: Value, right: Value) -> Value:
    """As at the end of an ``if`` whose test is not known."""
    return Heap(lambda one, other: Unknown("signals")).join(left, right)


def stands_for(general: Value, special: Value) -> bool:
    """Whether everything that `special` may be, `general` may be, too: the order of the lattice."""
    if isinstance(general, Unknown):
        return True
    if isinstance(general, list) and isinstance(special, list):
        return _lists(general, special)
    if isinstance(general, tuple) and isinstance(special, tuple):
        return len(general) == len(special) and all(map(stands_for, general, special))
    if isinstance(general, dict) and isinstance(special, dict):
        return all(stands_for(general.get(key, MISSING), special.get(key, MISSING)) for key in {**general, **special})
    return type(general) is type(special) and general == special


def _lists(general: list[Value], special: list[Value]) -> bool:
    """Item by item; `Many` takes any number of items like one of its own."""
    if not general:
        return not special
    first, rest = general[0], general[1:]
    if not isinstance(first, Many):
        return (
            bool(special)
            and not isinstance(special[0], Many)
            and stands_for(first, special[0])
            and _lists(rest, special[1:])
        )
    if _lists(rest, special):
        return True
    if not special:
        return False
    items = special[0].items if isinstance(special[0], Many) else (special[0],)
    return all(any(stands_for(own, item) for own in first.items) for item in items) and _lists(general, special[1:])


@given(ALIKE)
def test_a_join_stands_for_each_of_the_two(values: tuple[Value, Value, Value]) -> None:
    left, right, _ = values
    assert stands_for(join(left, right), left)
    assert stands_for(join(left, right), right)


@given(ALIKE)
def test_a_value_joined_with_itself_stays(values: tuple[Value, Value, Value]) -> None:
    value = values[0]
    copy = list(value) if isinstance(value, list) else value
    assert stands_for(value, join(value, copy))


@given(ALIKE)
def test_the_order_of_two_branches_does_not_matter(values: tuple[Value, Value, Value]) -> None:
    left, right, _ = values
    one, other = join(left, right), join(right, left)
    assert stands_for(one, other)
    assert stands_for(other, one)


@given(ALIKE)
def test_a_third_branch_is_covered_whichever_two_are_joined_first(values: tuple[Value, Value, Value]) -> None:
    first, second, third = values
    for joined in (join(join(first, second), third), join(first, join(second, third))):
        assert all(stands_for(joined, value) for value in values)


@given(VALUES)
def test_the_unknown_takes_in_everything(value: Value) -> None:
    assert isinstance(join(Unknown("lost"), value), Unknown)
    assert isinstance(join(value, Unknown("lost")), Unknown)


@given(VALUES, VALUES, VALUES)
def test_values_without_lists_join_in_any_grouping_to_the_same(first: Value, second: Value, third: Value) -> None:
    one, other = join(join(first, second), third), join(first, join(second, third))
    assert stands_for(one, other)
    assert stands_for(other, one)
