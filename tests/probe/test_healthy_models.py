"""The verdict on models that people train: what is zero or unused on purpose is no fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from by_hand import network as by_hand
from by_hand import recording, row, weight
from diagnosing import WIDTH, LowRank, Unused, he, health, stack, symptoms
from torch import Tensor, nn
from torch.nn import functional

from initlint.diagnosis.health import diagnose
from initlint.probe.linking import link


class Residual(nn.Module):
    """Convolutions with batch norm around a skip."""

    def __init__(self, has_zero_gamma: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        if has_zero_gamma:
            nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 16, height, width) to the same."""
        branch = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(branch)))


def residual(has_zero_gamma: bool = False) -> nn.Module:
    """Eight blocks between a stem and a head."""
    blocks = [Residual(has_zero_gamma) for _ in range(8)]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4),
    )  # fmt: skip


class Attentive(nn.Module):
    """A pre-norm transformer that reads a class token; its branches go through a layer scale, its head may be zero."""

    def __init__(self, scale: float | None = None, has_zero_head: bool = False) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.embed = nn.Linear(8, WIDTH)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.LayerNorm(WIDTH), nn.MultiheadAttention(WIDTH, 4, batch_first=True)]) for _ in range(4)
        )
        self.scales = nn.ParameterList(torch.full((WIDTH,), 1.0 if scale is None else scale) for _ in range(4))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 4)
        if has_zero_head:
            nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, places, 8) to (batch, 4)."""
        x = torch.cat([self.token.expand(len(x), -1, -1), self.embed(x)], 1)
        for (norm, attention), scale in zip(self.blocks, self.scales, strict=True):
            inside = norm(x)
            x = x + scale * attention(inside, inside, inside, need_weights=False)[0]
        return self.head(self.norm(x)[:, 0])


class Masked(nn.Module):
    """Attention by hand, with a mask of minus infinity."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, places, 8) to (batch, 4)."""
        mask = torch.full((x.shape[1], x.shape[1]), -torch.inf).triu(1)
        weights = (self.query(x) @ x.transpose(1, 2) / 8**0.5 + mask).softmax(-1)
        return (weights @ self.value(x)).mean(1)


class Recurrent(nn.Module):
    """The last state of a recurrent layer, and a head."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.layer, self.head = layer(8, 32, batch_first=True), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, steps, 8) to (batch, 4)."""
        return self.head(self.layer(x)[0][:, -1])


def unet() -> nn.Module:
    """Down and up again, the high resolution handed over."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.inner, self.up = (
                nn.Sequential(nn.Conv2d(wide, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()) for wide in (3, 8, 16)
            )
            self.head = nn.Conv2d(8, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            high = self.down(x)
            low = functional.interpolate(self.inner(functional.max_pool2d(high, 2)), scale_factor=2)
            return self.head(self.up(torch.cat([high, low], 1)))

    return Net()


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        pytest.param(lambda: stack(3), (32, WIDTH), id="shallow at the default"),
        pytest.param(lambda: stack(20, init=he), (32, WIDTH), id="deep, He"),
        pytest.param(lambda: stack(20, nn.Tanh, nn.init.xavier_normal_), (32, WIDTH), id="deep, tanh, Xavier"),
        pytest.param(lambda: stack(12, norm=nn.BatchNorm1d), (32, WIDTH), id="batch norm"),
        pytest.param(lambda: stack(12, norm=nn.LayerNorm), (32, WIDTH), id="layer norm"),
        pytest.param(
            lambda: stack(12, init=lambda w: nn.init.normal_(w, std=1e-3), norm=nn.BatchNorm1d), (32, WIDTH),
            id="tiny weights before batch norm",
        ),
        pytest.param(lambda: nn.Linear(WIDTH, 4), (32, WIDTH), id="a linear map"),
        pytest.param(residual, (8, 3, 16, 16), id="residual"),
        pytest.param(lambda: residual(True), (8, 3, 16, 16), id="residual, zero gamma"),
        pytest.param(Attentive, (8, 6, 8), id="transformer"),
        pytest.param(lambda: Attentive(1e-6), (8, 6, 8), id="layer scale 1e-6"),
        pytest.param(lambda: Attentive(0.0), (8, 6, 8), id="layer scale 0"),
        pytest.param(lambda: Attentive(has_zero_head=True), (8, 6, 8), id="zero head"),
        pytest.param(lambda: nn.Sequential(LowRank(), nn.ReLU(), nn.Linear(WIDTH, 4)), (32, WIDTH), id="LoRA"),
        pytest.param(Masked, (8, 6, 8), id="mask of infinities"),
        pytest.param(Unused, (32, WIDTH), id="a branch that does not run"),
        pytest.param(unet, (8, 3, 16, 16), id="U-Net"),
        pytest.param(lambda: Recurrent(nn.LSTM), (8, 20, 8), id="LSTM"),
        pytest.param(lambda: Recurrent(nn.GRU), (8, 20, 8), id="GRU"),
        pytest.param(lambda: nn.Transformer(32, 2, 2, 2, 64, batch_first=True).encoder, (8, 6, 32), id="nn.Transformer"),
    ],
)  # fmt: skip
def test_what_people_train_is_healthy(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    found = health(build, *shape)
    assert found.verdict == "healthy", found.diagnoses
    assert found.score > 0.5 and found.first is None


def test_a_bias_before_a_batch_norm_has_no_gradient_and_no_fault() -> None:
    rows = [
        row(0, "input"), row(1, inputs=[0], bias="bias", parameters=("bias",)), row(2, "norm", [1]), row(3, inputs=[2])
    ]  # fmt: skip
    nothing = weight("bias").gradient
    assert nothing is not None
    stuck = weight("bias", gradient=type(nothing)(mean_square=0.0, elements=64, zero_fraction=1.0))
    with_norm = link(recording(rows, [type(stuck)(**{**_fields(stuck), "role": "bias"}), weight("other")]))
    assert not symptoms(diagnose(with_norm))


def _fields(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}  # type: ignore[attr-defined]


def test_frozen_parameters_are_nobodys_concern() -> None:
    assert health(lambda: nn.Sequential(nn.Linear(WIDTH, 8).requires_grad_(False), nn.Linear(8, 4))).diagnoses == ()


def test_a_network_that_was_not_measured_is_healthy_for_all_one_knows() -> None:
    net = by_hand([(), (0,), (1,)])
    net.measured = None
    for layer in net.layers:
        layer.measured = None
    assert diagnose(net).verdict == "healthy"
