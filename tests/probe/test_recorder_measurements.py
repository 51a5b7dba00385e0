"""What the recorder measures: in which precision, in which mode, and what is left out of the numbers."""

from __future__ import annotations

import pytest
import torch
from recorded import CPU, Reused, mean_square, parameter, record, rows, signal
from torch import Tensor, nn
from torch.nn import functional

from initlint.probe.session import record as record_model
from initlint.probe.settings import Settings


def test_complex_signals_are_measured_by_their_real_and_imaginary_parts() -> None:
    class Spectral(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.filter = nn.Parameter(torch.randn(5, dtype=torch.complex64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.irfft(torch.fft.rfft(x) * self.filter, n=8)

    x = signal(8, 8)
    recording = record(Spectral, x)
    spectrum, product, back = rows(recording)
    expected = torch.view_as_real(torch.fft.rfft(x))
    assert (spectrum.output.dtype, spectrum.output.shape) == ("complex64", (8, 5))
    assert spectrum.output.second == pytest.approx(mean_square(expected), rel=1e-5)
    assert product.gradient is not None and back.inputs == (product.id,)
    assert parameter(recording, "filter").gradient is not None


def test_integers_are_no_signal_but_what_is_looked_up_with_them_is() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(12, 6)
            self.places = nn.Embedding(5, 6)

        def forward(self, ids: Tensor) -> Tensor:
            places = torch.arange(ids.shape[1]).expand_as(ids)
            return self.words(ids + 1) + self.places(places)

    words, places, addition = rows(record(Tokens, torch.arange(40).view(8, 5) % 10))
    assert (words.op, words.kind, places.op) == ("embedding", "Embedding", "embedding")
    assert (addition.op, addition.inputs) == ("add", (words.id, places.id))


def test_modules_in_eval_mode_run_as_they_are_set() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Dropout(0.25))
        model[1].eval()
        model[2].eval()
        return model

    first, norm, idle, active = rows(record(build, 10 * signal(8, 4), keeps_mode=True))
    assert norm.output.second == pytest.approx(first.output.second, rel=1e-3), "running statistics are 0 and 1"
    assert idle.options["p"] == 0 and active.options["p"] == 0.25
    assert idle.output == norm.output and active.output.zero_fraction > 0


def test_frozen_parameters_get_no_gradient_and_hide_none_behind_them() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 4))
        model[0].requires_grad_(False)
        model[3].requires_grad_(False)
        return model

    recording = record(build, signal(8, 4))
    assert [each.is_observable for each in rows(recording)] == [False, False, True, True]
    assert [each.gradient is not None for each in rows(recording)] == [False, False, True, True]
    assert [each.name for each in recording.parameters if not each.is_trained] == [
        "0.weight",
        "0.bias",
        "3.weight",
        "3.bias",
    ]
    assert [each.name for each in recording.parameters if each.gradient is not None] == ["2.weight", "2.bias"]


def test_a_model_that_is_frozen_as_a_whole_is_measured_down_to_its_input() -> None:
    recording = record(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()).requires_grad_(False), signal(8, 4))
    assert all(each.gradient is not None for each in recording.rows)


def test_autocast_is_recorded_in_the_precision_that_runs() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(16, 16), nn.ReLU())

    first, relu = rows(record(build, signal(8, 16), autocast=torch.bfloat16))
    exact = rows(record(build, signal(8, 16)))
    assert (first.output.dtype, relu.output.dtype) == ("bfloat16", "bfloat16")
    assert relu.output.second == pytest.approx(exact[1].output.second, rel=0.02), "bfloat16 has 8 bits"
    assert first.weight == "0.weight" and first.bias == "0.bias", "not the copies that autocast makes"
    assert first.gradient is not None


def test_float64_is_measured_without_a_loss_of_digits() -> None:
    x = signal(8, 4, dtype=torch.float64)
    torch.manual_seed(0)
    model = Reused().double()
    (first, *_) = rows(record(lambda: Reused().double(), x, dtype=torch.float64))
    assert first.output.dtype == "float64"
    assert first.output.second == pytest.approx(mean_square(model.layer(x)), rel=1e-13)


def test_units_that_are_zero_for_the_whole_batch_are_dead() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        with torch.no_grad():
            model[0].bias[:2] = -1000
        return model

    assert rows(record(build, signal(64, 4), batch=64))[1].output.dead_fraction == 0.25


