"""Gains predicted from source for inputs of a known shape, against the same modules run."""

from __future__ import annotations

import pytest

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

torch = pytest.importorskip("torch")
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"


def gains(source: str, shape: tuple[int, ...]) -> dict[str, float]:
    """Predicted variance behind each named layer."""
    (network,) = initlint.check_text(HEADER + source, "net.py").networks
    found = {each.layer.name: as_float(each.after.variance) for each in predict(network, [shape])}
    return {name: value for name, value in found.items() if name and value is not None}


def measured(source: str, shape: tuple[int, ...], seeds: int = 4) -> dict[str, float]:
    """Variance behind each module, averaged over builds."""
    totals: dict[str, float] = {}
    for seed in range(seeds):
        torch.manual_seed(seed)
        space: dict[str, object] = {}
        exec(HEADER + source, space)
        model = space["Net"]()  # type: ignore[operator]
        handles = [
            module.register_forward_hook(
                lambda _, __, output, name=name: totals.__setitem__(
                    name, totals.get(name, 0.0) + float(output.detach().var()) / seeds
                )
            )
            for name, module in model.named_modules()
            if name
        ]
        model(torch.randn(shape))
        for handle in handles:
            handle.remove()
    return totals


def assert_predicted(source: str, shape: tuple[int, ...], *names: str, rel: float = 0.08, seeds: int = 4) -> None:
    predicted, real = gains(source, shape), measured(source, shape, seeds)
    for name in names:
        assert predicted[name] == pytest.approx(real[name], rel=rel), name


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


DENSE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.small = nn.Linear(64, 32)
        self.large = nn.Linear(64, 192)
        nn.init.normal_(self.large.weight, std=0.5)
        self.joined = nn.Linear(224, 64)

    def forward(self, x):
        return self.joined(torch.cat([self.small(x), self.large(x)], dim=1))
"""


def test_unequal_parts_of_a_concatenation_count_by_their_width() -> None:
    assert_predicted(DENSE, (500, 64), "small", "large", "joined", rel=0.12)


def test_a_signal_times_a_tensor_changes_by_that_tensors_law() -> None:
    source = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(64, 256)
        self.after = nn.Linear(256, 256, bias=False)

    def forward(self, x):
        return self.after(self.map(x) * torch.rand(256))
"""
    assert_predicted(source, (400, 64), "map", "after")


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


GATED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.gain = nn.Parameter(torch.zeros(64))
        self.out = nn.Linear(64, 64)

    def forward(self, x):
        x = self.first(x)
        return self.out(x + self.gain * something_unknown(x))
"""


def test_a_gain_of_zero_leaves_nothing_of_what_is_not_known() -> None:
    """What is added to a residual stream is known before its branch is."""
    values = gains(GATED, (32, 64))
    assert values["out"] == pytest.approx(values["first"] / 3 + 1 / 192, rel=1e-6)


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


EPSILONS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.layer = nn.LayerNorm(64, eps=0.5)
        self.second = nn.Linear(64, 64)
        self.batch = nn.BatchNorm1d(64, eps=0.5)
        self.third = nn.Linear(64, 64)
        self.size = nn.RMSNorm(64, eps=0.5)
        self.fourth = nn.Linear(64, 64)
        self.normed = Normed()

    def forward(self, x):
        x = self.batch(self.second(self.layer(self.first(x))))
        return self.normed(self.fourth(self.size(self.third(x))))


class Normed(nn.Module):
    def forward(self, x):
        return F.layer_norm(x, (64,), None, None, 0.5)
"""


def test_what_a_norm_adds_to_the_variance_counts_where_the_signal_is_small() -> None:
    networks = initlint.check_text(HEADER + EPSILONS, "net.py").networks
    network = next(each for each in networks if each.name == "Net")
    found = {each.layer.name: as_float(each.after.variance) for each in predict(network, [(64, 64)])}
    last = as_float(predict(network, [(64, 64)])[-1].after.variance)
    real = measured(EPSILONS, (64, 64))
    for name in ("layer", "batch", "size"):
        assert found[name] == pytest.approx(real[name], rel=0.05), name
    assert last == pytest.approx(real["normed"], rel=0.05)


