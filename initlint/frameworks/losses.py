"""What the names of losses mean, and of what makes their input."""

from __future__ import annotations

import re

LOSSES = {
    "torch.nn.CrossEntropyLoss": "categorical",
    "torch.nn.functional.cross_entropy": "categorical",
    "torch.nn.BCEWithLogitsLoss": "binary",
    "torch.nn.functional.binary_cross_entropy_with_logits": "binary",
    "torch.nn.MultiLabelSoftMarginLoss": "binary",
    "torch.nn.functional.multilabel_soft_margin_loss": "binary",
    "torch.nn.NLLLoss": "log-probabilities",
    "torch.nn.functional.nll_loss": "log-probabilities",
    "torch.nn.BCELoss": "probabilities",
    "torch.nn.functional.binary_cross_entropy": "probabilities",
}
"""Losses -> what they take: raw logits, of which they make the probabilities of classes (``"categorical"``) or of each
label by itself (``"binary"``), or what a log-softmax or a sigmoid makes."""
LOSSES_OF_LOGITS = {
    "NLLLoss": "torch.nn.CrossEntropyLoss",
    "nll_loss": "torch.nn.functional.cross_entropy",
    "BCELoss": "torch.nn.BCEWithLogitsLoss",
    "binary_cross_entropy": "torch.nn.functional.binary_cross_entropy_with_logits",
}
"""Losses of what a log-softmax or a sigmoid makes, by their last names -> the same of raw logits: it takes their arguments."""
LOSSES_OF_LOGARITHMS = {"CrossEntropyLoss": "torch.nn.NLLLoss", "cross_entropy": "torch.nn.functional.nll_loss"}
"""Losses of raw logits and class numbers, by their last names -> the same of log-probabilities."""
OF_LOGITS_ALONE = frozenset({"label_smoothing"})
"""Arguments that it does not take; `weight` to `reduction` mean the same."""
CLASS_AXES = frozenset({1, -1})
"""Where the classes may be for both."""
UNITS = frozenset({"out_features", "out_channels"})
"""Arguments of layers that say how many units they have."""
SOFTMAXES = {
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "log_softmax": "log_softmax",
}
"""Layers and functions that make probabilities, or their logarithms, of raw logits, by their last names."""
LOGARITHMS = {"Softmax": "torch.nn.LogSoftmax", "softmax": "torch.nn.functional.log_softmax"}
"""A softmax, by its last name -> its logarithm."""
IDENTITY = "torch.nn.Identity"
CHAINS = frozenset({"Sequential"})
"""What applies the layers that it is given one after another: without the last it is a chain, too."""
ORDERING = frozenset({"argmax", "max", "topk", "sort", "argsort"})
"""Functions and methods that are used for the order of scores, which a logarithm keeps."""
PICKING = frozenset({"narrow", "select", "index_select", "gather", "masked_select"})
"""Functions and methods that keep the layout only and give some entries of what they are given."""
MOVING = frozenset({"squeeze", "unsqueeze", "view", "reshape", "flatten", "transpose", "permute", "contiguous"})
"""Methods that keep all entries, and change the layout only."""
GROWING = frozenset({"add_module", "append", "insert", "extend", "register_module", "pop"})
"""Methods of containers of layers that change which is the last."""
LOSS_NAME = re.compile(r"loss|crit|entropy|bce|nll|objective|cost|^ce$|_ce$|^ce_", re.IGNORECASE)
"""Names under which a loss is called."""