def test_the_correlation_between_samples_is_that_of_the_batch() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 512), nn.Tanh())

    alike = rows(record(build, signal(1, 4).expand(8, 4)))[1].output.correlation
    x = signal(8, 4)
    torch.manual_seed(0)
    directions = functional.normalize(build()(x).detach().double().flatten(1))
    cosines = (directions @ directions.T)[~torch.eye(8, dtype=torch.bool)]
    found = rows(record(build, x))[1].output.correlation
    assert alike == pytest.approx(1, abs=1e-5)
    assert found == pytest.approx(float(cosines.mean()), abs=0.05), "weighted by size, so not quite the plain mean"


def test_what_is_not_finite_is_seen_where_it_arises_and_kept_out_of_the_other_numbers() -> None:
    class Overflowing(Reused):
        def forward(self, x: Tensor) -> Tensor:
            return torch.log(self.layer(x).relu())

    layer, relu, log = rows(record(Overflowing, signal(64, 4), batch=64))
    assert layer.output.nonfinite_fraction == relu.output.nonfinite_fraction == 0
    assert log.output.nonfinite_fraction == pytest.approx(relu.output.zero_fraction, abs=1e-9)
    assert torch.isfinite(torch.tensor([log.output.mean, log.output.second, log.output.abs_max])).all()


def test_sizes_beyond_the_range_of_float32_squares_are_measured() -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(64, 64, bias=False), nn.Linear(64, 64, bias=False))
        nn.init.normal_(model[0].weight, std=1e-22)
        nn.init.normal_(model[1].weight, std=1e10)
        return model

    first, second = rows(record(build, signal(64, 64), batch=64))
    assert first.output.second == pytest.approx(64e-44, rel=0.2)
    assert second.output.second == pytest.approx(64 * 64e-24, rel=0.2)


def test_inputs_and_cotangent_are_independent_of_weights_drawn_with_the_same_seed() -> None:
    class Drawn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(64, 64) / 8)

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight.T

    recording = record_model(Drawn, Settings(CPU, specs=("64,64",)), seed=0)
    entry, product = recording.rows
    assert product.output.second == pytest.approx(entry.output.second, rel=0.2), "twice as much with equal numbers"
    gradient = parameter(recording, "weight").gradient
    assert gradient is not None and gradient.mean_square == pytest.approx(64, rel=0.2)


def test_a_relu6_is_no_saturating_hard_tanh() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 32), nn.ReLU6())

    relu6 = rows(record(build, signal(64, 4), batch=64))[1]
    assert (relu6.activation, relu6.kind) == ("relu6", "ReLU6")
    assert relu6.output.saturated_fraction == 0 and relu6.output.zero_fraction > 0.3
    assert relu6.output.dead_fraction is not None


def test_statistics_of_parameters_are_exact_and_see_what_is_zero_or_not_finite() -> None:
    values = 1 + 1e-4 * torch.randn(300, 300, generator=torch.Generator().manual_seed(0))

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Parameter(values.clone())
            self.sparse = nn.Parameter(torch.where(values > 1, values, 0.0))
            self.broken = nn.Parameter(torch.tensor([1.0, torch.nan, torch.inf, -3.0]))
            self.gain = nn.Parameter(torch.tensor(2.0))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.narrow @ self.sparse * self.gain

    recording = record(Holder, signal(8, 300))
    narrow, sparse, broken = (parameter(recording, name).values for name in ("narrow", "sparse", "broken"))
    assert narrow.std == pytest.approx(float(values.double().std(correction=0)), rel=1e-6)
    assert narrow.abs_max == float(values.abs().amax()) and narrow.zero_fraction == 0
    assert sparse.zero_fraction == pytest.approx(float((values <= 1).double().mean()), rel=1e-9)
    assert (broken.nonfinite_fraction, broken.mean, broken.second, broken.abs_max) == (0.5, -1, 5, 3)
    assert parameter(recording, "gain").constant == 2 and parameter(recording, "narrow").constant is None


def test_a_parameter_in_a_plain_list_is_seen_where_it_is_multiplied() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.more = [nn.Parameter(torch.randn(4, 4))]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.first(x) @ self.more[0].t()

    recording = record(Net, signal(8, 4))
    found = next(each for each in recording.parameters if not each.is_registered)
    assert (found.values.shape, found.gradient is not None) == ((4, 4), True)
    assert rows(recording)[-1].weight == found.name
