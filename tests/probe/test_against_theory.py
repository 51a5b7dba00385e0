"""What a probe measures against what the theory says, with a stated confidence.

Inputs are standard normal, so that the theory is exact for the expectation: a linear map of them needs no assumption, and
a map with orthogonal weights makes independent Gaussians of any variance and mean. What is left is sampling error, whose
size is derived, not chosen: each measured mean square is a sum of squares, so nearly a chi-squared variable with
``2 / relative variance`` degrees of freedom (Satterthwaite 1946), whose cube root is normal with known mean and variance
(Wilson and Hilferty 1931). All `CHECKS` comparisons together are wrong with probability `ALPHA` (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest
import torch
from recorded import parameter, record, row, rows, signal
from torch import Tensor, nn
from torch.nn import functional

from initlint.probe.recording import ParameterRow, Recording
from initlint.signal import propagation
from initlint.signal.activations import ACTIVATIONS
from initlint.signal.defaults import DEFAULTS
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS
from initlint.signal.moments import STANDARD, Moments
from initlint.signal.size import as_float

ALPHA = 1e-4
"""Probability that any of the comparisons in this file fails although all is right."""
CHECKS = 800
"""Comparisons in this file, at most (`test_the_comparisons_are_not_more_than_were_counted_on`)."""
LIMIT = NormalDist().inv_cdf(1 - ALPHA / CHECKS / 2)
"""Standard deviations: 5.3."""
ROUNDING = 2e-5
"""Relative error of a mean square of up to 2^17 entries, summed in float32."""
BATCH = 256

compared: list[str] = []


def assert_agrees(measured: float, expected: float, relative_variance: float, what: str) -> None:
    """`measured`, a mean of squares with the given ``variance / mean²``, agrees with its expectation."""
    compared.append(what)
    if expected == 0 or relative_variance < ROUNDING**2:
        assert measured == pytest.approx(expected, rel=ROUNDING), what
        return
    noise = relative_variance / 9
    deviation = ((measured / expected) ** (1 / 3) - (1 - noise)) / math.sqrt(noise)
    assert abs(deviation) < LIMIT, (
        f"{what}: {measured:.5g}, expected {expected:.5g}, {deviation:.1f} standard deviations"
    )


def known(value: object) -> float:
    """A number that the theory knows."""
    number = as_float(value)  # type: ignore[arg-type]
    assert number is not None
    return number


# --------------------------------------------------------------------------------------------------------- activations


class Function(nn.Module):
    """An activation that is a function and no module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Element by element."""
        return self.function(x)


@dataclass(frozen=True)
class Case:
    """An activation as torch has it, and with what parameters."""

    make: Callable[[], nn.Module]
    parameters: Mapping[str, object] = field(default_factory=dict)
    is_heavy: bool = False
    """Its square has so heavy a tail that it is tried on small signals only, where the sum is nearly normal."""


def function(each: Callable[[Tensor], Tensor], **options: Any) -> Case:
    """A case that is a function of torch's."""
    return Case(lambda: Function(each), **options)


CASES: dict[str, list[Case]] = {
    "relu": [Case(nn.ReLU), function(torch.relu)],
    "leaky_relu": [Case(nn.LeakyReLU), Case(lambda: nn.LeakyReLU(0.2), {"negative_slope": 0.2})],
    "prelu": [Case(nn.PReLU), Case(lambda: nn.PReLU(init=0.1), {"init": 0.1})],
    "rrelu": [Case(nn.RReLU), Case(lambda: nn.RReLU(0.0, 0.5), {"lower": 0.0, "upper": 0.5})],
    "abs": [function(torch.abs)],
    "elu": [Case(nn.ELU), Case(lambda: nn.ELU(0.5), {"alpha": 0.5})],
    "selu": [Case(nn.SELU)],
    "celu": [Case(nn.CELU), Case(lambda: nn.CELU(2.0), {"alpha": 2.0})],
    "gelu": [Case(nn.GELU), Case(lambda: nn.GELU("tanh"), {"approximate": "tanh"})],
    "silu": [Case(nn.SiLU)],
    "swish": [function(functional.silu)],
    "mish": [Case(nn.Mish)],
    "relu6": [Case(nn.ReLU6)],
    "hardswish": [Case(nn.Hardswish)],
    "sigmoid": [Case(nn.Sigmoid), function(torch.sigmoid)],
    "hardsigmoid": [Case(nn.Hardsigmoid)],
    "tanh": [Case(nn.Tanh), function(torch.tanh)],
    "hardtanh": [Case(nn.Hardtanh), Case(lambda: nn.Hardtanh(-0.5, 2.0), {"min_val": -0.5, "max_val": 2.0})],
    "softsign": [Case(nn.Softsign)],
    "erf": [function(torch.erf)],
    "softplus": [Case(nn.Softplus), Case(lambda: nn.Softplus(2.0), {"beta": 2.0})],
    "logsigmoid": [Case(nn.LogSigmoid)],
    "tanhshrink": [Case(nn.Tanhshrink)],
    "softshrink": [Case(nn.Softshrink)],
    "hardshrink": [Case(nn.Hardshrink)],
    "threshold": [Case(lambda: nn.Threshold(0.1, 0.5), {"threshold": 0.1, "value": 0.5})],
    "sin": [function(torch.sin)],
    "cos": [function(torch.cos)],
    "exp": [function(torch.exp, is_heavy=True)],
    "square": [function(torch.square)],
    "power": [function(lambda x: x**3, parameters={"exponent": 3.0}, is_heavy=True)],
}
"""Every activation of the theory but the identity, which is no operation."""
FLAT = [pytest.param(name, case, id=f"{name}-{n}") for name, cases in CASES.items() for n, case in enumerate(cases)]
SIGNALS = [(0.0, 1.0), (0.5, 0.25), (-1.0, 2.0)]
"""Means and standard deviations of the pre-activations."""
WIDTH = 256
DRAWS = 50_000
"""Gaussian entries from which the *spread* of a square is found; its error of 1 % or so shifts the limit as much."""


