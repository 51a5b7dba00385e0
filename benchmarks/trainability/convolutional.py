"""Small convolutional networks on images of 8 x 8 pixels."""

from __future__ import annotations

from collections.abc import Iterator

from trainability.model import IMAGE, Model, fill
from trainability.pieces import ACTIVATIONS, apply_all, initialise, initialise_all

PLAIN = (
    "none relu default 2", "none relu default 4", "none relu default 6", "none relu default 9", "none relu he_n 6",
    "none relu he_n 15", "none relu he_out 10", "none relu xavier_n 5", "none relu xavier_n 12", "none relu n001 3",
    "none relu n002 5", "none relu n1 4", "none relu orth_relu 12", "none tanh xavier_n 8", "none tanh default 10",
    "none sigmoid default 3", "none sigmoid xavier_u 6", "none gelu he_n 8", "none elu lecun 10", "none leaky he_u 12",
    "none relu u01 4", "none relu const 4", "none relu zeros 3", "none selu lecun 15",
    "none relu default 18", "none tanh n001 6", "none silu n002 8", "none sigmoid orth 10", "none softplus default 8",
    "none gelu xavier_n 24", "none relu xavier_u 20", "none relu orth 24", "none tanh n002 10", "none relu n1 10",
    "bn relu default 6", "bn relu he_n 15", "bn relu n001 6", "bn relu n1 6", "bn relu he_n 24", "bn sigmoid default 5",
)  # fmt: skip
"""Norm, activation, init, number of convolutions."""
RESIDUAL = (
    "plain relu he_n 4", "plain relu he_n 10", "zero relu he_n 6", "none relu he_n 8", "none relu he_n 16",
    "none relu default 8", "none relu n1 6", "skipless relu default 10", "plain relu n001 6",
)  # fmt: skip
"""Kind, activation, init, number of blocks."""

STACK = """
import torch
from torch import nn

$init_weights
def conv_block(in_channels, out_channels):
    return [
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
        $after
    ]


class Network(nn.Module):
    def __init__(self, channels=$width, depth=$depth):
        super().__init__()
        layers = conv_block(1, channels)
        for index in range(1, depth):
            layers += conv_block(channels, channels)
            if index == 1:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.classifier = nn.Linear(channels * 4, 10)
        $apply

    def forward(self, x):
        x = self.pool(self.features(x))
        return self.classifier(torch.flatten(x, 1))
"""

RESNET = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=$bias)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=$bias)
        $norms

    def forward(self, x):
        out = $call
        out = $second
        return $sum


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, $width, 3, stride=2, padding=1)
        self.layer = nn.Sequential(*[BasicBlock($width) for _ in range($depth)])
        self.fc = nn.Linear($width * 16, 10)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                $m
        $zero_gamma

    def forward(self, x):
        x = F.relu(self.conv(x))
        x = self.layer(x)
        return self.fc(x.flatten(1))
"""


def models() -> Iterator[Model]:
    """All of them; the same ones in every run."""
    yield from map(plain, PLAIN)
    yield from map(residual, RESIDUAL)


def plain(text: str) -> Model:
    """A stack of convolutions."""
    norm, activation, init, depth = text.split()
    return Model(f"conv-{norm}-{activation}-{init}-d{depth}", IMAGE, _stack(norm, activation, init, depth))


def residual(text: str) -> Model:
    """A stem and residual blocks."""
    kind, activation, init, depth = text.split()
    return Model(f"resnet-{kind}-{activation}-{init}-b{depth}", IMAGE, _resnet(kind, activation, init, depth))


def _stack(norm: str, activation: str, init: str, depth: str) -> str:
    module = ACTIVATIONS[activation][0]
    return fill(
        STACK,
        init_weights=["", *initialise_all(init, "(nn.Conv2d, nn.Linear)")],
        after=["nn.BatchNorm2d(out_channels),"] * (norm == "bn") + [f"{module},"],
        width="12",
        depth=depth,
        apply=apply_all(init),
    )


def _resnet(kind: str, activation: str, init: str, depth: str) -> str:
    call = ACTIVATIONS[activation][1]
    normed = kind in ("plain", "zero")
    return fill(
        RESNET,
        bias=str(not normed),
        norms=["self.bn1 = nn.BatchNorm2d(channels)", "self.bn2 = nn.BatchNorm2d(channels)"] * normed,
        call=call.format("self.bn1(self.conv1(x))" if normed else "self.conv1(x)"),
        second="self.bn2(self.conv2(out))" if normed else "self.conv2(out)",
        sum=call.format("out" if kind == "skipless" else "out + x"),
        width="12",
        depth=depth,
        m=initialise(init, "m", bias=False) or ["pass"],
        zero_gamma=["for block in self.layer:", "    nn.init.zeros_(block.bn2.weight)"] if kind == "zero" else [],
    )
