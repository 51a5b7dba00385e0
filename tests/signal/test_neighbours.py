"""Pools whose windows overlap, against draws: what they leave neighbours in common, and what the next pool makes of it."""

from __future__ import annotations

import pytest

from initlint.signal import activation, places, windows
from initlint.signal.moments import NOISE, Moments
from initlint.signal.windows import Pool

torch = pytest.importorskip("torch")
SIDE, UNITS = 34, 400


def noise():
    """(samples, units, height, width)."""
    torch.manual_seed(0)
    return torch.randn(8, UNITS, SIDE, SIDE)


def assert_neighbours(predicted: Moments, drawn, atol: float = 0.01) -> None:
    """Compares the second moment and the products of entries one or two places apart, as shares of the second moment."""
    second = float((drawn**2).mean())
    assert float(predicted.second) == pytest.approx(second, rel=0.02)  # type: ignore[arg-type]
    height, width = drawn.shape[2:]
    for (down, right), value in predicted.near.items():
        product = (drawn[..., down:, right:] * drawn[..., : height - down, : width - right]).mean()
        assert float(value) / second == pytest.approx(float(product) / second, abs=atol), (down, right)  # type: ignore[arg-type]


def test_an_average_over_overlapping_windows_makes_neighbours_alike() -> None:
    found = windows.average(NOISE, Pool((3, 3), (1, 1)))
    drawn = torch.nn.functional.avg_pool2d(noise(), 3, 1)
    assert_neighbours(found, drawn)
    again = windows.average(places.activate(found, activation("relu")), Pool((3, 3), (2, 2)))
    assert_neighbours(again, torch.nn.functional.avg_pool2d(drawn.relu(), 3, 2))


@pytest.mark.parametrize("stride", [1, 2])
def test_the_largest_under_overlapping_windows_makes_neighbours_alike(stride: int) -> None:
    found = windows.largest(NOISE, Pool((3, 3), (stride, stride)), activation("relu"))
    assert_neighbours(found, torch.nn.functional.max_pool2d(noise().relu(), 3, stride))


def test_the_largest_of_neighbours_that_are_alike_grows_less() -> None:
    alike = windows.average(NOISE, Pool((3, 3), (1, 1)))
    drawn = torch.nn.functional.avg_pool2d(noise(), 3, 1)
    assert_neighbours(windows.largest(alike, Pool((2, 2), (2, 2))), torch.nn.functional.max_pool2d(drawn, 2), atol=0.03)


def test_an_average_may_leave_out_what_lies_beside_the_border() -> None:
    drawn = torch.nn.functional.avg_pool2d(noise()[..., :4, :4] + 1, 3, 1, 1, count_include_pad=False)
    part = (2 / 4 * (1 / 2) + 2 / 4 * (1 / 3)) ** 2
    found = windows.average(Moments(1, 2, 1, 1), Pool((3, 3), (1, 1), 6.25, 42.25, part))
    assert float(found.mean) == pytest.approx(float(drawn.mean()), rel=0.02)  # type: ignore[arg-type]
    assert float(found.variance) == pytest.approx(float(drawn.var()), rel=0.03)  # type: ignore[arg-type]


@pytest.mark.parametrize(("sign", "is_padded"), [(-1, True), (-1, False), (1, True)])
def test_a_signal_less_its_own_average_varies_less_than_if_they_were_independent(sign: int, is_padded: bool) -> None:
    drawn = noise() + 0.5
    averaged = torch.nn.functional.avg_pool2d(drawn, 3, 1, 1, count_include_pad=is_padded)
    inside, square = ((SIDE * 3 - 2) / SIDE) ** 2, ((SIDE * 9 - 10) / SIDE) ** 2
    part = None if is_padded else ((SIDE - 2) / 3 + 2 / 2) ** 2 / SIDE**2
    before, window = Moments(0.5, 1.25, 0.25, 0.25), Pool((3, 3), (1, 1), inside, square, part)
    found = windows.with_average(before, windows.average(before, window), window, sign)
    real = drawn + sign * averaged
    assert float(found.mean) == pytest.approx(float(real.mean()), abs=0.005)  # type: ignore[arg-type]
    assert float(found.variance) == pytest.approx(float(real.var()), rel=0.02)  # type: ignore[arg-type]
