"""What torch's layers draw when nobody initialises them, and how many terms their sums have.

Read in ``reset_parameters`` of torch 2.13. A convolution's and a linear map's default is
``kaiming_uniform_(a=sqrt(5))``: variance ``1 / (3 fan_in)``, a sixth of what He et al. 2015 ask for a ReLU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from initlint.signal.distribution import Distribution
from initlint.signal.initializers import Shape, xavier_uniform
from initlint.signal.size import Number, Value, combine, divide

ZERO = Distribution.constant(0)
ONE = Distribution.constant(1)


@dataclass(frozen=True)
class Defaults:
    """A layer's parameters before any init, and the fans of the signal."""

    parameters: Mapping[str, Distribution]
    """By torch's name: ``"weight"``, ``"bias"``, ``"weight_ih"``, ``"in_proj_weight"``, ..."""
    fan_in: Value
    """Number of terms in the sum that makes one output (on average over places, where it varies)."""
    fan_out: Value
    """Number of outputs that one input goes into."""

    @property
    def weight(self) -> Distribution | None:
        """Of ``weight``, if the layer has one of that name."""
        return self.parameters.get("weight")

    @property
    def bias(self) -> Distribution | None:
        """Of ``bias``."""
        return self.parameters.get("bias")


def linear(in_features: Value, out_features: Value = None) -> Defaults:
    """Weight and bias U(±1 / sqrt(in_features))."""
    return Defaults(_weight_and_bias(in_features), in_features, out_features)


def bilinear(in1_features: Value, in2_features: Value, out_features: Value = None) -> Defaults:
    """Weight and bias U(±1 / sqrt(in1_features)); each output sums in1 x in2 products of inputs."""
    fan_in = combine(_times, in1_features, in2_features)
    return Defaults(_weight_and_bias(in1_features), fan_in, combine(_times, out_features, in2_features))


def conv(
    in_channels: Value,
    out_channels: Value,
    kernel_size: Value | Shape,
    groups: Value = 1,
    stride: Value | Shape = 1,
    dimensions: int = 2,
) -> Defaults:
    """Weight and bias U(±1 / sqrt(fan_in)), fan_in = in_channels / groups x kernel. Borders are left out."""
    kernel = product(kernel_size, dimensions)
    fan_in = combine(_share, in_channels, groups, kernel)
    fan_out = combine(_over, combine(_share, out_channels, groups, kernel), product(stride, dimensions))
    return Defaults(_weight_and_bias(fan_in), fan_in, fan_out)


def conv_transpose(
    in_channels: Value,
    out_channels: Value,
    kernel_size: Value | Shape,
    groups: Value = 1,
    stride: Value | Shape = 1,
    dimensions: int = 2,
) -> Defaults:
    """Weight and bias U(±1 / sqrt(out_channels / groups x kernel)).

    torch reads the fan off ``weight.size(1)``, which here is the output side; the sum that makes one output has
    ``in_channels / groups x kernel / stride^dimensions`` terms on average.
    """
    kernel = product(kernel_size, dimensions)
    forward = combine(_share, in_channels, groups, kernel)
    backward = combine(_share, out_channels, groups, kernel)
    return Defaults(_weight_and_bias(backward), combine(_over, forward, product(stride, dimensions)), backward)


def embedding(num_embeddings: Value = None, embedding_dim: Value = None) -> Defaults:
    """Weight N(0, 1): one row is the output."""
    return Defaults({"weight": Distribution.normal(0, 1)}, 1, 1)


def embedding_bag(num_embeddings: Value = None, embedding_dim: Value = None, bag: Value = None) -> Defaults:
    """Weight N(0, 1); with ``mode="sum"`` an output sums the rows of a bag."""
    return Defaults({"weight": Distribution.normal(0, 1)}, bag, 1)


def recurrent(input_size: Value, hidden_size: Value, gates: int = 1) -> Defaults:
    """All four parameters U(±1 / sqrt(hidden_size)); a gate's pre-activation sums over the input and the state."""
    law = _uniform_of_fan(hidden_size)
    parameters = dict.fromkeys(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), law)
    fan_in = combine(lambda x, h: x + h, input_size, hidden_size)
    return Defaults(parameters, fan_in, combine(_times, gates, hidden_size))


