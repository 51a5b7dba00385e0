"""What pools, norms, activations and attention do to entries that are alike, against draws."""

from __future__ import annotations

import math

import pytest

from initlint.signal import activation, places, propagation, windows
from initlint.signal.moments import NOISE, UNKNOWN, Moments
from initlint.signal.size import Size, as_float
from initlint.signal.windows import over

torch = pytest.importorskip("torch")
SAMPLES, UNITS, PLACES = 24, 4000, 9
ALIKE = Moments(0, 1.5, 0.9, 0.6)
"""E[x^2], and E[x x'] at two places and in two samples."""


def draw(moments: Moments = ALIKE):
    """Gaussian entries (samples, units, places) with these moments."""
    torch.manual_seed(0)
    second, apart, across = (float(value) for value in (moments.second, moments.apart, moments.across))  # type: ignore[arg-type]
    common = torch.randn(1, UNITS, 1) * math.sqrt(across)
    own = torch.randn(SAMPLES, UNITS, 1) * math.sqrt(apart - across)
    return common + own + torch.randn(SAMPLES, UNITS, PLACES) * math.sqrt(second - apart)


def moments_of(drawn) -> Moments:
    """What was drawn, measured."""
    at_places = float((drawn[:, :, 0] * drawn[:, :, -1]).mean()) if drawn.shape[2] > 1 else None
    return Moments(
        float(drawn.mean()), float((drawn**2).mean()), at_places, float((drawn[0::2] * drawn[1::2].flip(2)).mean())
    )


def assert_close(predicted: Moments, drawn, rel: float = 0.03, atol: float = 0.01) -> None:
    found = moments_of(drawn)
    for name in ("mean", "second", "apart", "across"):
        if getattr(found, name) is not None:
            assert getattr(predicted, name) == pytest.approx(getattr(found, name), rel=rel, abs=atol), name


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "silu"])
def test_an_activation_keeps_of_what_is_alike_what_draws_keep(name: str) -> None:
    function = getattr(torch.nn.functional, name)
    assert_close(places.activate(ALIKE, activation(name)), function(draw()))


def test_a_rectified_signal_has_a_common_part_where_the_input_had_none() -> None:
    found = places.activate(NOISE, activation("relu"))
    assert found.apart == pytest.approx(1 / (2 * math.pi))
    assert found.across == pytest.approx(1 / (2 * math.pi))


def test_the_largest_of_places_that_are_alike_grows_less_than_that_of_independent_ones() -> None:
    predicted = windows.largest(ALIKE, over(PLACES))
    assert_close(predicted, draw().amax(2, keepdim=True))
    assert predicted.second < windows.largest(Moments(0, 1.5, 0, 0), over(PLACES)).second  # type: ignore[operator]


def test_the_largest_of_rectified_places_is_the_rectified_largest() -> None:
    assert_close(windows.largest(ALIKE, over(4), activation("relu")), draw().relu()[:, :, :4].amax(2, keepdim=True))


def test_the_mean_over_places_keeps_what_they_have_in_common() -> None:
    assert_close(windows.average(ALIKE, over(PLACES)), draw().mean(2, keepdim=True))


def test_a_batch_norm_takes_off_what_all_samples_have_in_common() -> None:
    norm = torch.nn.BatchNorm1d(UNITS)
    assert_close(places.normalize_batch(ALIKE, places=PLACES, samples=SAMPLES), norm(draw()).detach(), rel=0.05)


def test_an_instance_norm_leaves_two_samples_nothing_in_common() -> None:
    norm = torch.nn.InstanceNorm1d(UNITS)
    assert_close(places.normalize_instance(ALIKE, places=PLACES), norm(draw()), rel=0.05, atol=0.02)


def test_a_layer_norm_keeps_what_places_have_in_common() -> None:
    norm = torch.nn.LayerNorm(UNITS, elementwise_affine=False)
    assert_close(places.normalize_features(ALIKE), norm(draw().transpose(1, 2)).transpose(1, 2))


@pytest.mark.parametrize("size", [0.1, 0.5])
def test_attention_averages_the_values_of_all_places(size: float) -> None:
    torch.manual_seed(0)
    length, width = 16, 64
    query, key, values = (torch.randn(300, length, width) for _ in range(3))
    attended = torch.nn.functional.scaled_dot_product_attention(query * size, key, values)
    found = places.attend(NOISE, length, Moments(0, size**2, 0, 0), NOISE)
    assert found.second == pytest.approx(float((attended**2).mean()), rel=0.05)


def test_what_is_unknown_counts_as_independent() -> None:
    plain = Moments(0.4, 1)
    assert windows.average(plain, over(4)).variance == pytest.approx(0.84 / 4)
    assert places.normalize_batch(plain).second == pytest.approx(1, rel=1e-4)
    assert places.activate(UNKNOWN, activation("relu")) == UNKNOWN
    assert places.normalize_batch(Moments(0, Size.symbol("n"), 0, 0)).second == 1


def of_few_samples(seed: int):
    """A batch norm of noise, of so few samples that what it takes off counts (samples, units, places)."""
    torch.manual_seed(seed)
    drawn = torch.randn(4, 20000, PLACES)
    return (drawn - drawn.mean((0, 2), keepdim=True)) / drawn.std((0, 2), correction=0, keepdim=True)


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "tanh"])
def test_entries_that_a_batch_norm_set_against_each_other_stay_so_behind_an_activation(name: str) -> None:
    normed = places.normalize_batch(NOISE, places=PLACES, samples=4)
    found = windows.average(places.activate(normed, activation(name)), over(PLACES))
    real = getattr(torch.nn.functional, name)(of_few_samples(0)).mean(2)
    assert float(found.variance) == pytest.approx(float(real.var()), rel=0.02)  # type: ignore[arg-type]


def test_a_sum_keeps_what_sets_its_entries_against_each_other() -> None:
    normed = places.normalize_batch(NOISE, places=PLACES, samples=4)
    found = windows.average(places.pairwise(propagation.add, normed, normed), over(PLACES))
    real = (of_few_samples(0) + of_few_samples(1)).mean(2)
    assert float(found.variance) == pytest.approx(float(real.var()), rel=0.02)  # type: ignore[arg-type]


@pytest.mark.parametrize("units", [1, 2, 40])
def test_a_tensor_of_few_units_varies_less_about_its_own_mean(units: int) -> None:
    """Its mean follows what the entries of a unit have in common."""
    parts = draw().split(units, dim=1)
    seen = sum(float(part.var(correction=0)) for part in parts if part.shape[1] == units) / (UNITS // units)
    assert as_float(places.seen_variance(ALIKE, units, PLACES, SAMPLES)) == pytest.approx(seen, rel=0.03)


@pytest.mark.parametrize(("width", "rel"), [(2, 0.02), (400, 0.05)])
def test_a_softmax_of_logits_that_are_alike_at_two_places(width: int, rel: float) -> None:
    """Of two logits exactly, of many nearly."""
    drawn = draw().unflatten(1, (-1, width)).softmax(2).flatten(1, 2)
    found = places.soften(ALIKE, width)
    assert as_float(found.second) == pytest.approx(float((drawn**2).mean()), rel=rel)
    assert as_float(found.apart) == pytest.approx(float((drawn[..., 0] * drawn[..., 1]).mean()), rel=rel)
