"""Networks that mix places by attention and linear maps: what of their constructors and forward passes is read."""

from __future__ import annotations

from pathlib import Path

from initlint.gathering import Gathered
from initlint.network import Layer, Network
from initlint.signal.size import as_float
from initlint.tracing import trace_script


def traced(source: str) -> Network:
    """The network of a script."""
    text = f"import math\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n{source}"
    gathered = Gathered.from_text(text, str(Path("script.py")))
    (module,) = gathered.program.modules
    return max(trace_script(gathered.program, module), key=lambda each: len(each.layers))


def layer(network: Network, op: str) -> Layer:
    """Its only layer of a kind."""
    (found,) = [each for each in network.live() if each.op == op]
    return found


def weight_variance(network: Network, op: str) -> float | None:
    """Of the only layer of a kind."""
    weight = layer(network, op).weight
    assert weight is not None
    return None if weight.distribution is None else as_float(weight.distribution.variance)


def test_a_convolution_keeps_its_kernel_as_one_side_for_each_axis() -> None:
    """So that a fan in can be worked out from `kernel_size[0] * kernel_size[1]`."""
    network = traced(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, 8, kernel_size=4, stride=4)
        fan_in = self.proj.in_channels * self.proj.kernel_size[0] * self.proj.kernel_size[1]
        nn.init.normal_(self.proj.weight, std=math.sqrt(1 / fan_in))

    def forward(self, x):
        return self.proj(x)

model = Net()
"""
    )
    variance = weight_variance(network, "conv")
    assert variance is not None and abs(variance - 1 / 48) < 1e-12


def test_an_initialiser_by_hand_asks_for_the_fans() -> None:
    """The framework's own function of the fans gives those of the tensor."""
    network = traced(
        """
from torch.nn.init import _calculate_fan_in_and_fan_out

def scaled_(tensor):
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    tensor.data.normal_(std=math.sqrt(2 / (fan_in + fan_out)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(2, 6, kernel_size=3)
        scaled_(self.proj.weight)

    def forward(self, x):
        return self.proj(x)

model = Net()
"""
    )
    variance = weight_variance(network, "conv")
    assert variance is not None and abs(variance - 2 / (18 + 54)) < 1e-12


def test_a_choice_by_what_a_class_derives_from_is_known() -> None:
    """`issubclass` of classes of the program and of the framework."""
    network = traced(
        """
class Mixer(nn.Module):
    def forward(self, x):
        return x

class Net(nn.Module):
    def __init__(self, mixer=Mixer, act=nn.GELU):
        super().__init__()
        is_plain = not issubclass(mixer, (nn.Linear, nn.Sequential)) and issubclass(mixer, nn.Module)
        self.map = nn.Conv2d(3, 8, 1) if is_plain else nn.Linear(3, 8)
        self.act = nn.ReLU() if issubclass(act, nn.ReLU) else act()

    def forward(self, x):
        return self.act(self.map(x))

model = Net()
"""
    )
    assert [each.op for each in network.live()] == ["input", "conv", "activation"]
    assert layer(network, "activation").kind == "GELU"


def test_what_the_framework_has_is_looked_up_by_name() -> None:
    """An older version's stand-in is not chosen; a name that the tables do not know may be there."""
    network = traced(
        """
has_silu = "silu" in dir(torch.nn.functional)

class Old(nn.Module):
    def forward(self, x):
        return x

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(8, 8)
        self.act = nn.SiLU() if has_silu else Old()

    def forward(self, x):
        return self.act(self.map(x))

model = Net()
"""
    )
    assert layer(network, "activation").kind == "SiLU"


def test_pieces_of_unknown_number_are_gone_through_alike() -> None:
    """As attention over the images of a batch does, each as long as it is."""
    network = traced(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.out = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x, lengths):
        cut = [each.split(lengths.tolist()) for each in (self.query(x), self.key(x))]
        done = [torch.relu(query * key) for query, key in zip(*cut)]
        return self.out(torch.cat(done))

model = Net()
"""
    )
    ops = ["linear", "linear", "reshape", "reshape", "reshape", "reshape", "multiply", "activation", "concat", "linear"]
    assert [each.op for each in network.live() if each.op != "input"] == ops


def test_a_loop_over_pieces_gives_one_of_them() -> None:
    network = traced(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.out = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        done = []
        for piece in self.map(x).chunk(x.shape[0]):
            done.append(torch.tanh(piece))
        return self.out(torch.cat(done))

model = Net()
"""
    )
    assert network.is_complete
    assert layer(network, "activation").kind == "tanh"