def multihead_attention(embed_dim: Value, num_heads: Value = None, kdim: Value = None, vdim: Value = None) -> Defaults:
    """Input projections Xavier uniform, output projection a linear layer's default, all biases 0.

    With equal widths query, key and value are one (3 embed_dim, embed_dim) weight, and Xavier's rule sees that shape:
    variance ``1 / (2 embed_dim)`` where three square ones would have ``1 / embed_dim``.
    """
    parameters = _projections(embed_dim, embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim)
    parameters |= {"in_proj_bias": ZERO, "out_proj.weight": _uniform_of_fan(embed_dim), "out_proj.bias": ZERO}
    return Defaults(parameters, embed_dim, embed_dim)


def norm(*_: object, **__: object) -> Defaults:
    """Scale 1, shift 0, on each unit alone."""
    return Defaults({"weight": ONE, "bias": ZERO}, 1, 1)


def prelu(num_parameters: Value = 1, init: Value = 0.25) -> Defaults:
    """A slope of 1/4 (He et al. 2015)."""
    return Defaults({"weight": Distribution.constant(init)}, 1, 1)


DEFAULTS: Mapping[str, Callable[..., Defaults]] = {
    "Linear": linear,
    "LazyLinear": linear,
    "NonDynamicallyQuantizableLinear": linear,
    "Bilinear": bilinear,
    **{f"{lazy}Conv{n}d": partial(conv, dimensions=n) for n in (1, 2, 3) for lazy in ("", "Lazy")},
    **{f"{lazy}ConvTranspose{n}d": partial(conv_transpose, dimensions=n) for n in (1, 2, 3) for lazy in ("", "Lazy")},
    "Embedding": embedding,
    "EmbeddingBag": embedding_bag,
    **{f"RNN{cell}": partial(recurrent, gates=1) for cell in ("", "Cell", "Base")},
    **{f"LSTM{cell}": partial(recurrent, gates=4) for cell in ("", "Cell")},
    **{f"GRU{cell}": partial(recurrent, gates=3) for cell in ("", "Cell")},
    "MultiheadAttention": multihead_attention,
    **{f"{lazy}{kind}Norm{n}d": norm for kind in ("Batch", "Instance") for n in (1, 2, 3) for lazy in ("", "Lazy")},
    **dict.fromkeys(("SyncBatchNorm", "LayerNorm", "GroupNorm", "RMSNorm"), norm),
    "PReLU": prelu,
}
"""By the name of torch's class; a lazy layer draws as its eager one does."""


def product(size: Value | Shape, dimensions: int) -> Value:
    """A kernel's or stride's size over all axes: a single number counts once for each axis."""
    total: Value = 1
    for side in size if isinstance(size, tuple) else (size,) * dimensions:
        total = combine(_times, total, side)
    return total


def _projections(embed_dim: Value, kdim: Value, vdim: Value) -> dict[str, Distribution]:
    if kdim == vdim == embed_dim:
        return {"in_proj_weight": xavier_uniform((combine(_times, 3, embed_dim), embed_dim))}
    sides = {"q_proj_weight": embed_dim, "k_proj_weight": kdim, "v_proj_weight": vdim}
    return {name: xavier_uniform((embed_dim, side)) for name, side in sides.items()}


def _weight_and_bias(fan_in: Value) -> dict[str, Distribution]:
    return dict.fromkeys(("weight", "bias"), _uniform_of_fan(fan_in))


def _uniform_of_fan(fan: Value) -> Distribution:
    """U(±1 / sqrt(fan))."""
    return Distribution.centred("uniform", combine(lambda n: 1 / (3 * n), fan))


def _times(left: Number, right: Number) -> Number:
    return left * right


def _over(left: Number, right: Number) -> Number:
    return divide(left, right)


def _share(channels: Number, groups: Number, kernel: Number) -> Number:
    return divide(channels * kernel, groups)
