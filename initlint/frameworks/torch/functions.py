"""PyTorch's functions, and the methods of a tensor, that take signals."""

from __future__ import annotations

from initlint.frameworks.tables import FunctionSpec, signature
from initlint.frameworks.torch.activations import ELEMENTWISE, SOFTMAX_FUNCTIONS
from initlint.frameworks.torch.convolutions import POOL_FUNCTIONS
from initlint.frameworks.torch.norms import NORM_FUNCTIONS

_DROPOUT = FunctionSpec("dropout", signature={"p": 0.5, "training": True}, options={"p": "p"})
_KEEPS_ENTRIES = (
    "view",
    "reshape",
    "permute",
    "transpose",
    "flatten",
    "unflatten",
    "squeeze",
    "unsqueeze",
    "contiguous",
    "to",
    "float",
    "half",
    "double",
    "bfloat16",
    "type",
    "type_as",
    "cpu",
    "cuda",
    "clone",
    "expand",
    "expand_as",
    "repeat",
    "t",
    "movedim",
    "swapaxes",
    "swapdims",
    "moveaxis",
    "narrow",
    "select",
    "index_select",
    "gather",
    "roll",
    "flip",
    "view_as",
    "reshape_as",
    "pad",
    "repeat_interleave",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "interpolate",
    "requires_grad_",
    "channel_shuffle",
    "masked_select",
    "tile",
    "broadcast_to",
    "adjoint",
    "rot90",
    "upsample_nearest",
    "upsample_bilinear",
    "checkpoint_name",
    "nan_to_num",
    "pack_padded_sequence",
)
GATES = {"glu": "sigmoid"}
"""Products of both halves of one signal -> the activation of the half that gates the other."""
FUNCTIONS: dict[str, FunctionSpec] = {
    **ELEMENTWISE,
    **SOFTMAX_FUNCTIONS,
    **NORM_FUNCTIONS,
    "glu": FunctionSpec("multiply"),
    "dropout": _DROPOUT,
    "dropout1d": _DROPOUT,
    "dropout2d": _DROPOUT,
    "dropout3d": _DROPOUT,
    "alpha_dropout": FunctionSpec("dropout", "alpha", {"p": 0.5, "training": False}, {"p": "p"}),
    "feature_alpha_dropout": FunctionSpec("dropout", "alpha", {"p": 0.5, "training": False}, {"p": "p"}),
    "scaled_dot_product_attention": FunctionSpec(
        "attention", signature=signature("key", "value", attn_mask=None, dropout_p=0.0, is_causal=False, scale=None)
    ),
    "multi_head_attention_forward": FunctionSpec("attention"),
    "matmul": FunctionSpec("matmul"),
    "mm": FunctionSpec("matmul"),
    "bmm": FunctionSpec("matmul"),
    "einsum": FunctionSpec("matmul"),
    "cat": FunctionSpec("concat"),
    "concat": FunctionSpec("concat"),
    "concatenate": FunctionSpec("concat"),
    "hstack": FunctionSpec("concat"),
    "stack": FunctionSpec("concat"),
    "add": FunctionSpec("add"),
    "sub": FunctionSpec("add"),
    "mul": FunctionSpec("multiply"),
    "multiply": FunctionSpec("multiply"),
    "mean": FunctionSpec("pool", "avg"),
    "sum": FunctionSpec("pool", "sum"),
    "max": FunctionSpec("pool", "max"),
    "amax": FunctionSpec("pool", "max"),
    **POOL_FUNCTIONS,
    **dict.fromkeys(_KEEPS_ENTRIES, FunctionSpec("reshape")),
}
OF_TWO_TENSORS = frozenset({"add", "sub", "mul", "multiply", "div", "divide", "true_divide", "matmul", "mm", "bmm"})
"""Methods of tensors by one that may be a signal, which then give one."""
IN_PLACE_COPIES = frozenset({"copy"})
"""Methods, without the underscore, that put what they are given in place of all entries."""
SPLITS = frozenset({"chunk", "split", "unbind", "tensor_split", "split_with_sizes"})
"""Functions and methods that cut one signal into several."""
STACKS = frozenset({"stack"})
"""Functions that put signals behind each other along an axis of their own."""
WEIGHTED_FUNCTIONS = {
    "linear": "linear",
    "conv1d": "conv",
    "conv2d": "conv",
    "conv3d": "conv",
    "conv_transpose1d": "conv_transpose",
    "conv_transpose2d": "conv_transpose",
    "conv_transpose3d": "conv_transpose",
}
"""Functions of (signal, weight, bias)."""
CHECKPOINTS = frozenset({"torch.utils.checkpoint.checkpoint", "torch.utils.checkpoint.checkpoint_sequential"})
"""Calls of (function, *inputs) that give what the function gives."""
FUNCTIONAL_ROOTS = ("torch.nn.functional.", "torch.special.", "torch.")
FURTHER_ROOTS = ("torch.linalg.", "torch.fft.", "torch.nn.utils.rnn.")
"""Where there are functions of signals that make no network by themselves."""


def function_name(name: str) -> str | None:
    """The last part of a function's name if it is one of torch's that take signals: ``torch.nn.functional.relu_`` is ``relu``."""
    for root in FUNCTIONAL_ROOTS + FURTHER_ROOTS:
        if name.startswith(root) and "." not in (rest := name[len(root) :]):
            return rest.rstrip("_") or None
    return None
