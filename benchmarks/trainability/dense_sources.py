"""The ways in which the fully connected networks are written down."""

from __future__ import annotations

SEQUENTIAL = """
import torch
from torch import nn


def build_model():
    layers = []
    features = 64
    for _ in range($hidden):
        linear = nn.Linear(features, $width)
        $linear
        layers.append(linear)
        layers.append($module)
        features = $width
    layers.append(nn.Linear(features, 10))
    return nn.Sequential(*layers)
"""

ATTRIBUTES = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        $attributes
        $each

    def forward(self, x):
        $calls
        return self.out(x)
"""

MODULE_LIST = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, in_features=64, width=$width, depth=$depth, classes=10):
        super().__init__()
        sizes = [in_features] + [width] * (depth - 1) + [classes]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.activation = $module
        self.reset_parameters()

    def reset_parameters(self):
        for layer in self.layers:
            $layer_or_pass

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
"""

FUNCTIONAL = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self, width=$width, depth=$depth):
        super(Network, self).__init__()
        self.inp = nn.Linear(64, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth - 2)])
        self.out = nn.Linear(width, 10)
        $init_members

    def forward(self, x):
        x = $call_inp
        for layer in self.hidden:
            x = $call_layer
        return self.out(x)
"""

BLOCKS = """
import torch
from torch import nn

$init_weights
def block(in_features, out_features):
    return nn.Sequential(nn.Linear(in_features, out_features), $module)


class Network(nn.Module):
    def __init__(self, width=$width, depth=$depth):
        super().__init__()
        self.body = nn.Sequential(block(64, width), *[block(width, width) for _ in range(depth - 2)])
        self.head = nn.Linear(width, 10)
        $apply

    def forward(self, x):
        return self.head(self.body(x))
"""

MODULES_LOOP = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, hidden_sizes=($width,) * $hidden):
        super().__init__()
        layers = []
        previous = 64
        for size in hidden_sizes:
            layers += [nn.Linear(previous, size), $module]
            previous = size
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(previous, 10)
        self._init_weights()

    def _init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                $m_or_pass

    def forward(self, x):
        return self.classifier(self.features(x))
"""

RAW = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [64] + [$width] * $hidden + [10]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
            weight = torch.empty(fan_out, fan_in)
            $weight
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(fan_out)))

    def forward(self, x):
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weight.t() + bias
            if index < last:
                x = $call
        return x
"""

REGISTRY = """
import torch
from torch import nn

ACTIVATIONS = {"linear": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}
ACTIVATIONS["$activation"] = lambda: $module


class MLP(nn.Module):
    def __init__(self, in_features, width, depth, classes, activation="relu"):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(in_features if i == 0 else width, width) for i in range(depth - 1)])
        self.act = ACTIVATIONS[activation]()
        self.out = nn.Linear(width, classes)
        for layer in [*self.layers, self.out]:
            $layer_or_pass

    def forward(self, x):
        for layer in self.layers:
            x = self.act(layer(x))
        return self.out(x)


def build_model():
    return MLP(64, $width, $depth, 10, activation="$activation")
"""

CONFIG = """
from dataclasses import dataclass

import torch
from torch import nn

$init_weights
@dataclass
class Config:
    in_features: int = 64
    hidden_size: int = $width
    num_layers: int = $depth
    num_classes: int = 10


class Layer(nn.Module):
    def __init__(self, config, in_features):
        super().__init__()
        self.dense = nn.Linear(in_features, config.hidden_size)
        self.act = $module

    def forward(self, hidden_states):
        return self.act(self.dense(hidden_states))


class Network(nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.embed = Layer(config, config.in_features)
        self.layers = nn.ModuleList([Layer(config, config.hidden_size) for _ in range(config.num_layers - 2)])
        self.classifier = nn.Linear(config.hidden_size, config.num_classes)
        $apply

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x)
        return self.classifier(x)
"""

NAMED = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, $width)
        self.middle = nn.ModuleList()
        for _ in range($depth - 2):
            self.middle.append(nn.Linear($width, $width))
        self.last = nn.Linear($width, 10)
        for name, param in self.named_parameters():
            if "weight" in name:
                $param
            elif "bias" in name:
                nn.init.zeros_(param)

    def forward(self, x):
        x = $call_first
        for layer in self.middle:
            x = $call_layer
        return self.last(x)
"""

STYLES = {
    "sequential": SEQUENTIAL,
    "attributes": ATTRIBUTES,
    "list": MODULE_LIST,
    "functional": FUNCTIONAL,
    "blocks": BLOCKS,
    "modules": MODULES_LOOP,
    "raw": RAW,
    "registry": REGISTRY,
    "config": CONFIG,
    "named": NAMED,
}
MOST_ATTRIBUTES = 8
"""Layers that someone would still write out one by one."""
WITHOUT_DEFAULT = {"raw", "named"}
"""Styles that need an init of their own."""
