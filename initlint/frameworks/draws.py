"""Calls of initialisers to write, by what is wrong with the weights."""

from __future__ import annotations

from typing import NamedTuple

SQUASHING = frozenset({"tanh", "sigmoid", "hardtanh", "softsign", "hardsigmoid"})
LEAKY = frozenset({"leaky_relu", "prelu", "rrelu"})


class Draw(NamedTuple):
    """A call of an initialiser, for a fix to write."""

    initializer: str
    """Its full name."""
    arguments: str = ""
    """Behind the tensor."""

    @property
    def name(self) -> str:
        return self.initializer.rpartition(".")[2]

    def transposed(self) -> Draw:
        """For a parameter with the inputs on its first axis, which initialisers take for the outputs."""
        if self.name not in _BY_FAN_IN:
            return self
        return self._replace(arguments=", ".join(filter(None, (self.arguments, 'mode="fan_out"'))))


_INIT = "torch.nn.init."
_BY_FAN_IN = ("kaiming_normal_", "kaiming_uniform_")
_HE = Draw(f"{_INIT}kaiming_normal_", 'nonlinearity="relu"')
_XAVIER = Draw(f"{_INIT}xavier_uniform_")
_FAMILIES = ("normal", "uniform")
OWN_GAINS = {"silu": 1.68, "hardswish": 1.74}
"""Smooth rectifiers whose gain is too far from He's for a deep stack -> 1 / sqrt(E[f(z)^2]) for a standard normal z."""


def scaled_draw(activation: str, slope: object = None) -> Draw:
    """The draw that keeps the variance in front of an activation; `slope` is that of a leaky rectifier."""
    if activation in SQUASHING:
        return _XAVIER._replace(arguments="gain=5 / 3" if activation == "tanh" else "")
    if activation in ("linear", "identity", "selu"):
        return _HE._replace(arguments='nonlinearity="linear"')
    if activation in LEAKY and isinstance(slope, (int, float)):
        return _HE._replace(arguments=f'a={slope:g}, nonlinearity="leaky_relu"')
    return Draw(f"{_INIT}orthogonal_", f"gain={OWN_GAINS[activation]}") if activation in OWN_GAINS else _HE


def drawn_like(draw: Draw, initializer: str) -> Draw:
    """The draw from the family, normal or uniform, of an initialiser of that name."""
    for family, other in (_FAMILIES, _FAMILIES[::-1]):
        if family in initializer:
            return draw._replace(initializer=draw.initializer.replace(other, family))
    return draw


def filling_draw(axes: int) -> Draw:
    """The draw for a parameter with so many axes that nothing fills."""
    return _XAVIER if axes >= 2 else Draw(f"{_INIT}zeros_")


def vector_draw(name: str) -> Draw | None:
    """The call for what is always a vector, by its name; `None` where it may be a matrix as well."""
    return Draw(f"{_INIT}zeros_") if name == "bias" else None


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
    return scaled_init("relu")


def init_of_weight(initializer: str) -> str:
    """The call of an initialiser on a layer's weight."""
    return f"nn.init.{initializer}(layer.weight)"


def draw_default(parameter: str) -> str:
    """The framework's own draw for a parameter of that name."""
    return f"nn.init.kaiming_uniform_({parameter}, a=math.sqrt(5))"


def draw_normal(parameter: str, std: float) -> str:
    """A normal draw for a parameter of that name."""
    return f"nn.init.normal_({parameter}, std={std:.2g})"


def fill(parameter: str, axes: int) -> str:
    """An init call for a parameter with so many axes."""
    return f"nn.init.{'xavier_uniform_' if axes >= 2 else 'zeros_'}({parameter})"


_OF_VECTORS = {"bias": "nn.init.zeros_", "weight": "nn.init.ones_"}


def vector_init(name: str) -> str:
    """What to draw a vector of that name with: biases start at 0, the scales of a norm at 1."""
    return _OF_VECTORS.get(name, "nn.init.zeros_")


def zero_row(parameter: str, row: int) -> str:
    """Zeros for one row of a parameter of that name."""
    return f"with torch.no_grad(): {parameter}[{row}].zero_()"


def open_forget_gates(bias: str, value: float) -> str:
    """A value for the second of the four gates that the bias of an LSTM holds."""
    return f"with n = {bias}.shape[0]: nn.init.constant_({bias}[n // 4 : n // 2], {value:g})"


ORTHOGONAL = "nn.init.orthogonal_"
XAVIER = "xavier_uniform_"
ZERO_HEAD = "nn.init.zeros_(head.weight)"
DEFAULT_INIT = "nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5))"
