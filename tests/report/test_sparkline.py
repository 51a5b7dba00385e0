"""Curves and bars: a collapse is seen, what is healthy is flat, and nothing is wider than its room."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initlint.report.sparkline import ASCII, UNICODE, Scale, decades, draw_bar, draw_sparkline

VALUES = st.lists(st.one_of(st.floats(-300, 300), st.just(-math.inf), st.just(math.nan)), min_size=1, max_size=50)


def curve(values: list[float], width: int = 80) -> str:
    return draw_sparkline(values, Scale.spanning(values), width, UNICODE)


def test_what_changes_little_is_drawn_flat() -> None:
    assert len(set(curve([0.4, -0.4, 0.0, 0.1]))) <= 3
    assert set(curve([2.0, 2.0 + 1e-12, 2.0])) == {"▅"}


def test_a_collapse_goes_from_the_highest_to_the_lowest_level() -> None:
    drawn = curve([-decade for decade in range(12)])
    assert (drawn[0], drawn[-1]) == ("█", "▁")
    assert list(drawn) == sorted(drawn, reverse=True)


def test_nothing_left_and_not_finite_have_signs_of_their_own() -> None:
    assert draw_sparkline([0.0, -math.inf, math.nan], Scale(-1, 1), 3, UNICODE) == "▅_x"
    assert draw_bar(-math.inf, Scale(-1, 1), 3, UNICODE) == "_  "
    assert draw_bar(math.nan, Scale(-1, 1), 3, ASCII) == "x  "


def test_a_group_that_shares_a_column_does_not_hide_its_worst() -> None:
    assert "x" in draw_sparkline([0.0] * 99 + [math.nan], Scale(-1, 1), 10, UNICODE)
    assert "_" in draw_sparkline([0.0] * 50 + [-math.inf] + [0.0] * 49, Scale(-1, 1), 10, UNICODE)


def test_one_value_far_below_all_others_does_not_flatten_them() -> None:
    scale = Scale.spanning([0.0, 10.0, -290.0, None])
    assert scale.low == -30
    assert scale.share(-290.0) == 0


@given(VALUES, st.integers(1, 60))
def test_a_curve_is_never_wider_than_its_room(values: list[float], width: int) -> None:
    assert 1 <= len(curve(values, width)) <= width


@given(st.floats(-400, 400), st.integers(1, 40), st.sampled_from([UNICODE, ASCII]))
def test_a_bar_always_takes_its_whole_width(value: float, width: int, glyphs) -> None:
    assert len(draw_bar(value, Scale(-3, 3), width, glyphs)) == width


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_larger_value_never_has_a_shorter_bar(one: float, other: float) -> None:
    low, high = sorted((one, other))
    bars = [draw_bar(value, Scale(-3, 3), 8, ASCII).rstrip() for value in (low, high)]
    assert len(bars[0]) <= len(bars[1])


@pytest.mark.parametrize(("value", "expected"), [(100.0, 2.0), (0.0, -math.inf)])
def test_decades_are_powers_of_ten(value: float, expected: float) -> None:
    assert decades(value) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_what_has_no_power_of_ten_is_not_a_number(value: float) -> None:
    found = decades(value)
    assert found is not None
    assert math.isnan(found)


def test_what_was_not_observed_is_left_out_of_curves_and_empty_in_bars() -> None:
    assert decades(None) is None
    assert draw_sparkline([None, 0.0], Scale(-1, 1), 1, UNICODE) == "▅"
    assert draw_bar(None, Scale(-1, 1), 3, UNICODE) == "   "
