"""Ready-made classifiers: which of their attributes holds the layer that their output comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TORCHVISION = r"^torchvision\.models\.(?:\w+\.)?"


@dataclass(frozen=True)
class Classifiers:
    """Ready-made models that are alike."""

    name: re.Pattern[str]
    """Full names of what makes them."""
    heads: frozenset[str]
    """Attributes that the output comes from as it is."""
    last: int | None = None
    """Position of the last layer, where the attribute holds a container of layers."""
    is_raw: bool = True
    """Whether the output is logits as long as no head is replaced, however they are made."""


CLASSIFIERS = (
    Classifiers(re.compile(_TORCHVISION + r"(?:(?:wide_)?resne(?:t|xt)\d|shufflenet_v2|regnet_)"), frozenset({"fc"})),
    Classifiers(re.compile(_TORCHVISION + r"(?:vgg\d|alexnet$)"), frozenset({"classifier"}), 6),
    Classifiers(
        re.compile(_TORCHVISION + r"(?:mobilenet_v2$|efficientnet_(?:v2_)?[a-z]\d?$|mnasnet)"),
        frozenset({"classifier"}),
        1,
    ),
    Classifiers(re.compile(_TORCHVISION + r"mobilenet_v3_"), frozenset({"classifier"}), 3),
    Classifiers(re.compile(_TORCHVISION + r"convnext_"), frozenset({"classifier"}), 2),
    Classifiers(re.compile(_TORCHVISION + r"densenet\d"), frozenset({"classifier"})),
    Classifiers(re.compile(_TORCHVISION + r"vit_"), frozenset({"heads", "head"})),
    Classifiers(re.compile(_TORCHVISION + r"swin_"), frozenset({"head"})),
    Classifiers(
        re.compile(r"^timm\.(?:models\.)?create_model$"), frozenset({"fc", "classifier", "head"}), is_raw=False
    ),
    Classifiers(re.compile(r"^efficientnet_pytorch\.EfficientNet\.from_"), frozenset({"_fc"})),
)
"""Source: the end of `forward` in each of torchvision.models, `forward_head` in timm, `EfficientNet.forward`."""
LOOKS_ON = frozenset(
    {
        "parameters", "named_parameters", "children", "named_children", "modules", "named_modules", "state_dict",
        "load_state_dict", "print", "isinstance", "len", "summary", "get_classifier",
    }
)  # fmt: skip
"""Methods of a model and functions that are given it which leave it as it is and train nothing."""


def classifiers_by(name: str) -> Classifiers | None:
    """The family that something of that full name makes models of."""
    return next((family for family in CLASSIFIERS if family.name.search(name)), None)