COMPUTED = """
class Standardised(nn.Conv2d):
    def __init__(self, channels, units, size, stride=1):
        super().__init__(channels, units, size, stride=stride, padding=1)
        self.scale = self.weight[0].numel() ** -0.5
        self.gain = nn.Parameter(torch.full((units, 1, 1, 1), 1.5))

    def forward(self, x):
        weight = F.batch_norm(
            self.weight.reshape(1, self.out_channels, -1), None, None,
            weight=(self.gain * self.scale).view(-1), training=True, momentum=0.0,
        ).reshape_as(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Equalised(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width))
        self.factor = width**-0.5

    def forward(self, x):
        return F.linear(x, self.weight * self.factor)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Standardised(3, 64, 3, stride=2)
        self.second = Standardised(64, 128, 3)
        self.third = Standardised(128, 128, 3)
        self.out = Equalised(128)

    def forward(self, x):
        return self.out(self.third(self.second(self.first(x).relu()).relu()).mean((2, 3)))
"""


def test_weights_that_are_computed_from_parameters_have_their_law() -> None:
    networks = initlint.check_text(HEADER + COMPUTED, "net.py").networks
    network = next(each for each in networks if each.name == "Net")
    found = [each for each in predict(network, [(16, 3, 16, 16)]) if each.layer.weight is not None]
    real = measured(COMPUTED, (16, 3, 16, 16))
    for prediction, name in zip(found, ("first", "second", "third", "out"), strict=True):
        assert as_float(prediction.after.variance) == pytest.approx(real[name], rel=0.15 if name == "out" else 0.08), (
            name
        )


DROPPED = """
class Same(nn.Conv2d):
    pass


def drop_path(x, rate, training):
    if rate == 0.0 or not training:
        return x
    keep = 1 - rate
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    kept = x.new_empty(shape).bernoulli_(keep)
    kept.div_(keep)
    return x * kept


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Same(3, 64, 3)
        self.second = nn.Conv2d(64, 64, 3, padding=1)
        self.last = nn.Identity()
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                fan = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                nn.init.normal_(m.weight, 0.0, (2.0 / fan) ** 0.5)

    def forward(self, x):
        x = self.first(x)
        return self.third(x + drop_path(self.second(x), 0.5, self.training))

    def third(self, x):
        return self.last(x * 1.5)
"""


def test_paths_dropped_by_a_mask_of_noise_count_as_often_as_they_are_kept() -> None:
    networks = initlint.check_text(HEADER + DROPPED, "net.py").networks
    network = next(each for each in networks if each.name == "Net")
    found = [as_float(each.after.variance) for each in predict(network, [(64, 3, 8, 8)])]
    real = measured(DROPPED, (64, 3, 8, 8))
    assert found[1] == pytest.approx(real["first"], rel=0.08)
    assert found[-1] == pytest.approx(real["last"], rel=0.1)


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


WRITTEN_OUT = """
class Gelu(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1.0 + torch.tanh(0.7978845608 * (x + 0.044715 * torch.pow(x, 3.0))))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 256)
        nn.init.normal_(self.first.weight, std=0.2)
        self.gelu = Gelu()
        self.second = nn.Linear(256, 256)
        self.third = nn.Linear(256, 256)
        self.last = nn.Linear(256, 64)

    def forward(self, x):
        x = self.second(self.gelu(self.first(x)))
        x = self.third(x * torch.sigmoid(1.702 * x))
        return self.last(x * (1 - x))
"""


def test_an_activation_in_several_operations_has_the_law_of_one() -> None:
    assert_predicted(WRITTEN_OUT, (256, 64), "first", "second", "third", "last")


def test_a_sum_of_a_signal_and_a_linear_map_of_it_stays_one_of_independent_parts() -> None:
    source = WRITTEN_OUT.replace("self.last(x * (1 - x))", "self.last(x * torch.tanh(self.third(x)))")
    assert_predicted(source, (256, 64), "last")


REGAINED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.conv = nn.Conv1d(64, 64, 4, groups=64, padding=3)
        self.last = nn.Linear(64, 64)

    def forward(self, x):
        weight = self.conv.weight.squeeze(1)
        x = self.first(x).transpose(1, 2)
        _, width, length = x.shape
        y = F.conv1d(x, weight.unsqueeze(1), self.conv.bias, padding=3, groups=width)
        return self.last(y[:, :, :length].transpose(1, 2))
