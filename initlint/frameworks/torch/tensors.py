"""PyTorch's tensors: the axes, the memory and the type of numbers of what their methods give."""

from __future__ import annotations

LAYOUTS = {
    **dict.fromkeys(("view", "reshape"), "sizes"),
    "unflatten": "split",
    "permute": "order",
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), "swap"),
    **dict.fromkeys(("t", "adjoint", "mT", "mH", "H"), "swap_last"),
    **dict.fromkeys(("select", "unbind"), "drop"),
    "unsqueeze": "insert",
    **dict.fromkeys(
        ("contiguous", "to", "float", "half", "double", "bfloat16", "type", "type_as", "cpu", "cuda", "clone"), "same"
    ),
    **dict.fromkeys(("requires_grad_", "roll", "flip", "masked_fill", "checkpoint_name"), "same"),
}
"""Functions and methods that keep the entries -> what their arguments say of the axes."""
TENSOR, IS_TENSOR = "torch.Tensor", "torch.is_tensor"
TRANSPOSED = frozenset({"T", "mT", "H", "mH"})
SHAPE_ATTRIBUTES = frozenset({"data", "real"}) | TRANSPOSED
NUMBERS_OF_TENSORS = frozenset(
    {
        *("dim", "numel", "nelement", "ndimension", "item", "get_device", "tolist", "is_floating_point", "is_complex"),
        *("equal", "allclose", "is_tensor", "is_contiguous", "element_size", "stride", "data_ptr"),
    }
)
"""Functions and methods of tensors that give numbers of Python."""
CASTS_TO_WHOLE = frozenset({"bool", "long", "int", "short", "byte", "char", "numpy"})
"""Tensor methods behind which there is no signal, since no gradient comes back."""
COPIES = frozenset({"clone", "numpy", "tolist"})
"""Tensor methods whose result counts as other memory."""
ALIASES = frozenset(
    {
        "detach",
        "view",
        "t",
        "transpose",
        "unsqueeze",
        "squeeze",
        "view_as",
        "requires_grad_",
        "permute",
        "flatten",
        "reshape",
        "contiguous",
        "cpu",
    }
)
"""Tensor methods whose result is the same memory, all of it."""
PICKS = frozenset({"gather", "take", "take_along_dim", "repeat_interleave", "tile", "broadcast_to"})
"""Tensor methods whose result holds entries of the tensor, in memory of its own."""
PARTS = frozenset({"chunk", "split", "narrow", "select", "unbind", "index_select", "diagonal"})
"""Tensor methods whose result is a part of the same memory."""
CONVERSIONS = frozenset({"to", "float", "half", "double", "bfloat16", "type", "type_as"})
"""Methods that may give numbers of another type."""
DEFAULT_DTYPE = "torch.float32"
"""What weights are made of, and so what layers compute in."""
DTYPE_ALIASES = {"torch.float": "torch.float32", "torch.half": "torch.float16", "torch.double": "torch.float64"}
"""Short name of a type of numbers -> its own."""
LIMITS = "torch.finfo"
LIMITS_OF_FLOATS = {"min": -3.4028234663852886e38, "max": 3.4028234663852886e38}
"""What it says of 32-bit floats; of others, too, that no logit is as large."""
