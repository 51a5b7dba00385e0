"""PyTorch's initialisers, and the methods that frameworks call to have weights written."""

from __future__ import annotations

INIT_ROOTS = ("torch.nn.init.",)
FANS = "_calculate_fan_in_and_fan_out_"
"""The function among the initialisers that gives the (fan_in, fan_out) of a tensor."""
UNINITIALISED = frozenset(
    {"empty", "empty_like", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor", "empty_strided"}
)
"""Tensor constructors (under ``torch.``) that leave the memory as it is."""
NEEDS_FANS = frozenset(
    {
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "orthogonal_",
        "sparse_",
    }
)
"""Initialisers that raise on a tensor with fewer than two axes."""
IN_PLACE_INITS = frozenset(
    {
        "normal_",
        "uniform_",
        "fill_",
        "zero_",
        "copy_",
        "bernoulli_",
        "exponential_",
        "log_normal_",
        "cauchy_",
        "trunc_normal_",
    }
)
"""In-place methods of a tensor that write all of it, whatever it held before."""
INIT_HOOKS: dict[str, frozenset[str]] = {
    "": frozenset({"reset_parameters"}),
    "transformers.PreTrainedModel": frozenset(
        {"_init_weights", "init_weights", "_initialize_weights", "reset_parameters"}
    ),
}
"""Base class -> methods that a framework calls when it builds or shards a model; the empty name: of every module."""
INIT_HOOKS["transformers.modeling_utils.PreTrainedModel"] = INIT_HOOKS["transformers.PreTrainedModel"]


def initializer_name(name: str) -> str | None:
    """The initialiser a dotted name stands for, with its underscore: ``torch.nn.init.xavier_normal`` is ``xavier_normal_``."""
    for root in INIT_ROOTS:
        if name.startswith(root) and "." not in (rest := name[len(root) :]):
            return rest if rest.endswith("_") else rest + "_"
    return None
