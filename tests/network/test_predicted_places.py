"""Gains of convolutions and pools predicted from source for inputs of a known shape, against the same modules run."""

from __future__ import annotations

import pytest
from predicting import HEADER, assert_predicted, measured

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

CONVOLUTIONS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 64, 3, padding=1)
        self.second = nn.Conv2d(64, 128, 3, padding=1)
        self.norm = nn.BatchNorm2d(128)
        self.pool = nn.MaxPool2d(2)
        self.third = nn.Conv2d(128, 128, 3, padding=1)
        self.all = nn.AdaptiveAvgPool2d(1)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        x = self.pool(self.norm(self.second(self.first(x).relu())).relu())
        return self.out(self.all(self.third(x).relu()).flatten(1))
"""


def test_borders_and_pools_over_all_places_count_where_the_shape_is_known() -> None:
    assert_predicted(CONVOLUTIONS, (16, 3, 8, 8), "first", "second", "norm", "pool", "third")
    assert_predicted(CONVOLUTIONS, (16, 3, 8, 8), "all", rel=0.2)


def test_without_a_shape_a_pool_over_all_places_is_unknown() -> None:
    (network,) = initlint.check_text(HEADER + CONVOLUTIONS, "net.py").networks
    found = {each.layer.name: each.after.variance for each in predict(network)}
    assert found["third"] is not None
    assert found["all"] is None


MERGED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 2, stride=2)
        self.merge = nn.Linear(128, 64)
        self.out = nn.Linear(64, 64)

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        B, H, W, C = x.shape
        x = x.reshape(B, H // 2, 2, W // 2, 2, C).permute(0, 1, 3, 4, 2, 5).flatten(3)
        x = self.merge(x)
        return self.out(x.mean((1, 2)))
"""


def test_neighbours_that_are_put_into_one_place_leave_fewer_places() -> None:
    assert_predicted(MERGED, (64, 3, 16, 16), "merge", "out", rel=0.1)


POOLED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(32, 128, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.again = nn.MaxPool2d(3, stride=1, padding=1)
        self.second = nn.Sequential(nn.Conv2d(128, 128, 1, bias=False), nn.BatchNorm2d(128))
        self.mean = nn.AvgPool2d(3, stride=1, padding=1)
        self.third = nn.Sequential(nn.Conv2d(128, 128, 1, bias=False), nn.BatchNorm2d(128))
        self.inner = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        self.left, self.right = nn.Conv2d(128, 32, 1, bias=False), nn.Conv2d(128, 96, 1, bias=False)
        self.norm = nn.BatchNorm2d(96)
        self.parts = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.again(self.pool(self.first(x).relu()))
        x = self.inner(self.third(self.mean(self.second(x))))
        return self.parts(torch.cat([self.left(x).relu(), self.norm(self.right(x)).relu()], 1))
"""


def test_pools_behind_pools_and_over_parts_of_different_size_are_predicted() -> None:
    assert_predicted(POOLED, (8, 32, 40, 40), "pool", "mean", "inner", "parts", rel=0.1)


SQUEEZED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.norm = nn.Conv2d(32, 256, 3, padding=1), nn.BatchNorm2d(256)
        self.gate = nn.Conv2d(256, 256, 1)
        self.pool = nn.MaxPool2d(3, stride=2)

    def forward(self, x):
        x = self.norm(self.map(x)).relu()
        return self.pool(x * self.gate(x.mean((2, 3), keepdim=True)).sigmoid())
"""


def test_the_largest_of_a_gated_signal_is_the_gated_largest() -> None:
    assert_predicted(SQUEEZED, (16, 32, 17, 17), "pool")


PARTLY_ADDED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.second, self.again = nn.Conv2d(64, 256, 3, padding=1), nn.BatchNorm2d(256)
        self.last, self.end = nn.Conv2d(256, 256, 1), nn.Identity()

    def forward(self, x):
        shortcut = 3 * self.norm(self.first(x))
        x = self.again(self.second(shortcut))
        return self.end(torch.cat([x[:, :64] + shortcut, x[:, 64:]], dim=1))
"""


def test_units_that_are_cut_out_count_by_their_number() -> None:
    (network,) = initlint.check_text(HEADER + PARTLY_ADDED, "net.py").networks
    last = as_float(predict(network, [(16, 32, 8, 8)])[-1].after.variance)
    assert last == pytest.approx(measured(PARTLY_ADDED, (16, 32, 8, 8))["end"], rel=0.05)