"""


def test_a_weight_without_an_axis_of_one_and_with_it_again_is_the_same() -> None:
    assert_predicted(REGAINED, (64, 32, 64), "first", "last")


DRAWN_NORMS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1)
        self.norm, self.size = nn.BatchNorm2d(64), nn.LayerNorm(64)
        for norm in (self.norm, self.size):
            nn.init.normal_(norm.weight, 0.5, 0.5)
            nn.init.normal_(norm.bias, 0, 0.4)
        self.pool, self.last = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 64)

    def forward(self, x):
        return self.last(self.size(self.pool(self.second(self.norm(self.first(x)).relu())).flatten(1)))
"""


def test_scales_and_shifts_of_a_norm_that_are_drawn_count_by_their_squares() -> None:
    """Shifts are common to all places, so that a pool keeps what they make."""
    assert_predicted(DRAWN_NORMS, (16, 3, 12, 12), "norm", "second", "pool", "size", "last", seeds=40)


SELECTIVE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(32, 64, 3, padding=1), nn.Conv2d(32, 64, 5, padding=2)
        self.total, self.reduce = nn.Identity(), nn.Conv2d(64, 64, 1)
        self.select, self.last = nn.Conv2d(64, 128, 1), nn.Conv2d(64, 64, 1)
        nn.init.normal_(self.select.weight, std=1.0)

    def forward(self, x):
        paths = torch.stack([self.left(x).relu(), self.right(x).relu()], dim=1)
        share = self.select(self.reduce(paths.sum(1).mean((2, 3), keepdim=True)).relu())
        share = share.view(x.shape[0], 2, 64, 1, 1).softmax(dim=1)
        return self.last(torch.sum(paths * share, dim=1))
"""


def test_branches_that_are_stacked_and_summed_add_up() -> None:
    """Weighed by shares of a softmax over them (Li et al. 2019, arXiv:1903.06586)."""
    assert_predicted(SELECTIVE, (8, 32, 12, 12), "reduce", "select", "last", seeds=30)


GROUPED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts, self.last = nn.Conv2d(32, 128, 3, padding=1), nn.Conv2d(64, 64, 1)

    def forward(self, x):
        b = x.shape[0]
        return self.last(self.parts(x).relu().view(b, 2, 64, 12, 12).sum(dim=1))
"""


def test_groups_of_channels_that_are_summed_add_up() -> None:
    assert_predicted(GROUPED, (8, 32, 12, 12), "parts", "last")


def test_a_sum_of_all_units_is_not_known() -> None:
    """A norm in front makes it what it is, whatever the weights."""
    everything = GROUPED.replace(
        ".view(b, 2, 64, 12, 12).sum(dim=1)", ".sum(dim=1, keepdim=True).expand(b, 64, 12, 12)"
    )
    assert "last" not in gains(everything, (8, 32, 12, 12))


DOUBTS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.table = torch.rand(64).cumsum(0)

    def forward(self, x, mask=None):
        x = self.first(x)
        return {done}
"""


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        ("x + self.table", "+ with a tensor, and what that holds is not known"),
        ("x * self.table", "* with a tensor, and what that holds is not known"),
        ("x * self.gain", "* with something unknown: Net has no attribute gain"),
        ("x ** self.gain", "** with something unknown: Net has no attribute gain"),
        ("x ** 0.3", "operator ** with 0.3"),
        ("x.softmax(1)", "how many logits softmax goes over is not known"),
        ("x @ x.transpose(1, 2)[:, :, mask]", "how many products @ adds up is not known"),
    ],
)
def test_an_unknown_names_what_is_not_known(done: str, reason: str) -> None:
    (network,) = initlint.check_text(HEADER + DOUBTS.replace("{done}", done), "net.py").networks
    last = predict(network)[-1]
    assert last.after.variance is None
    assert last.reason == reason


def test_a_root_is_one_as_a_power_too() -> None:
    """``x ** 0.5`` is ``x.sqrt()``, ``x ** -0.5`` is ``x.rsqrt()``."""
    for power, name in (("0.5", "sqrt"), ("-0.5", "rsqrt")):
        (network,) = initlint.check_text(HEADER + DOUBTS.replace("{done}", f"x ** {power}"), "net.py").networks
        assert network.layers[-1].activation == name