def gaussian(mean: float, std: float) -> Callable[[], nn.Module]:
    """A map of standard normal inputs to independent N(mean, std²)."""

    def build() -> nn.Module:
        layer = nn.Linear(WIDTH, WIDTH)
        nn.init.orthogonal_(layer.weight, gain=std)
        nn.init.constant_(layer.bias, mean)
        return layer

    return build


@pytest.mark.parametrize("name, case", FLAT)
def test_activations_pass_signal_and_gradient_as_the_theory_says(name: str, case: Case) -> None:
    for mean, std in [(0.0, 0.25), (0.25, 0.25)] if case.is_heavy else SIGNALS:

        def build(mean: float = mean, std: float = std) -> nn.Module:
            return nn.Sequential(gaussian(mean, std)(), case.make())

        recording = record(build, signal(BATCH, WIDTH), batch=BATCH)
        linear, activation = row(recording, "0"), row(recording, "1")
        assert (activation.op, activation.activation) in (("activation", NAMES.get(name, name)), ("unknown", ""))
        entry = Moments(mean, mean**2 + std**2)
        forward = known(propagation.activate(entry, name, **case.parameters).second)
        backward = known(propagation.activate_backward(entry, name, **case.parameters))
        assert linear.gradient is not None and activation.gradient is not None
        measured = linear.gradient.mean_square / activation.gradient.mean_square
        spread, gradient_spread = spreads(case, mean, std)
        assert_agrees(activation.output.second, forward, spread / (BATCH * WIDTH), f"{name}({mean}, {std}) forward")
        assert_agrees(measured, backward, gradient_spread / (BATCH * WIDTH), f"{name}({mean}, {std}) backward")


NAMES = {"swish": "silu"}
"""What torch calls what the theory has under two names."""


def spreads(case: Case, mean: float, std: float) -> tuple[float, float]:
    """``variance / mean²`` of f(x)², and of (g f'(x))² with a standard normal g, for x ~ N(mean, std²)."""
    x = (mean + std * signal(DRAWS, seed=99, dtype=torch.float64)).requires_grad_()
    y = case.make().double()(x)
    y.sum().backward()
    assert x.grad is not None
    value, slope = y.detach().square(), x.grad.square()
    return relative_variance(value), (3 * slope.square().mean() / slope.mean() ** 2 - 1).item()


def relative_variance(squares: Tensor) -> float:
    """``variance / mean²``."""
    return (squares.var() / squares.mean() ** 2).item()


def test_every_activation_of_the_theory_is_compared() -> None:
    assert set(CASES) == set(ACTIVATIONS) - {"identity"}


# --------------------------------------------------------------------------------------------------------- linear maps


