"""Gains of sums, products, norms and computed weights predicted from source, against the same modules run."""

from __future__ import annotations

import pytest
from predicting import HEADER, assert_predicted, gains, measured, torch

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

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


HALVES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(256, 512)
        self.gate = nn.GLU(dim=-1)
        self.second = nn.Linear(256, 512)
        self.out = nn.Linear(256, 64)
        for layer in (self.first, self.second):
            nn.init.normal_(layer.weight, std=0.1)

    def forward(self, x):
        return self.out(F.glu(self.second(self.gate(self.first(x))), dim=-1))
"""


def test_a_gated_signal_is_one_half_times_the_open_part_of_the_other() -> None:
    assert_predicted(HALVES, (256, 256), "first", "gate", "second", "out")


def test_the_gradient_reaches_both_halves_of_a_gated_signal() -> None:
    (network,) = initlint.check_text(HEADER + HALVES, "net.py").networks
    predicted = next(each.backward_gain for each in predict(network) if each.layer.name == "gate")
    torch.manual_seed(0)
    before = (256**0.5 * 0.1) * torch.randn(512, 512)
    before.requires_grad_()
    behind = torch.randn(512, 256)
    torch.nn.functional.glu(before).backward(behind)
    assert as_float(predicted) == pytest.approx(float(before.grad.square().mean() / behind.square().mean()), rel=0.03)
