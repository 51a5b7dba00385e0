"""The exact calls to write, by what is wrong."""

from __future__ import annotations

SQUASHING = frozenset({"tanh", "sigmoid", "hardtanh", "softsign", "hardsigmoid"})
LEAKY = frozenset({"leaky_relu", "prelu", "rrelu"})


def scaled_init(activation: str) -> str:
    """The init call that keeps the variance in front of an activation."""
    if activation in SQUASHING:
        return (
            'nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))'
            if activation == "tanh"
            else ("nn.init.xavier_uniform_(layer.weight)")
        )
    if activation in ("linear", "identity", "selu"):
        return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")'
    if activation in LEAKY:
        return 'nn.init.kaiming_normal_(layer.weight, a=slope, nonlinearity="leaky_relu")'
    return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'


def random_init() -> str:
    """The init call that breaks a symmetry."""
    return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'
