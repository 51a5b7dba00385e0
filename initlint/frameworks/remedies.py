"""The exact calls to write, by what is wrong."""

from __future__ import annotations

from initlint.frameworks.torch import LAYERS
from initlint.frameworks.torch.attributes import MODULE_NAMES


def layer_class(kind: str) -> str | None:
    """The full name of a layer class of the framework's; `None` for any other."""
    return f"torch.nn.{kind}" if kind in LAYERS else None


def has_weight(kind: str) -> bool:
    """Whether a layer class of the framework's, given by its name, holds one matrix or kernel under ``weight``."""
    return kind in LAYERS and LAYERS[kind].op in ("linear", "conv", "conv_transpose", "bilinear", "embedding")


RECTIFIED = {"Sigmoid": "torch.nn.ReLU", "sigmoid": "torch.relu"}
"""A logistic activation, by its name without the module -> the rectifier to put in its place."""
RECTIFIED_NAME = "relu"
"""The activation that `RECTIFIED` puts there."""
ALPHA_DROPOUT = {"Dropout": "torch.nn.AlphaDropout", "dropout": "torch.nn.functional.alpha_dropout"}
"""A dropout -> the one that keeps SELU's fixed point."""
RECTIFIER = "nn.ReLU()"
SMOOTH_RECTIFIER = "nn.GELU()"
LEAKY_RECTIFIER = "nn.LeakyReLU()"
SELU_SUBSTITUTES = "nn.ELU() or nn.ReLU()"
FROM_PROBABILITIES = "give the loss from_logits=False"
FROM_LOGITS = 'give the loss from_logits=True, or the last layer activation="{}"'
LOSS_CLIP = 1e-7
"""Keras' `keras.config.epsilon()`: the least probability that a loss sees."""
LOSS_SCALER = "torch.amp.GradScaler"
BINARY_LOSS = "nn.BCEWithLogitsLoss()"
CLASS_LOSS = "nn.CrossEntropyLoss()"
LOGISTIC = "torch.sigmoid"
WITHOUT_BIAS = "pass bias=False; the norm adds a shift of its own"
STRAIGHT_THROUGH = "x + (torch.round(x) - x).detach()"
CONTAINERS = {"list": "nn.ModuleList", "tuple": "nn.ModuleList", "dict": "nn.ModuleDict"}
"""Plain container -> the one in which layers are registered."""

PARAMETER_CONTAINERS = {"list": "nn.ParameterList", "tuple": "nn.ParameterList", "dict": "nn.ParameterDict"}
TAKEN_KEYS = MODULE_NAMES | {"clear", "items", "keys", "pop", "update", "values"}
"""Names that no layer in a dictionary of layers can have, for they are attributes of it already."""


def is_free_key(name: str) -> bool:
    """Whether a layer in a dictionary of layers can have that name."""
    return name.isidentifier() and name not in TAKEN_KEYS and not name.startswith("_")


REACHES = "no init function, optimiser, .to() or state_dict() reaches"
"""What passes by layers that are not registered."""
SHAPED_AFTER = "_like"
"""How the names of functions end that make a tensor of the shape of another."""


def written_back(tensor: str) -> str:
    """Behind a parameter, the call that gives it the values of a tensor of that name."""
    return f".data.copy_({tensor})"


WRITE_BACK = "write the tensor back under torch.no_grad() with weight.copy_(...)"


def full_name(shown: str) -> str:
    """The full name of what messages show as ``nn.ModuleList``."""
    return f"torch.{shown}"


LAST_WIDTH = ".shape[-1]"
"""The size of a tensor's last axis."""


def sums_last_axis(equation: object) -> bool:
    """Whether a product of two tensors sums over the last axis of the first: matrix products, and Einstein sums that say so."""
    if not isinstance(equation, str):
        return equation is None
    terms, _, result = equation.replace(" ", "").partition("->")
    first = terms.partition(",")[0]
    return bool(first) and first[-1] not in result


AS_MATRIX = ".view(1, -1)"
"""The same memory with two axes."""


def build_each(kind: str, count: int) -> str:
    """Layers built one by one."""
    return f"[nn.{kind}(...) for _ in range({count})]"


def self_normalising_dropout(rate: object) -> str:
    """The dropout that keeps SELU's fixed point."""
    return f"nn.AlphaDropout({rate})"
