"""A chain of layers: predicted numbers against real torch networks."""

from __future__ import annotations

import math
from typing import Any

import pytest

from initlint.signal.defaults import DEFAULTS
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS
from initlint.signal.moments import Moments
from initlint.signal.size import Size
from initlint.signal.stack import EXTREME, StackLayer, propagate_stack

STANDARD_ERRORS = 5
WIDTH, DEPTH, BATCH, NETWORKS = 256, 8, 32, 24
HIDDEN = Size.symbol("hidden")

INITS: dict[str, dict[str, Any]] = {
    "default": {},
    "xavier_uniform_": {},
    "kaiming_normal_": {"nonlinearity": "relu"},
    "orthogonal_": {"gain": math.sqrt(2)},
    "normal_": {"std": 0.1},
}


def build(torch: Any, init: str) -> list[Any]:
    layers = [torch.nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH)]
    for layer in layers if init != "default" else ():
        getattr(torch.nn.init, init)(layer.weight, **INITS[init])
        torch.nn.init.zeros_(layer.bias)
    return layers


def predict(name: str, init: str, dropout: float = 0.0) -> Any:
    default = DEFAULTS["Linear"](WIDTH, WIDTH)
    weight, bias = default.weight, default.bias
    if init != "default":
        weight, bias = INITIALIZERS[init]((WIDTH, WIDTH), **INITS[init]), Distribution.constant(0)
    assert weight is not None
    return propagate_stack([StackLayer(WIDTH, weight, bias, name, dropout=dropout)] * DEPTH)


def measure(torch: Any, name: str, init: str, dropout: float = 0.0) -> tuple[list[list[float]], list[list[float]]]:
    """Per network: log E[x²] behind each layer, and log E[g²] before each layer, for a random cotangent."""
    phi = getattr(torch, name) if name in ("tanh", "sigmoid") else getattr(torch.nn.functional, name)
    forward, backward = [], []
    for seed in range(NETWORKS):
        torch.manual_seed(seed)
        signals = [torch.randn(BATCH, WIDTH).requires_grad_()]
        for layer in build(torch, init):
            signals.append(torch.dropout(phi(layer(signals[-1])), dropout, True))
            signals[-1].retain_grad()
        signals[-1].backward(torch.randn(BATCH, WIDTH))
        forward.append([x.detach().square().mean().log().item() for x in signals])
        backward.append([x.grad.square().mean().log().item() for x in signals])
    return forward, backward


def assert_close(columns: list[list[float]], expected: list[float]) -> None:
    """Means over networks of each column; the finite width adds a bias of the order depth / width."""
    for position, want in enumerate(expected):
        values = [row[position] - row[0 if expected[0] == 0 else -1] for row in columns]
        mean = sum(values) / len(values)
        spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        tolerance = STANDARD_ERRORS * spread / math.sqrt(len(values)) + 5 * DEPTH / WIDTH * 0.5
        assert mean == pytest.approx(want, abs=tolerance), position


def compare(name: str, init: str, dropout: float = 0.0) -> None:
    torch = pytest.importorskip("torch")
    forward, backward = measure(torch, name, init, dropout)
    signal = predict(name, init, dropout)
    ahead, behind = [0.0], [0.0]
    for layer in signal.layers:
        ahead.append(ahead[-1] + math.log(layer.forward_gain))
    for layer in reversed(signal.layers):
        behind.append(behind[-1] + math.log(layer.backward_gain))
    assert_close(forward, ahead)
    assert_close([row[::-1] for row in backward], behind)


@pytest.mark.parametrize("init", list(INITS))
@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "gelu", "selu"])
def test_a_real_network_does_what_is_predicted_at_every_layer(name: str, init: str) -> None:
    compare(name, init)


def test_dropout_adds_to_signal_and_gradient_as_predicted() -> None:
    compare("relu", "kaiming_normal_", dropout=0.3)


def test_the_comparison_can_fail() -> None:
    torch = pytest.importorskip("torch")
    forward, _ = measure(torch, "relu", "xavier_uniform_")
    with pytest.raises(AssertionError):
        assert_close(forward, [0.0] * (DEPTH + 1))


