"""Every initialiser against what torch really draws."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, calculate_gain, fans
from initlint.signal.size import Size, as_float

torch = pytest.importorskip("torch")

STANDARD_ERRORS = 5
HIDDEN = Size.symbol("hidden")

CASES: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("uniform_", (200, 300), {}),
    ("uniform_", (200, 300), {"a": -0.1, "b": 0.3}),
    ("normal_", (200, 300), {}),
    ("normal_", (200, 300), {"mean": 1.0, "std": 0.02}),
    ("trunc_normal_", (200, 300), {}),
    ("trunc_normal_", (200, 300), {"std": 0.02}),
    ("trunc_normal_", (200, 300), {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 1.0}),
    ("constant_", (20, 30), {"val": 0.3}),
    ("ones_", (20, 30), {}),
    ("zeros_", (20, 30), {}),
    ("eye_", (20, 30), {}),
    ("dirac_", (16, 8, 3, 3), {}),
    ("dirac_", (24, 4, 5), {"groups": 3}),
    ("xavier_uniform_", (200, 300), {}),
    ("xavier_uniform_", (64, 32, 5, 5), {"gain": 2.0}),
    ("xavier_normal_", (200, 300), {"gain": 0.5}),
    ("kaiming_uniform_", (200, 300), {}),
    ("kaiming_uniform_", (200, 300), {"a": math.sqrt(5)}),
    ("kaiming_uniform_", (64, 32, 3, 3), {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", (64, 32, 3, 3), {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", (200, 300), {"nonlinearity": "tanh"}),
    ("kaiming_normal_", (200, 300), {"nonlinearity": "selu"}),
    ("kaiming_normal_", (200, 300), {"a": 0.2}),
    ("orthogonal_", (200, 300), {}),
    ("orthogonal_", (300, 200), {"gain": 1.5}),
    ("orthogonal_", (64, 16, 3, 3), {}),
    ("sparse_", (200, 300), {"sparsity": 0.103}),
]


@pytest.mark.parametrize(("name", "shape", "arguments"), CASES, ids=lambda part: str(part))
def test_moments_are_those_of_the_drawn_tensor(name: str, shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    torch.manual_seed(0)
    drawn = getattr(torch.nn.init, name)(torch.empty(*shape, dtype=torch.float64), **arguments)
    law = INITIALIZERS[name](shape, **arguments)
    mean, second = as_float(law.mean), as_float(law.second)
    assert mean is not None
    assert second is not None
    noise = STANDARD_ERRORS / math.sqrt(drawn.numel())
    assert drawn.mean().item() == pytest.approx(mean, abs=noise * drawn.std().item() + 1e-9)
    assert drawn.square().mean().item() == pytest.approx(second, abs=noise * drawn.square().std().item() + 1e-9)


def test_every_initialiser_of_torch_is_known() -> None:
    assert set(INITIALIZERS) == {name for name in vars(torch.nn.init) if name.endswith("_") and name[0] != "_"}


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        *((n, None) for n in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "sigmoid", "tanh", "relu")),
        *(("leaky_relu", slope) for slope in (None, 0.01, 0.2, 1)),
        ("selu", None),
    ],
)
def test_gains_are_those_of_torch(name: str, parameter: float | None) -> None:
    ours = calculate_gain(name) if parameter is None else calculate_gain(name, parameter)
    assert ours == pytest.approx(torch.nn.init.calculate_gain(name, parameter))


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5), (6, 4, 3, 2), (6, 4, 3, 2, 7)])
def test_fans_are_those_of_torch(shape: tuple[int, ...]) -> None:
    assert fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(*shape))


@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("xavier_uniform_", (3,), {}),
        ("kaiming_normal_", (3,), {}),
        ("orthogonal_", (3,), {}),
        ("eye_", (3,), {}),
        ("dirac_", (3, 3), {}),
        ("sparse_", (3, 3, 3), {"sparsity": 0.1}),
        ("kaiming_normal_", (3, 3), {"mode": "fan_avg"}),
        ("kaiming_normal_", (3, 3), {"nonlinearity": "gelu"}),
    ],
)
def test_what_torch_refuses_is_refused(name: str, shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    with warnings.catch_warnings(), pytest.raises(ValueError):
        warnings.simplefilter("ignore")
        getattr(torch.nn.init, name)(torch.empty(*shape), **arguments)
    with pytest.raises(ValueError):
        INITIALIZERS[name](shape, **arguments)


def test_symbolic_widths_cancel_against_the_fan() -> None:
    he = INITIALIZERS["kaiming_normal_"]((HIDDEN, HIDDEN), nonlinearity="relu")
    assert (HIDDEN * he.variance) == pytest.approx(2)  # type: ignore[operator]
    xavier = INITIALIZERS["xavier_uniform_"]((4 * HIDDEN, HIDDEN))
    assert (HIDDEN * xavier.variance) == pytest.approx(0.4)  # type: ignore[operator]


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_unknown_shapes_and_arguments_give_unknown_moments_not_errors(name: str) -> None:
    initializer: Callable[..., Distribution] = INITIALIZERS[name]
    required = {"constant_": {"val": None}, "sparse_": {"sparsity": None}}.get(name, {})
    shape = (None, None, 3) if name == "dirac_" else (None, None)
    law = initializer(shape, **required)
    if name not in ("uniform_", "normal_", "trunc_normal_", "ones_", "zeros_"):
        assert law.mean is None or law.variance is None


def test_an_unknown_mode_or_nonlinearity_gives_an_unknown_variance() -> None:
    assert INITIALIZERS["kaiming_normal_"]((3, 4), mode=None).variance is None
    assert INITIALIZERS["kaiming_normal_"]((3, 4), nonlinearity=None).variance is None
