"""The arithmetic of symbolic sizes."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initlint.signal.size import (
    MAX_TERMS,
    Number,
    Size,
    as_float,
    combine,
    divide,
    is_known,
    is_positive,
    is_vanishing,
    largest,
)

VALUES = {"a": 7.0, "b": 3.0, "hidden": 64.0}
A, B, HIDDEN = (Size.symbol(name) for name in VALUES)


def evaluate(number: Number) -> float:
    """The number that `number` is for the sizes in `VALUES`: an independent reading of coefficient and powers."""
    if not isinstance(number, Size):
        return float(number)
    result = float(number.coefficient)
    for atom, power in number.powers:
        value = VALUES[atom] if isinstance(atom, str) else sum(map(evaluate, atom.terms))
        result *= value ** float(power)
    return result


powers = st.fractions(min_value=-2, max_value=2, max_denominator=4)
symbols = st.sampled_from([A, B, HIDDEN])
coefficients = st.integers(1, 100) | st.floats(0.01, 100)
monomials = st.builds(lambda c, s, p, t, q: c * s**p * t**q, coefficients, symbols, powers, symbols, powers)
numbers = monomials | coefficients
whole_sizes = st.builds(lambda c, s, t: c * s * t, st.integers(1, 50), symbols, symbols | st.just(1))


@given(numbers, numbers)
def test_arithmetic_agrees_with_arithmetic_on_the_values(left: Number, right: Number) -> None:
    for result, expected in [
        (left + right, evaluate(left) + evaluate(right)),
        (left - right, evaluate(left) - evaluate(right)),
        (left * right, evaluate(left) * evaluate(right)),
        (left / right, evaluate(left) / evaluate(right)),
        (left**0.5, math.sqrt(evaluate(left))),
    ]:
        scale = evaluate(left) + evaluate(right)
        assert evaluate(result) == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)


@given(whole_sizes, whole_sizes, whole_sizes)
def test_sums_and_products_of_whole_sizes_obey_the_laws_exactly(a: Number, b: Number, c: Number) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a - a == 0
    assert a + b - b == a
    assert (a + b) / (b + a) == 1
    assert a * b / b == a
    assert hash(a + b) == hash(b + a)


@given(whole_sizes, powers, powers)
def test_powers_add_under_multiplication(a: Number, p: Fraction, q: Fraction) -> None:
    product, together = a**p * a**q, a ** (p + q)
    assert evaluate(product) == pytest.approx(evaluate(together))
    assert getattr(product, "powers", ()) == getattr(together, "powers", ())


@given(whole_sizes, whole_sizes)
def test_floor_division_and_remainder_give_back_the_number_where_they_are_exact(a: Number, b: Number) -> None:
    quotient, remainder = a // b, a % b
    if remainder == 0:
        assert quotient * b == a
    elif is_known(quotient):
        assert quotient * b + remainder == a


def test_what_cancels_leaves_a_plain_number() -> None:
    assert 4 * HIDDEN / HIDDEN == 4
    assert isinstance(4 * HIDDEN / HIDDEN, int)
    assert HIDDEN * (1 / HIDDEN) == 1
    assert HIDDEN**0 == 1
    assert 2 / (HIDDEN + 4 * HIDDEN) * HIDDEN == 0.4
    assert HIDDEN * 0 == 0


def test_dividing_by_the_number_multiplied_with_is_exact() -> None:
    for n in range(1, 200):
        assert HIDDEN * n / n == HIDDEN


def test_equal_sums_are_equal_sizes_however_they_are_made() -> None:
    assert A + 2 * B == 2 * B + A == B + (A + B)
    assert (9 * A + 9 * B) / (A + B) == 9
    assert HIDDEN * A + HIDDEN * B == HIDDEN * (A + B)
    assert (A + B) - A == B
    assert (A + 1) * (A - 1) + 1 == A**2


def test_floor_division_by_a_divisor_is_exact_and_otherwise_a_new_size() -> None:
    assert 4 * HIDDEN // 2 == 2 * HIDDEN
    assert 4 * HIDDEN // HIDDEN == 4
    assert HIDDEN * A // A == HIDDEN
    assert 4 * HIDDEN % 4 == 0
    assert str(HIDDEN // 3) == "(hidden // 3)"
    assert HIDDEN // 3 == HIDDEN // 3 != HIDDEN // 5
    assert str(64 // HIDDEN) == "(64 // hidden)"
    assert str(HIDDEN % 3) == "(hidden % 3)"
    assert str(7 % HIDDEN) == "(7 % hidden)"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (4 * HIDDEN, "4*hidden"),
        (HIDDEN**-0.5, "hidden**-0.5"),
        (A + 2 * B, "(a + 2*b)"),
        (A - B, "(a - b)"),
        (1 - HIDDEN, "-(hidden - 1)"),
        (A * B, "a*b"),
        (2**HIDDEN, "(2 ** hidden)"),
        (HIDDEN**A, "(hidden ** a)"),
    ],
)
def test_a_size_reads_as_it_is_written(size: Number, text: str) -> None:
    assert str(size) == text


def test_comparing_a_size_with_a_number_raises_for_it_is_unknown() -> None:
    with pytest.raises(TypeError):
        HIDDEN < 3  # type: ignore[operator]  # noqa: B015
    with pytest.raises(TypeError):
        HIDDEN <= 3  # type: ignore[operator]  # noqa: B015
    assert HIDDEN != 3


def test_dividing_by_zero_raises_as_it_does_for_numbers() -> None:
    with pytest.raises(ZeroDivisionError):
        HIDDEN / 0
    with pytest.raises(ZeroDivisionError):
        HIDDEN // 0


def test_a_root_of_a_negative_size_raises() -> None:
    with pytest.raises(ValueError, match="negative"):
        (-HIDDEN) ** 0.5
    assert (-HIDDEN) ** 2 == HIDDEN**2


def test_sums_of_sums_stay_bounded() -> None:
    sizes = [Size.symbol(f"s{i}") for i in range(3)]
    product: Number = 1
    for _ in range(12):
        product = product * (sizes[0] + sizes[1]) + sizes[2]
    assert isinstance(product, Size)
    assert len(str(product)) < 100 * MAX_TERMS * MAX_TERMS


def test_known_and_unknown_are_told_apart() -> None:
    assert is_known(3)
    assert not is_known(HIDDEN)
    assert not is_known(None)
    assert as_float(3) == 3.0
    assert as_float(HIDDEN) is None
    assert as_float(None) is None
    assert as_float(10**400) == math.inf


def test_a_formula_of_an_unknown_is_unknown() -> None:
    assert combine(lambda a, b: a + b, 1, None) is None
    assert combine(lambda a, b: a / b, 1, 0) is None
    assert combine(lambda a, b: a / b, HIDDEN, HIDDEN) == 1


def test_the_larger_of_two_is_told_only_where_it_can_be() -> None:
    assert largest(3, 4) == 4
    assert largest(HIDDEN, 2 * HIDDEN) == 2 * HIDDEN
    assert largest(HIDDEN, A) is None
    assert largest(HIDDEN, None) is None


def test_whole_quotients_are_ints() -> None:
    assert isinstance(divide(6, 3), int)
    assert divide(7, 2) == 3.5


def test_only_what_shrinks_with_every_width_is_vanishing() -> None:
    assert is_vanishing(1 / (3 * HIDDEN))
    assert not is_vanishing(HIDDEN)
    assert not is_vanishing(A / B)
    assert not is_vanishing(0.1)


def test_a_size_is_above_zero_unless_something_is_taken_off_or_rounded() -> None:
    hidden = Size.symbol("hidden")
    assert all(map(is_positive, (hidden, 2 * hidden, hidden**0.5, 1 / hidden, hidden + 1, 3)))
    assert not any(map(is_positive, (-hidden, hidden - 1, hidden // 2, hidden % 2, 0, -1)))
