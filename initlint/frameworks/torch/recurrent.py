"""PyTorch's recurrent layers and cells."""

from __future__ import annotations

from initlint.frameworks.tables import LayerSpec, signature

_RECURRENT = signature(
    "input_size",
    "hidden_size",
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
    proj_size=0,
)
_OVER_TIME = {"p": "dropout", "is_batch_first": "batch_first", "projection": "proj_size"}
"""Options of a recurrent layer that runs over a sequence itself; a cell has none of them."""
_CELL = signature("input_size", "hidden_size", bias=True)
RECURRENT_LAYERS: dict[str, LayerSpec] = {
    "RNN": LayerSpec(
        "recurrent",
        {**_RECURRENT, "nonlinearity": "tanh"},
        options={**_OVER_TIME, "nonlinearity": "nonlinearity"},
        parents=("RNNBase",),
        variant="rnn",
    ),
    "LSTM": LayerSpec("recurrent", _RECURRENT, options=_OVER_TIME, parents=("RNNBase",), variant="lstm"),
    "GRU": LayerSpec("recurrent", _RECURRENT, options=_OVER_TIME, parents=("RNNBase",), variant="gru"),
    "RNNCell": LayerSpec("recurrent", {**_CELL, "nonlinearity": "tanh"}, parents=("RNNCellBase",), variant="rnn"),
    "LSTMCell": LayerSpec("recurrent", _CELL, parents=("RNNCellBase",), variant="lstm"),
    "GRUCell": LayerSpec("recurrent", _CELL, parents=("RNNCellBase",), variant="gru"),
}
RECURRENT_OP = "recurrent"
GATED_CELLS = frozenset({"lstm", "gru"})
GATED_LAYERS = frozenset({"LSTM", "GRU", "LSTMCell", "GRUCell", *GATED_CELLS, "lstm_cell", "gru_cell"})
"""Layers and functions whose state goes around the weights, through gates."""
