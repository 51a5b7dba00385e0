"""Units that are equal for ever, and parameters that are copies of each other."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from initlint.probe.passes.results import Symmetry
from initlint.probe.passes.symmetry import replicas, symmetry


def trained(model: nn.Module, x: Tensor) -> None:
    """One backward pass of a random cotangent."""
    out = model(x)
    out = out[0] if isinstance(out, tuple) else out
    out.backward(torch.randn_like(out))


def found(model: nn.Module, path: str) -> Symmetry:
    """Of one weight of `model`."""
    owner, _, _ = path.rpartition(".")
    return symmetry(path, model.get_parameter(path), model.get_submodule(owner))


def test_random_units_are_no_twins() -> None:
    """A wide default layer, with thousands of rows close to each other in any one direction, has no equal ones."""
    torch.manual_seed(0)
    model = nn.Linear(16, 4096)
    trained(model, torch.randn(8, 16))
    assert found(model, "weight") == Symmetry(name="weight", units=4096, weights=0.0, both=0.0, zero_gradients=0.0)


def test_a_constant_layer_before_a_constant_one_has_only_twins() -> None:
    """Equal weights, equal gradients: the symmetry lasts."""
    model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 4))
    nn.init.constant_(model[0].weight, 0.1)  # initlint: ignore[INL101]
    nn.init.constant_(model[0].bias, 0.0)
    nn.init.constant_(model[2].weight, 0.1)
    trained(model, torch.randn(8, 16))
    result = found(model, "0.weight")
    assert (result.weights, result.both) == (1.0, 1.0)


def test_a_constant_layer_before_a_random_one_has_equal_weights_alone() -> None:
    """The random consumer parts the units at the first step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 4))
    nn.init.constant_(model[0].weight, 0.1)  # initlint: ignore[INL101]
    trained(model, torch.randn(8, 16))
    result = found(model, "0.weight")
    assert (result.weights, result.both) == (1.0, 0.0)


def test_a_zero_last_layer_is_parted_by_its_gradients() -> None:
    """Zero heads and zero ends of residual branches learn: their rows get different gradients."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    nn.init.zeros_(model[2].weight)
    trained(model, torch.randn(8, 8))
    assert found(model, "2.weight").both == 0.0
    behind = found(model, "0.weight")
    assert (behind.weights, behind.both, behind.zero_gradients) == (0.0, 0.0, 1.0)


def test_a_gradient_of_zero_has_no_equal() -> None:
    """Nothing flows: that the rows are equal says nothing about whether they would stay so."""
    model = nn.Linear(4, 6)
    nn.init.zeros_(model.weight)
    model.weight.grad = torch.zeros(6, 4)
    result = found(model, "weight")
    assert (result.weights, result.both, result.zero_gradients) == (1.0, 0.0, 1.0)


def test_the_share_is_of_the_units_that_have_a_twin() -> None:
    """Two pairs among ten units: 0.4; a third row equal to one of them: 0.5."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(10, 5))
    with torch.no_grad():
        weight[7], weight[9] = weight[2], weight[4]
    weight.grad = weight.detach().clone()
    assert symmetry("w", weight, nn.Linear(5, 10)).both == pytest.approx(0.4)
    with torch.no_grad():
        weight[0] = weight[2]
    weight.grad = weight.detach().clone()
    assert symmetry("w", weight, nn.Linear(5, 10)).both == pytest.approx(0.5)


def test_gradients_may_differ_by_rounding_and_weights_may_not() -> None:
    """Relative 1e-6 in single precision is rounding; in a weight it is a difference that grows."""
    weight = nn.Parameter(torch.randn(1, 5).repeat(4, 1))
    weight.grad = torch.randn(1, 5).repeat(4, 1)
    weight.grad[0] *= 1 + 1e-6
    assert symmetry("w", weight, nn.Linear(5, 4)).both == 1.0
    with torch.no_grad():
        weight[0] *= 1 + 1e-6
    result = symmetry("w", weight, nn.Linear(5, 4))
    assert (result.weights, result.both) == (0.75, 0.75)


def test_the_units_of_a_transposed_convolution_are_its_output_channels() -> None:
    """(in, out, *kernel): equal inputs channels are no twins, equal output channels are."""
    torch.manual_seed(0)
    model = nn.ConvTranspose2d(3, 4, 2)
    with torch.no_grad():
        model.weight[1] = model.weight[0]
    assert found(model, "weight").weights == 0.0
    with torch.no_grad():
        model.weight[:, 3] = model.weight[:, 1]
    assert found(model, "weight").weights == 0.5


