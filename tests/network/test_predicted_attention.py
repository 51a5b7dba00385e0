"""Gains of attention predicted from source, against the same modules run."""

from __future__ import annotations

import pytest
from predicting import HEADER, assert_predicted, gains, measured

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

torch = pytest.importorskip("torch")

TRANSFORMER = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 64, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 64))
        self.place = nn.Parameter(torch.randn(1, 17, 64) * 0.5)
        self.norm = nn.LayerNorm(64)
        self.qkv = nn.Linear(64, 192)
        self.proj = nn.Linear(64, 64)
        self.gamma = nn.Parameter(0.1 * torch.ones(64))
        self.last = nn.LayerNorm(64)
        self.after = nn.Linear(64, 64)

    def forward(self, x):
        x = self.cut(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.place
        q, k, v = self.qkv(self.norm(x)).reshape(-1, 17, 3, 4, 16).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(-1, 17, 64)
        x = x + self.gamma * self.proj(mixed)
        return self.after(self.last(x))
"""


def test_attention_over_tokens_is_predicted() -> None:
    assert_predicted(TRANSFORMER, (8, 3, 16, 16), "cut", "qkv", "last", "after")
    assert_predicted(TRANSFORMER, (8, 3, 16, 16), "proj", rel=0.25)


PROJECTED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(64)
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
        self.out = nn.Linear(64, 64)

    def forward(self, x):
        x = self.norm(x)
        mixed, _ = self.attention(x, x, x, need_weights=False)
        return self.out(x + mixed)
"""


def test_an_attention_module_projects_before_and_after() -> None:
    """With Xavier's rule over the packed projections, and the default of a linear map behind."""
    torch.manual_seed(0)
    values = gains(PROJECTED, (32, 25, 64))
    real = []
    for _ in range(8):
        attention = torch.nn.MultiheadAttention(64, 4, batch_first=True)
        x = torch.nn.LayerNorm(64)(torch.randn(32, 25, 64))
        real.append(float(attention(x, x, x, need_weights=False)[0].detach().var()))
    assert values["attention"] == pytest.approx(sum(real) / len(real), rel=0.08)


MASKED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(64, 192)
        self.out = nn.Linear(64, 64)

    def forward(self, x):
        q, k, v = self.map(x).chunk(3, dim=-1)
        weights = q @ k.transpose(-2, -1)
        if x.shape[1] > 8:
            weights = weights + torch.zeros(1)
        return self.out(weights.softmax(-1) @ v)
"""


def test_logits_are_followed_whether_or_not_a_mask_is_added() -> None:
    """The branch that adds the mask and the one that does not are of the same queries and keys."""
    assert "out" in gains(MASKED, (8, 16, 64))


MIXED_HEADS = """
class Talking(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.before, self.after = nn.Linear(heads, heads, bias=False), nn.Linear(heads, heads, bias=False)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        logits = (q * self.scale @ k.transpose(-2, -1)) * self.temperature
        weights = self.before(logits.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).softmax(-1)
        weights = self.after(weights.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return (weights @ v).transpose(1, 2).reshape(B, N, C)


class Turned(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.scale = width**-0.5

    def forward(self, x):
        weights = (self.q(x) @ self.k(x).transpose(1, 2) * self.scale).softmax(-1)
        return (self.v(x).transpose(1, 2) @ weights.transpose(1, 2)).transpose(1, 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(64)
        self.mixed, self.first = Talking(64, 4), nn.Linear(64, 64)
        self.turned, self.second = Turned(64), nn.Linear(64, 64)

    def forward(self, x):
        return self.first(self.mixed(self.norm(x))), self.second(self.turned(self.norm(x)))
"""


def test_attention_whose_heads_are_mixed_or_that_is_written_the_other_way_round_is_predicted() -> None:
    networks = initlint.check_text(HEADER + MIXED_HEADS, "net.py").networks
    network = next(each for each in networks if each.name == "Net")
    found = {each.layer.name: as_float(each.after.variance) for each in predict(network, [(16, 32, 64)])}
    real = measured(MIXED_HEADS, (16, 32, 64), seeds=24)
    for name in ("first", "second"):
        assert found[name] == pytest.approx(real[name], rel=0.08), name
