"""Recurrent networks that read a digit row by row or pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator

from trainability.model import ROWS, SEQUENCE, Model, fill
from trainability.pieces import WEIGHTS

CELLS = {
    "rnn": ("nn.RNN", ""),
    "rnnrelu": ("nn.RNN", ', nonlinearity="relu"'),
    "lstm": ("nn.LSTM", ""),
    "gru": ("nn.GRU", ""),
}
LAYERS = (
    "rows rnn default 1", "rows rnn orth 1", "rows rnn xavier_n 1", "rows rnn n001 1", "rows rnn n1 1", "rows rnn u01 1",
    "rows rnn zeros 1", "rows rnn orth 3", "rows rnn n001 3", "rows rnnrelu default 1", "rows rnnrelu eye 1",
    "rows rnnrelu n1 1", "rows rnnrelu he_n 1", "rows rnnrelu orth 2", "rows lstm default 1", "rows lstm orth 1",
    "rows lstm default 2", "rows lstm n1 1", "rows lstm n001 2", "rows lstm zeros 1", "rows gru default 1",
    "rows gru orth 2", "rows gru n1 1", "rows gru n001 1", "rows gru default 3",
    "pixels rnn default 1", "pixels rnnrelu n1 1", "pixels rnnrelu he_n 1", "pixels rnn n001 1", "pixels rnn u01 1",
    "pixels rnnrelu u01 1", "rows lstm u01 2",
)  # fmt: skip
"""Input, cell, init of all weight matrices, layers."""
BY_HAND = (
    "rows tanh orth", "rows tanh n001", "rows tanh n1", "rows relu he_n", "rows relu n002", "rows sigmoid xavier_n",
    "pixels relu n01", "rows relu eye",
)  # fmt: skip
"""Input, activation, init of the recurrent weights."""

LIBRARY = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, hidden_size=$width, num_layers=$layers):
        super().__init__()
        self.rnn = $cell($features, hidden_size, num_layers=num_layers$extra, batch_first=True)
        self.fc = nn.Linear(hidden_size, 10)
        $init

    def forward(self, x):
        output, _ = self.rnn(x)
        return self.fc(output[:, -1])
"""

BY_HAND_SOURCE = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self, hidden=$width):
        super().__init__()
        self.hidden = hidden
        self.input_map = nn.Linear($features, hidden)
        self.recurrent = nn.Linear(hidden, hidden, bias=False)
        self.readout = nn.Linear(hidden, 10)
        $init

    def forward(self, x):
        state = x.new_zeros(x.size(0), self.hidden)
        for step in range(x.size(1)):
            state = $call
        return self.readout(state)
"""
STEP = "self.input_map(x[:, step]) + self.recurrent(state)"
FUNCTIONS = {"tanh": "torch.tanh({})", "relu": "F.relu({})", "sigmoid": "torch.sigmoid({})"}


def models() -> Iterator[Model]:
    """All of them; the same ones in every run."""
    yield from map(library, LAYERS)
    yield from map(by_hand, BY_HAND)


def library(text: str) -> Model:
    """A recurrent layer of PyTorch's, read at its last step."""
    view, cell, init, layers = text.split()
    shape = ROWS if view == "rows" else SEQUENCE
    return Model(f"recurrent-{view}-{cell}-{init}-l{layers}", shape, _library(cell, init, layers, shape[1]))


def by_hand(text: str) -> Model:
    """A cell in a loop."""
    view, activation, init = text.split()
    shape = ROWS if view == "rows" else SEQUENCE
    return Model(f"recurrent-{view}-hand_{activation}-{init}", shape, _by_hand(activation, init, shape[1]))


def _library(cell: str, init: str, layers: str, features: int) -> str:
    kind, extra = CELLS[cell]
    every = ["for name, parameter in self.rnn.named_parameters():", '    if name.startswith("weight"):']
    return fill(
        LIBRARY,
        width="32" if features == 1 else "64",
        layers=layers,
        cell=kind,
        features=str(features),
        extra=extra,
        init=[] if init == "default" else [*every, f"        {WEIGHTS[init].format('parameter')}"],
    )


def _by_hand(activation: str, init: str, features: int) -> str:
    return fill(
        BY_HAND_SOURCE,
        width="32" if features == 1 else "64",
        features=str(features),
        init=WEIGHTS[init].format("self.recurrent.weight"),
        call=FUNCTIONS[activation].format(STEP),
    )