def test_the_units_of_a_convolution_are_its_output_channels() -> None:
    """(out, in, *kernel)."""
    torch.manual_seed(0)
    model = nn.Conv2d(3, 4, 3)
    with torch.no_grad():
        model.weight[3] = model.weight[1]
    trained(model, torch.randn(2, 3, 5, 5))
    assert (found(model, "weight").weights, found(model, "weight").both) == (0.5, 0.0)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_hidden_units_are_twins_if_they_are_in_every_gate(kind: type[nn.RNNBase]) -> None:
    """One equal gate is none; with all gates equal, the two hidden units are."""
    torch.manual_seed(0)
    model = kind(3, 5)
    gates = model.weight_ih_l0.shape[0] // 5
    with torch.no_grad():
        model.weight_ih_l0[1] = model.weight_ih_l0[0]
    assert found(model, "weight_ih_l0").weights == (0.4 if gates == 1 else 0.0)
    with torch.no_grad():
        for gate in range(gates):
            model.weight_ih_l0[5 * gate + 1] = model.weight_ih_l0[5 * gate]
    result = found(model, "weight_ih_l0")
    assert (result.units, result.weights) == (5, 0.4)


def test_a_constant_recurrent_layer_has_only_twins() -> None:
    """All hidden units of a GRU whose weights are constant stay equal."""
    model = nn.GRU(3, 5)
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    out, _ = model(torch.randn(4, 2, 3))
    out.sum().backward()
    assert found(model, "weight_ih_l0").both == 1.0
    assert found(model, "weight_hh_l0").both == 1.0


def test_a_raw_parameter_has_twins_only_along_both_axes() -> None:
    """Which axis is that of the units only ``forward`` knows."""
    weight = nn.Parameter(torch.randn(1, 5).repeat(4, 1))
    assert symmetry("w", weight).weights == 0.0
    assert symmetry("w", nn.Parameter(torch.ones(4, 5))).weights == 1.0


def test_a_weight_without_gradient_says_so() -> None:
    """Frozen weights have no gradient to compare."""
    result = found(nn.Linear(4, 4).requires_grad_(False), "weight")
    assert (result.both, result.zero_gradients) == (None, None)


def test_values_that_are_not_finite_have_no_equal() -> None:
    """NaN is no symmetry."""
    weight = nn.Parameter(torch.full((4, 5), float("nan")))
    weight.grad = torch.full((4, 5), float("inf"))
    result = symmetry("w", weight, nn.Linear(5, 4))
    assert (result.weights, result.both) == (0.0, 0.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16, torch.complex64])
def test_every_dtype_is_compared(dtype: torch.dtype) -> None:
    """Half precision, double precision and complex weights."""
    weight = nn.Parameter(torch.ones(4, 5, dtype=dtype))
    weight.grad = torch.ones(4, 5, dtype=dtype)
    assert symmetry("w", weight, nn.Linear(5, 4)).both == 1.0


# ------------------------------------------------------------------------------------------------------------ replicas


def names(model: nn.Module, rebuilt: nn.Module | None = None) -> list[tuple[str, ...]]:
    return [each.names for each in replicas(model, rebuilt)]


def test_a_default_model_has_no_replicas() -> None:
    """Not the ones and zeros of norms and biases either."""
    encoder = nn.TransformerEncoderLayer(8, 2, 16)
    plain = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.BatchNorm1d(8), nn.LSTM(8, 8))
    assert names(encoder) == []
    assert names(plain) == []


def test_deep_copies_of_an_initialised_layer_are_replicas() -> None:
    """Each parameter of the layer is a group with those of its copies."""
    layer = nn.Linear(8, 8)
    model = nn.Sequential(*(deepcopy(layer) for _ in range(3)), nn.Linear(8, 8))  # initlint: ignore[INL109]
    assert names(model) == [("0.weight", "1.weight", "2.weight"), ("0.bias", "1.bias", "2.bias")]


def test_the_layers_of_a_transformer_encoder_are_replicas() -> None:
    """``nn.TransformerEncoder`` deep-copies the layer it is given, a fault known to torch's own documentation."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    assert ("layers.0.linear1.weight", "layers.1.linear1.weight") in names(model)


def test_a_tied_weight_is_no_replica() -> None:
    """One parameter under two names, or two that share memory, are shared on purpose."""
    model = nn.ModuleList([nn.Linear(8, 8, bias=False) for _ in range(3)])
    model[1].weight = model[0].weight
    model[2].weight = nn.Parameter(model[0].weight.data)
    assert names(model) == []


def test_parameters_that_agree_in_the_sample_only_are_no_replicas() -> None:
    """Every entry counts."""
    model = nn.ModuleList([nn.Linear(64, 64, bias=False) for _ in range(2)])
    with torch.no_grad():
        model[1].weight.copy_(model[0].weight)
        model[1].weight[1, 1] += 1
    assert names(model) == []


def test_values_that_no_seed_changes_are_no_replicas() -> None:
    """A formula gives the same everywhere by design; a second build tells it from copies of one draw."""

    def build(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        layer = nn.Linear(8, 8, bias=False)
        model = nn.Sequential(deepcopy(layer), deepcopy(layer))
        for each in model:
            each.states = nn.Parameter(torch.arange(1.0, 5.0).log())
        return model

    assert names(build(0)) == [("0.weight", "1.weight"), ("0.states", "1.states")]
    assert names(build(0), build(1)) == [("0.weight", "1.weight")]


def test_lazy_parameters_are_passed_over() -> None:
    """They have no values yet."""
    assert names(nn.Sequential(nn.LazyLinear(3), nn.LazyLinear(3))) == []