def compare_map(
    build: Callable[[], nn.Module],
    shape: tuple[int, ...],
    law: Distribution,
    bias: Distribution,
    fans: tuple[float, float],
    what: str,
) -> None:
    """Forward and backward gain of an affine layer on standard normal inputs, and the law of its weight."""
    recording = record(lambda: nn.Sequential(build()).requires_grad_(False), signal(BATCH, *shape), batch=BATCH)
    entry, layer = recording.rows
    weight = parameter(recording, "0.weight")
    compare_law(weight, law, what)
    torch.manual_seed(0)
    matrix, offset = as_matrix(build(), shape)
    outer = matrix @ matrix.T
    draws = 0.0 if law.family in EXACT else weight_variance(recording, build)
    expected = known(propagation.linear(STANDARD, fans[0], law, bias).second)
    inputs = (2 * outer.square().sum() + 4 * offset @ outer @ offset).item() / BATCH / len(matrix) ** 2
    biases = known(bias.variance) * BIAS_SPREAD / len(offset.unique())
    noise = draws + (inputs + biases) / expected**2 if expected else 0.0
    assert_agrees(layer.output.second, expected, noise, f"{what} forward")
    assert entry.gradient is not None and layer.gradient is not None
    backward = known(propagation.linear_backward(fans[1], law))
    cotangents = 2 * outer.square().sum().item() / (BATCH * (backward * matrix.shape[1]) ** 2) if backward else 0.0
    measured = entry.gradient.mean_square / layer.gradient.mean_square
    assert_agrees(measured, backward, cotangents + draws, f"{what} backward")


EXACT = frozenset({"constant", "orthogonal", "identity"})
"""Families whose sum of squares no draw changes."""
BIAS_SPREAD = 1.0
"""Variance of b² over the variance of b, at most: that of a uniform b² is ``4/45 a⁴`` where Var b is ``a²/3``, a <= 1."""