def test_the_default_relu_stack_loses_five_sixths_a_layer_at_any_width() -> None:
    default = DEFAULTS["Linear"](HIDDEN, HIDDEN)
    assert default.weight is not None
    signal = propagate_stack([StackLayer(HIDDEN, default.weight, default.bias, "relu")] * 12)
    assert signal.log10_forward == pytest.approx(-12 * math.log10(6))
    assert signal.log10_backward == pytest.approx(-12 * math.log10(6))
    assert signal.log10_chi == pytest.approx(-11 * math.log10(6))


def test_he_initialisation_keeps_signal_and_gradient_at_any_width() -> None:
    he = INITIALIZERS["kaiming_normal_"]((HIDDEN, HIDDEN), nonlinearity="relu")
    signal = propagate_stack([StackLayer(HIDDEN, he, None, "relu")] * 50)
    assert signal.log10_forward == pytest.approx(0)
    assert signal.log10_chi == pytest.approx(0)


def test_a_width_that_cancels_is_enough_for_a_saturating_activation() -> None:
    xavier = INITIALIZERS["xavier_uniform_"]((HIDDEN, HIDDEN))
    symbolic = propagate_stack([StackLayer(HIDDEN, xavier, None, "tanh")] * 10)
    plain = propagate_stack([StackLayer(100, Distribution.normal(0, 0.1), None, "tanh")] * 10)
    assert symbolic.log10_forward == pytest.approx(plain.log10_forward)


def test_the_gain_of_a_homogeneous_layer_needs_no_size_of_the_signal() -> None:
    he = INITIALIZERS["kaiming_normal_"]((HIDDEN, HIDDEN), nonlinearity="relu")
    signal = propagate_stack([StackLayer(HIDDEN, he, None, "relu")] * 3, Moments(0, 1 / HIDDEN))
    assert signal.log10_forward == pytest.approx(0)


def test_what_does_not_cancel_is_unknown() -> None:
    signal = propagate_stack([StackLayer(HIDDEN, Distribution.normal(0, 0.02), None, "relu")] * 3)
    assert signal.layers[0].forward_gain is None
    assert signal.log10_forward is None
    assert signal.log10_chi is None
    unknown = propagate_stack([StackLayer(64, Distribution.unknown(), None, "relu")])
    assert unknown.log10_backward is None


def test_gradients_know_their_own_fan() -> None:
    signal = propagate_stack([StackLayer(64, Distribution.normal(0, 0.1), None, "identity", fan_out=16)])
    assert signal.layers[0].chi == pytest.approx(0.64)
    assert signal.layers[0].backward_gain == pytest.approx(0.16)


def test_a_layer_of_zeros_ends_signal_and_gradient() -> None:
    layers = [StackLayer(64, Distribution.constant(0), None, "relu")] * 3
    assert propagate_stack(layers).log10_forward == -math.inf
    assert propagate_stack(layers).log10_chi == -math.inf


@pytest.mark.parametrize("name", ["relu", "gelu", "identity"])
def test_totals_go_on_where_floats_end(name: str) -> None:
    exploding = propagate_stack([StackLayer(512, Distribution.normal(0, 1), None, name)] * 200)
    vanishing = propagate_stack([StackLayer(512, Distribution.normal(0, 1e-3), None, name)] * 200)
    kept = 1.0 if name == "identity" else 0.5
    assert exploding.log10_forward == pytest.approx(200 * math.log10(512 * kept), rel=1e-3)
    assert exploding.log10_backward == pytest.approx(200 * math.log10(512 * kept), rel=1e-3)
    local = 1.0 if name == "identity" else 0.25 if name == "gelu" else 0.5  # GELU's slope at 0 is 1/2
    assert vanishing.log10_forward == pytest.approx(200 * math.log10(512e-6 * local), rel=1e-3)
    last = exploding.layers[-1].post_activation.second
    assert isinstance(last, float)
    assert EXTREME < last < math.inf


def test_an_empty_chain_changes_nothing() -> None:
    signal = propagate_stack([])
    assert (signal.log10_forward, signal.log10_backward, signal.log10_chi) == (0, 0, 0)
