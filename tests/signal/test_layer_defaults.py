"""Every layer's default against what torch really draws."""

from __future__ import annotations

import math
from typing import Any

import pytest

from initlint.signal.defaults import DEFAULTS
from initlint.signal.distribution import Distribution
from initlint.signal.size import Size, as_float

torch = pytest.importorskip("torch")

STANDARD_ERRORS = 5
CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Linear", (300, 200), {}),
    ("Bilinear", (30, 40, 50), {}),
    ("Conv1d", (64, 96, 5), {}),
    ("Conv2d", (64, 96, (3, 5)), {}),
    ("Conv2d", (64, 128, 3), {"groups": 8}),
    ("Conv2d", (256, 256, 7), {"groups": 256}),
    ("Conv3d", (16, 32, 3), {}),
    ("ConvTranspose1d", (64, 96, 5), {}),
    ("ConvTranspose2d", (128, 32, 4), {"stride": 2}),
    ("ConvTranspose2d", (128, 32, 4), {"stride": 2, "groups": 4}),
    ("ConvTranspose3d", (16, 32, 3), {}),
    ("Embedding", (300, 200), {}),
    ("EmbeddingBag", (300, 200), {}),
    ("RNN", (100, 144), {}),
    ("LSTM", (100, 144), {}),
    ("GRU", (100, 144), {}),
    ("RNNCell", (100, 144), {}),
    ("LSTMCell", (100, 144), {}),
    ("GRUCell", (100, 144), {}),
    ("MultiheadAttention", (128, 4), {}),
    ("MultiheadAttention", (128, 4), {"kdim": 64, "vdim": 32}),
    ("BatchNorm2d", (64,), {}),
    ("LayerNorm", (64,), {}),
    ("GroupNorm", (4, 64), {}),
    ("PReLU", (8,), {}),
]


def agrees(drawn: Any, law: Distribution) -> bool:
    """Whether sample mean and second moment lie within `STANDARD_ERRORS` of the law's."""
    mean, second, noise = as_float(law.mean), as_float(law.second), STANDARD_ERRORS / math.sqrt(drawn.numel())
    assert mean is not None
    assert second is not None
    scatter = drawn.std(unbiased=False).item(), drawn.square().std(unbiased=False).item()
    is_mean = abs(drawn.mean().item() - mean) <= noise * scatter[0] + 1e-6
    return is_mean and abs(drawn.square().mean().item() - second) <= noise * scatter[1] + 1e-6 * second


@pytest.mark.parametrize(("name", "arguments", "options"), CASES, ids=lambda part: str(part))
def test_every_parameter_is_drawn_as_stated(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    layer = getattr(torch.nn, name)(*arguments, **options)
    laws = DEFAULTS[name](*arguments, **options).parameters
    for parameter, drawn in layer.named_parameters():
        assert agrees(drawn.detach().double(), laws[parameter.removesuffix("_l0")]), parameter


def test_the_comparison_can_fail() -> None:
    torch.manual_seed(1)
    assert not agrees(torch.nn.Linear(300, 200).weight.detach().double(), Distribution.normal(0, 0.1))


def test_every_layer_of_torch_with_parameters_of_its_own_is_known() -> None:
    kinds = [kind for kind in vars(torch.nn).values() if isinstance(kind, type) and "reset_parameters" in vars(kind)]
    known = {base.__name__ for name in DEFAULTS if hasattr(torch.nn, name) for base in getattr(torch.nn, name).__mro__}
    composed = {"AdaptiveLogSoftmaxWithLoss"}
    assert {kind.__name__ for kind in kinds} - composed <= known


@pytest.mark.parametrize(
    ("name", "arguments", "options", "size"),
    [
        ("Linear", (64, 32), {}, (4096, 64)),
        ("Conv2d", (16, 32, 3), {"groups": 4}, (8, 16, 34, 34)),
        ("ConvTranspose2d", (32, 16, 4), {"stride": 2, "groups": 2}, (8, 32, 32, 32)),
        ("ConvTranspose1d", (32, 16, 3), {}, (64, 32, 256)),
    ],
    ids=lambda part: str(part),
)
def test_the_signal_fan_in_predicts_the_output_variance(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], size: tuple[int, ...]
) -> None:
    torch.manual_seed(2)
    defaults = DEFAULTS[name](*arguments, **options)
    assert defaults.weight is not None
    assert defaults.weight.variance is not None
    assert defaults.fan_in is not None
    expected = as_float(defaults.fan_in * defaults.weight.variance)
    layers = [getattr(torch.nn, name)(*arguments, **options, bias=False) for _ in range(8)]
    with torch.no_grad():
        measured = sum(layer(torch.randn(*size)).square().mean().item() for layer in layers) / len(layers)
    assert measured == pytest.approx(expected, rel=0.1)  # borders of the transposed kernels: a few per cent


def test_a_lazy_layer_draws_as_its_eager_one() -> None:
    assert DEFAULTS["LazyLinear"](12, 8) == DEFAULTS["Linear"](12, 8)
    assert DEFAULTS["LazyConv2d"](12, 8, 3) == DEFAULTS["Conv2d"](12, 8, 3)


def test_a_symbolic_default_layer_keeps_a_third_of_the_variance() -> None:
    hidden = Size.symbol("hidden")
    defaults = DEFAULTS["Linear"](hidden, 4 * hidden)
    assert defaults.weight is not None
    assert defaults.weight.variance is not None
    assert hidden * defaults.weight.variance == pytest.approx(1 / 3)
    depthwise = DEFAULTS["Conv2d"](hidden, hidden, 3, groups=hidden)
    assert depthwise.fan_in == 9


def test_unknown_widths_give_unknown_moments_not_errors() -> None:
    for name, default in DEFAULTS.items():
        arguments = [None] * {"Bilinear": 3, "PReLU": 0}.get(name, 3 if "Conv" in name else 2)
        assert default(*arguments).parameters, name