def as_matrix(layer: nn.Module, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The map of one sample as a matrix (outputs, inputs), and its constant part."""
    size = math.prod(shape)
    with torch.no_grad():
        layer = layer.double()
        offset = layer(torch.zeros(1, *shape, dtype=torch.float64)).flatten()
        images = layer(torch.eye(size, dtype=torch.float64).view(size, *shape)).flatten(1)
    return (images - offset).T, offset


def weight_variance(recording: Recording, build: Callable[[], nn.Module]) -> float:
    """``variance / mean²`` over the draws of the mean square of the weight: of independent entries."""
    torch.manual_seed(0)
    squares = build().weight.detach().double().square()  # type: ignore[operator, union-attr]
    return relative_variance(squares) / squares.numel() if float(squares.mean()) else 0.0


def compare_law(found: ParameterRow, law: Distribution, what: str) -> None:
    """Mean and mean square of a parameter against its law."""
    mean, std, count = known(law.mean), math.sqrt(known(law.variance)), found.values.elements
    compared.append(f"{what} mean")
    noise = 0.0 if law.family in ("constant", "identity") else LIMIT * std / math.sqrt(count)
    assert abs(found.values.mean - mean) <= noise + ROUNDING * max(abs(mean), std), what
    if law.family in EXACT:
        assert_agrees(found.values.second, known(law.second), 0.0, f"{what} mean square")
    elif count >= FEW:
        assert_agrees(found.values.second, known(law.second), MOST_KURTOSIS[law.family] / count, f"{what} mean square")


FEW = 64
"""Entries from which a mean square is nearly a scaled chi-squared variable, whatever the entries are drawn from."""
MOST_KURTOSIS = {"normal": 2.0, "truncated_normal": 2.0, "uniform": 2.0, "sparse": 3 / (1 - 0.3) - 1}
"""``variance / mean²`` of the square of an entry, at most: 2 for a normal one; of the sparse one that is compared."""

LINEAR, IMAGE = (48, 64), (6, 5, 8)
"""Outputs and inputs of the linear map; channels in, channels out and side of the convolved image."""
INITIALISED: list[tuple[str, dict[str, Any]]] = [
    ("uniform_", {}),
    ("uniform_", {"a": -0.3, "b": 0.1}),
    ("normal_", {"std": 0.02}),
    ("normal_", {"mean": 0.1, "std": 0.1}),
    ("trunc_normal_", {"std": 0.02}),
    ("trunc_normal_", {"std": 1.0, "a": -1.0, "b": 0.5}),
    ("constant_", {"val": 0.1}),
    ("ones_", {}),
    ("zeros_", {}),
    ("eye_", {}),
    ("dirac_", {}),
    ("xavier_uniform_", {}),
    ("xavier_uniform_", {"gain": 5 / 3}),
    ("xavier_normal_", {}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": math.sqrt(5)}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {"nonlinearity": "tanh"}),
    ("kaiming_normal_", {"mode": "fan_out"}),
    ("orthogonal_", {}),
    ("orthogonal_", {"gain": math.sqrt(2)}),
    ("sparse_", {"sparsity": 0.3}),
]
MATRICES_ONLY, KERNELS_ONLY = frozenset({"eye_", "sparse_"}), frozenset({"dirac_"})


@pytest.mark.parametrize("name, options", INITIALISED, ids=str)
def test_initialisers_give_a_linear_map_the_gain_of_the_theory(name: str, options: dict[str, Any]) -> None:
    if name in KERNELS_ONLY:
        pytest.skip("for kernels only")

    def build() -> nn.Module:
        layer = nn.Linear(LINEAR[1], LINEAR[0], bias=False)
        getattr(nn.init, name)(layer.weight, **options)
        return layer

    law = INITIALIZERS[name](LINEAR, **options)
    compare_map(build, LINEAR[1:], law, propagation.NO_BIAS, LINEAR[::-1], f"Linear {name}{options}")


@pytest.mark.parametrize("name, options", INITIALISED, ids=str)
def test_initialisers_give_a_convolution_the_gain_of_the_theory(name: str, options: dict[str, Any]) -> None:
    if name in MATRICES_ONLY:
        pytest.skip("for matrices only")
    inputs, outputs, side = IMAGE

    def build() -> nn.Module:
        layer = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="circular", bias=False)
        getattr(nn.init, name)(layer.weight, **options)
        return layer

    law = INITIALIZERS[name]((outputs, inputs, 3, 3), **options)
    fans = (9 * inputs, 9 * outputs)
    compare_map(build, (inputs, side, side), law, propagation.NO_BIAS, fans, f"Conv2d {name}{options}")


def test_every_initialiser_of_the_theory_is_compared() -> None:
    assert {name for name, _ in INITIALISED} == set(INITIALIZERS)


CIRCULAR = {"padding_mode": "circular"}
AFFINE: list[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, Any], tuple[int, ...]]] = [
    ("Linear", (64, 48), {}, {}, (64,)),
    ("LazyLinear", (48,), {}, {}, (64,)),
    ("Conv1d", (6, 8, 5), {}, {**CIRCULAR, "padding": 2}, (6, 24)),
    ("Conv2d", (6, 8, 3), {}, {**CIRCULAR, "padding": 1}, (6, 8, 8)),
    ("Conv2d", (6, 12, 3), {"groups": 3}, {**CIRCULAR, "padding": 1}, (6, 8, 8)),
    ("Conv2d", (6, 12, 3), {"groups": 6, "stride": 2}, {**CIRCULAR, "padding": 1}, (6, 8, 8)),
    ("Conv2d", (6, 12, 4), {"stride": 4}, {}, (6, 8, 8)),
    ("Conv3d", (3, 4, 3), {}, {**CIRCULAR, "padding": 1}, (3, 4, 4, 4)),
    ("ConvTranspose1d", (8, 6, 2), {"stride": 2}, {}, (8, 16)),
    ("ConvTranspose2d", (8, 6, 3), {"stride": 3}, {}, (8, 5, 5)),
    ("ConvTranspose2d", (8, 6, 2), {"stride": 2, "groups": 2}, {}, (8, 6, 6)),
    ("ConvTranspose3d", (4, 6, 2), {"stride": 2}, {}, (4, 3, 3, 3)),
]
"""Class, arguments, options that the theory is told, too, others, and the shape of a sample; without borders, which the
theory leaves out: circular, or with windows that do not overlap."""


@pytest.mark.parametrize("name, arguments, options, others, shape", AFFINE, ids=str)
def test_layers_without_an_initialiser_have_the_gain_of_the_theory(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], others: dict[str, Any], shape: tuple[int, ...]
) -> None:
    def build() -> nn.Module:
        layer = getattr(nn, name)(*arguments, **options, **others)
        if name.startswith("Lazy"):
            layer(torch.zeros(1, *shape))
        return layer

    told = (shape[0], *arguments) if name.startswith("Lazy") else arguments
    default = DEFAULTS[name](*told, **options)
    assert default.weight is not None and default.bias is not None
    recording = record(build, signal(BATCH, *shape), batch=BATCH)
    (layer,) = rows(recording)
    fans = (known(default.fan_in), known(default.fan_out))
    assert (layer.fan_in, layer.fan_out) == fans, "the recorder counts the terms as the theory does"
    compare_law(parameter(recording, "bias"), default.bias, f"{name} bias")
    compare_map(build, shape, default.weight, default.bias, fans, f"{name}{arguments}{options}")


OTHERS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("Embedding", (300, 64), {}, ()),
    ("RNN", (32, 40), {}, (5, 32)),
    ("LSTM", (32, 40), {}, (5, 32)),
    ("GRU", (32, 40), {}, (5, 32)),
    ("RNNCell", (32, 40), {}, (32,)),
    ("LSTMCell", (32, 40), {}, (32,)),
    ("GRUCell", (32, 40), {}, (32,)),
    ("MultiheadAttention", (32, 4), {}, (5, 32)),
    ("BatchNorm1d", (32,), {}, (32,)),
    ("BatchNorm2d", (4,), {}, (4, 6, 6)),
    ("InstanceNorm2d", (4,), {"affine": True}, (4, 6, 6)),
    ("GroupNorm", (2, 4), {}, (4, 6, 6)),
    ("LayerNorm", (32,), {}, (32,)),
    ("RMSNorm", (32,), {}, (32,)),
    ("PReLU", (), {}, (32,)),
]
"""Layers that are no affine map of one tensor, and the shape of a sample."""


class Called(nn.Module):
    """A layer, called with one input in the way that it wants it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The first output."""
        output = self.layer(x, x, x) if isinstance(self.layer, nn.MultiheadAttention) else self.layer(x)
        return output[0] if isinstance(output, tuple) else output


@pytest.mark.parametrize("name, arguments, options, shape", OTHERS, ids=str)
def test_parameters_of_other_layers_follow_their_laws(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    if not hasattr(nn, name):
        pytest.skip("not in this PyTorch")
    inputs = torch.arange(BATCH) if not shape else signal(BATCH, *shape)
    recording = record(lambda: Called(getattr(nn, name)(*arguments, **options)), inputs, batch=BATCH)
    laws = DEFAULTS[name](*arguments).parameters
    assert recording.parameters
    for each in recording.parameters:
        compare_law(each, law_of(laws, each.name.removeprefix("layer.")), f"{name} {each.name}")


def law_of(laws: Mapping[str, Distribution], name: str) -> Distribution:
    """The law of a parameter, which recurrent layers give once for all their levels."""
    return laws[name] if name in laws else laws[name.removesuffix("_l0")]


# ---------------------------------------------------------------------------------------------------------------- MLPs


SEEDS = 16
T_LIMIT = 9.32
"""Quantile of Student's t with 15 degrees of freedom at ``1 - ALPHA / CHECKS / 2``."""
HIDDEN, DEPTH = 128, 3
EXPLODING, DYING = ("exp", "square", "power"), ("tanhshrink", "softshrink", "hardshrink")
"""Where the spread over few draws does not say what to expect of the next; and where the signal, cubed or cut off, falls so
far below the default bias, which is uniform, that the pre-activations are no Gaussians (E[b⁶] is a quarter of theirs)."""
STABLE = [pytest.param(name, cases[0], id=name) for name, cases in CASES.items() if name not in EXPLODING + DYING]


@pytest.mark.parametrize("name, case", STABLE)
def test_the_signal_of_a_deep_mlp_with_default_weights_is_that_of_the_theory(name: str, case: Case) -> None:
    """From the second layer on samples are alike, so that the draw of the weights decides: its spread is measured.

    The theory holds for endless width: each map adds at most ``2 / n`` to the variance of the log of the mean square (n
    units, each with a squared Gaussian), and half of that to the distance between its mean and the log of the mean.
    """

    def build() -> nn.Module:
        return nn.Sequential(*(each for _ in range(DEPTH) for each in (nn.Linear(HIDDEN, HIDDEN), case.make())))

    x = signal(32, HIDDEN)
    draws = [rows(record(build, x, batch=32, seed=seed)) for seed in range(SEEDS)]
    moments, law = STANDARD, DEFAULTS["Linear"](HIDDEN, HIDDEN)
    for place in range(2 * DEPTH):
        is_map = place % 2 == 0
        moments = (
            propagation.linear(moments, HIDDEN, law.weight, law.bias)  # type: ignore[arg-type]
            if is_map
            else propagation.activate(moments, name, **case.parameters)
        )
        logs = [math.log(each[place].output.second / known(moments.second)) for each in draws]
        compared.append(f"{name} layer {place}")
        error = T_LIMIT * stdev(logs) / math.sqrt(SEEDS) + (place // 2 + 1) / HIDDEN
        assert abs(fmean(logs)) < error + ROUNDING, f"{name}, layer {place}: {fmean(logs):.4f} +- {error:.4f}"


def test_the_comparisons_are_not_more_than_were_counted_on() -> None:
    assert len(compared) <= CHECKS
