"""What the names of arithmetic mean: which call takes a logarithm, makes probabilities, reduces, bounds.

An operation has one word whatever the framework calls it, so that rules speak of ``log`` and ``softmax`` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from initlint.frameworks import torch

ROOTS: dict[str, str] = {
    **dict.fromkeys(torch.FUNCTIONAL_ROOTS, "torch"),
    **dict.fromkeys(("torch.linalg.", "torch.Tensor."), "torch"),
    **dict.fromkeys(("tensorflow.", "tensorflow.math.", "tensorflow.nn.", "tensorflow.linalg."), "tensorflow"),
    **dict.fromkeys(("keras.ops.", "tensorflow.keras.ops."), "keras"),
    **dict.fromkeys(("keras.backend.", "tensorflow.keras.backend."), "keras.backend"),
    **dict.fromkeys(("jax.numpy.", "jax.nn.", "jax.lax.", "jax.numpy.linalg.", "jax.scipy.special."), "jax"),
}
"""Beginnings of the dotted names of functions of tensors -> the family of functions they belong to."""
METHODS = "torch"
"""The family whose functions are methods of its tensors, too."""
SPELLINGS: dict[str, str] = {
    "reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod",
    "reduce_logsumexp": "logsumexp", "reduce_std": "std", "reduce_variance": "var", "variance": "var",
    "log_sigmoid": "logsigmoid", "expit": "sigmoid", "amax": "max", "amin": "min", "nansum": "sum", "nanmean": "mean",
    "pow": "power", "float_power": "power", "clip": "clamp", "clip_by_value": "clamp", "add": "add", "sub": "subtract",
    "mul": "multiply", "div": "divide", "divide": "divide", "true_divide": "divide", "truediv": "divide",
    "neg": "negate", "negative": "negate", "absolute": "abs", "stop_gradient": "detach",
    "tolist": "item", "numpy": "item",
    "mm": "matmul", "bmm": "matmul", "einsum": "matmul", "dot": "matmul", "inner": "matmul", "mv": "matmul",
    "vector_norm": "norm", "matrix_norm": "norm", "squared_difference": "squared_difference",
    "mse_loss": "squared_error", "l1_loss": "absolute_error", "l2_normalize": "normalize",
}  # fmt: skip
"""Other names of an operation -> its word."""
WORDS = frozenset(
    {
        "log", "log2", "log10", "log1p", "exp", "expm1", "softmax", "log_softmax", "sigmoid", "logsigmoid", "softplus",
        "logsumexp", "logaddexp", "sqrt", "rsqrt", "hypot", "power", "square", "abs", "relu", "relu6", "tanh", "clamp",
        "clamp_min", "clamp_max", "maximum", "minimum", "max", "min", "sum", "mean", "var", "std", "norm", "prod",
        "cumprod", "cumsum", "add", "subtract", "multiply", "divide", "negate", "detach", "matmul", "normalize",
        "cosine_similarity", "cdist", "pairwise_distance", "squared_difference", "squared_error", "absolute_error",
        "where", "masked_fill", "item",
    }
)  # fmt: skip
"""Every operation that has a meaning here, but for those that keep their values."""
LAYERS = {
    "torch.nn.Softmax": "softmax",
    "torch.nn.Softmax2d": "softmax",
    "torch.nn.LogSoftmax": "log_softmax",
    "torch.nn.Sigmoid": "sigmoid",
    "torch.nn.LogSigmoid": "logsigmoid",
    "torch.nn.Softplus": "softplus",
    "torch.nn.ReLU": "relu",
    "torch.nn.ReLU6": "relu6",
    "torch.nn.Tanh": "tanh",
    "torch.nn.MSELoss": "squared_error",
    "torch.nn.L1Loss": "absolute_error",
    "torch.nn.CosineSimilarity": "cosine_similarity",
    "torch.nn.Identity": "keep",
    "torch.nn.Flatten": "keep",
    "torch.nn.Unflatten": "keep",
}
"""Classes of layers -> the operation of what they make."""
KEEPING = frozenset(
    {name for name, spec in torch.FUNCTIONS.items() if spec.op == "reshape"}
    - {"pad", "interpolate", "upsample", "upsample_bilinear", "requires_grad_"}
) | frozenset(
    {
        "gather", "ravel", "rearrange", "cast", "astype", "expand_dims", "take", "take_along_axis", "swapaxes",
        "boolean_mask", "gather_nd", "chunk", "split", "unbind", "requires_grad_", "float16", "cast_to_floatx",
        "convert_to_tensor", "sort", "topk",
    }
)  # fmt: skip
"""Functions and methods that pick, move or convert values and change none."""
ATTRIBUTES = {"T": "keep", "mT": "keep", "H": "keep", "data": "detach", "values": "keep"}
"""Attributes of a tensor -> operation."""
NO_SIGNAL = torch.NO_SIGNAL | {"shape", "device", "dtype", "layout", "is_cuda", "requires_grad", "ndim", "itemsize"}
"""Functions, methods and attributes whose result no gradient passes."""
CONSTANTS = frozenset(
    {
        "arange", "linspace", "range", "zeros", "ones", "full", "eye", "rand", "randn", "randint", "rand_like",
        "randn_like", "zeros_like", "ones_like", "full_like", "tensor", "Tensor", "FloatTensor", "as_tensor",
        "from_numpy", "constant", "normal", "uniform",
    }
)  # fmt: skip
"""Functions that make a tensor of numbers or of noise."""
SIGNATURES: dict[str, tuple[str, ...]] = {
    "softmax": ("dim", "dtype"),
    "log_softmax": ("dim", "dtype"),
    "sum": ("dim", "keepdim"),
    "prod": ("dim", "keepdim"),
    "cumprod": ("dim",),
    "norm": ("p", "dim", "keepdim"),
    "clamp": ("min", "max"),
    "clamp_min": ("min",),
    "clamp_max": ("max",),
}
"""Operation -> names of the arguments behind its tensors."""
KEYWORDS = {"axis": "dim", "keepdims": "keepdim", "clip_value_min": "min", "clip_value_max": "max", "x_min": "min",
            "x_max": "max", "a_min": "min", "a_max": "max", "min_value": "min", "max_value": "max", "ord": "p"}  # fmt: skip
"""Other names of arguments -> the one used here."""
LABEL = "name"
"""The argument that names an operation in a graph."""
BINARY = frozenset(
    {
        "power", "maximum", "minimum", "add", "subtract", "multiply", "divide", "matmul", "logaddexp", "hypot",
        "squared_difference", "squared_error", "absolute_error", "cosine_similarity", "cdist", "pairwise_distance",
    }
)  # fmt: skip
"""Operations of two tensors."""
THREE = frozenset({"where", "masked_fill"})
"""Operations of three."""
FUNCTIONS = {
    "torch": {
        "log_softmax": "torch.nn.functional.log_softmax",
        "softmax": "torch.softmax",
        "logsigmoid": "torch.nn.functional.logsigmoid",
        "softplus": "torch.nn.functional.softplus",
        "logsumexp": "torch.logsumexp",
        "logaddexp": "torch.logaddexp",
    },
    "tensorflow": {
        "log_softmax": "tensorflow.nn.log_softmax",
        "softmax": "tensorflow.nn.softmax",
        "logsigmoid": "tensorflow.math.log_sigmoid",
        "softplus": "tensorflow.nn.softplus",
        "logsumexp": "tensorflow.reduce_logsumexp",
    },
    "keras": {
        "log_softmax": "keras.ops.log_softmax",
        "softmax": "keras.ops.softmax",
        "logsigmoid": "keras.ops.log_sigmoid",
        "softplus": "keras.ops.softplus",
        "logsumexp": "keras.ops.logsumexp",
        "logaddexp": "keras.ops.logaddexp",
    },
    "keras.backend": {
        "log_softmax": "tensorflow.nn.log_softmax",
        "softmax": "tensorflow.nn.softmax",
        "logsigmoid": "tensorflow.math.log_sigmoid",
        "softplus": "tensorflow.nn.softplus",
        "logsumexp": "tensorflow.reduce_logsumexp",
    },
    "jax": {
        "log_softmax": "jax.nn.log_softmax",
        "softmax": "jax.nn.softmax",
        "logsigmoid": "jax.nn.log_sigmoid",
        "softplus": "jax.nn.softplus",
        "logsumexp": "jax.scipy.special.logsumexp",
        "logaddexp": "jax.numpy.logaddexp",
    },
}
"""Family -> operation -> the function that computes it without losing anything on the way."""


PROBABILITY_NAME = re.compile(r"prob|softmax|sigmoid|likelihood|^p\d*$|^p_|_p$", re.IGNORECASE)
"""Names of variables that say what they hold: not a logarithm, and no logits."""
ROOT_OF_SQUARES = {
    "jax": ("jax.numpy.sqrt", "jax.numpy.sum", "jax.numpy.square"),
    "tensorflow": ("tensorflow.sqrt", "tensorflow.reduce_sum", "tensorflow.square"),
}
"""Family -> what a norm is made of, the outermost first."""
OF_SUMS = frozenset({"axis", "keepdims"})
"""Arguments that a norm and a sum of these families are given alike."""
SINGULAR: dict[str, frozenset[str]] = {
    "norm": frozenset({"tensorflow", "jax"}),
    "std": frozenset({"tensorflow", "jax"}),
    "hypot": frozenset({"torch", "jax"}),
}
"""Operations that are a root -> the families in which their gradient at 0 is not a number. Elsewhere it is 0."""


@dataclass(frozen=True)
class Meaning:
    """What a called name computes."""

    op: str
    """One of `WORDS`, or ``"keep"``."""
    family: str


def meaning_of(name: str) -> Meaning | None:
    """What the function of that dotted name computes."""
    root, _, last = name.rpartition(".")
    family = ROOTS.get(f"{root}.")
    word = operation(last) if family is not None else None
    return Meaning(word, family) if word is not None and family is not None else None


def operation(last: str) -> str | None:
    """The operation of a function or method of that last name."""
    if last in KEEPING:
        return "keep"
    last = last.rstrip("_")
    word = SPELLINGS.get(last, last)
    return word if word in WORDS else None


def named(keywords: Mapping[str, object]) -> dict[str, object]:
    """Keyword arguments under the names used here."""
    return {KEYWORDS.get(name, name): value for name, value in keywords.items()}
