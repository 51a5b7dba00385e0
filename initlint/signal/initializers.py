"""What each initialiser of ``torch.nn.init`` draws, from the shape and its arguments.

A function takes the shape in place of the tensor and the rest as torch does, with torch's defaults (no generator).
Entries of the shape and arguments (names too) may be ``None``, and numbers symbolic: then what depends on them is
unknown, or symbolic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from initlint.signal.distribution import Distribution
from initlint.signal.size import Number, Value, as_float, combine, is_known, largest

Shape: TypeAlias = tuple[Value, ...]

LINEAR_NAMES = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
GAINS: Mapping[str, float] = {
    **dict.fromkeys((*LINEAR_NAMES, "sigmoid"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}
"""torch's table, as `calculate_gain` returns it; the leaky ReLU's depends on its slope."""


def calculate_gain(nonlinearity: str, param: Value = 0.01) -> Value:
    """torch's recommended gain; ``sqrt(2 / (1 + slope²))`` for a leaky ReLU (He et al. 2015, arXiv:1502.01852, eq. 15).

    Raises ValueError for a name that torch does not support.
    """
    if nonlinearity == "leaky_relu":
        return combine(lambda slope: (2 / (1 + slope**2)) ** 0.5, param)
    if nonlinearity not in GAINS:
        raise ValueError(f"unsupported nonlinearity {nonlinearity!r}")
    return GAINS[nonlinearity]


def fans(shape: Shape) -> tuple[Value, Value]:
    """torch's (fan_in, fan_out): second and first size, each times the kernel's. ValueError below two dimensions."""
    if len(shape) < 2:
        raise ValueError("fan in and fan out cannot be computed for a tensor with fewer than 2 dimensions")
    field = _product(shape[2:])
    return combine(_times, shape[1], field), combine(_times, shape[0], field)


def uniform(shape: Shape, a: Value = 0.0, b: Value = 1.0) -> Distribution:
    """U(a, b)."""
    return Distribution.uniform(a, b)


def normal(shape: Shape, mean: Value = 0.0, std: Value = 1.0) -> Distribution:
    """N(mean, std²)."""
    return Distribution.normal(mean, std)


def trunc_normal(shape: Shape, mean: Value = 0.0, std: Value = 1.0, a: Value = -2.0, b: Value = 2.0) -> Distribution:
    """N(mean, std²) cut to [a, b], which are values."""
    return Distribution.truncated_normal(mean, std, a, b)


def constant(shape: Shape, val: Value) -> Distribution:
    """`val` everywhere."""
    return Distribution.constant(val)


def ones(shape: Shape) -> Distribution:
    """1 everywhere."""
    return Distribution.constant(1)


def zeros(shape: Shape) -> Distribution:
    """0 everywhere."""
    return Distribution.constant(0)


def eye(shape: Shape) -> Distribution:
    """The identity, cut to a matrix of this shape. ValueError unless it is a matrix."""
    rows, columns = _matrix(shape)
    return Distribution.identity(1, combine(lambda n: 1 / n, largest(rows, columns)))


def dirac(shape: Shape, groups: Value = 1) -> Distribution:
    """Each channel through the middle of the kernel. ValueError unless the shape has 3 to 5 dimensions."""
    if len(shape) not in (3, 4, 5):
        raise ValueError("only tensors with 3, 4 or 5 dimensions are supported")
    channels = largest(combine(lambda out, g: out / g, shape[0], groups), shape[1])
    return Distribution.identity(1, combine(lambda n, field: 1 / (n * field), channels, _product(shape[2:])))


def xavier_uniform(shape: Shape, gain: Value = 1.0) -> Distribution:
    """U(±gain sqrt(6 / (fan_in + fan_out))) (Glorot and Bengio 2010, eq. 16)."""
    return Distribution.centred("uniform", _xavier_variance(shape, gain))


def xavier_normal(shape: Shape, gain: Value = 1.0) -> Distribution:
    """N(0, gain² 2 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 12)."""
    return Distribution.centred("normal", _xavier_variance(shape, gain))


def kaiming_uniform(
    shape: Shape, a: Value = 0, mode: str | None = "fan_in", nonlinearity: str | None = "leaky_relu"
) -> Distribution:
    """U(±gain sqrt(3 / fan)) (He et al. 2015, arXiv:1502.01852, eq. 10 and 14). ValueError for an unknown mode."""
    return Distribution.centred("uniform", _kaiming_variance(shape, a, mode, nonlinearity))


def kaiming_normal(
    shape: Shape, a: Value = 0, mode: str | None = "fan_in", nonlinearity: str | None = "leaky_relu"
) -> Distribution:
    """N(0, gain² / fan) (He et al. 2015, arXiv:1502.01852, eq. 10 and 14). ValueError for an unknown mode."""
    return Distribution.centred("normal", _kaiming_variance(shape, a, mode, nonlinearity))


def orthogonal(shape: Shape, gain: Value = 1) -> Distribution:
    """A (semi-)orthogonal matrix of the first axis against all others. ValueError below two dimensions."""
    if len(shape) < 2:
        raise ValueError("only tensors with 2 or more dimensions are supported")
    return Distribution.orthogonal(shape[0], _product(shape[1:]), gain)


def sparse(shape: Shape, sparsity: Value, std: Value = 0.01) -> Distribution:
    """N(0, std²) with ``ceil(sparsity * rows)`` zeros in each column. ValueError unless it is a matrix."""
    rows = as_float(_matrix(shape)[0])
    if rows and is_known(sparsity):
        sparsity = math.ceil(sparsity * rows) / rows
    return Distribution.sparse(sparsity, std)


INITIALIZERS: Mapping[str, Callable[..., Distribution]] = {
    f"{function.__name__}_": function
    for function in (
        uniform, normal, trunc_normal, constant, ones, zeros, eye, dirac, xavier_uniform, xavier_normal,
        kaiming_uniform, kaiming_normal, orthogonal, sparse,
    )
}  # fmt: skip
"""By torch's name, trailing underscore included."""


def _xavier_variance(shape: Shape, gain: Value) -> Value:
    return combine(lambda g, fan_in, fan_out: g**2 * 2 / (fan_in + fan_out), gain, *fans(shape))


def _kaiming_variance(shape: Shape, a: Value, mode: str | None, nonlinearity: str | None) -> Value:
    if mode is None or nonlinearity is None:
        return None
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"mode {mode!r} is neither 'fan_in' nor 'fan_out'")
    fan = fans(shape)[mode.lower() == "fan_out"]
    return combine(lambda gain, n: gain**2 / n, calculate_gain(nonlinearity, a), fan)


def _matrix(shape: Shape) -> tuple[Value, Value]:
    if len(shape) != 2:
        raise ValueError("only tensors with 2 dimensions are supported")
    return shape[0], shape[1]


def _product(sizes: Shape) -> Value:
    total: Value = 1
    for size in sizes:
        total = combine(_times, total, size)
    return total


def _times(left: Number, right: Number) -> Number:
    return left * right
